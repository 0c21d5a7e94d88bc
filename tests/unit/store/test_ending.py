import asyncio

from orchestrator.store.ending import ended


async def test_a_task_that_lost_a_cancellation_is_asked_again():
    lost = []

    async def deaf_once() -> None:
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                if lost:
                    raise
                lost.append(1)

    task = asyncio.create_task(deaf_once())
    await asyncio.sleep(0)

    async with asyncio.timeout(5):
        await ended([task])

    assert task.cancelled()


async def test_what_has_ended_with_an_error_is_left_alone():
    async def fails() -> None:
        raise ValueError

    task = asyncio.create_task(fails())
    await asyncio.wait([task])

    await ended([task])

    assert isinstance(task.exception(), ValueError)
