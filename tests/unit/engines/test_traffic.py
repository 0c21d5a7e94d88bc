import asyncio

from orchestrator.engines.traffic import Traffic


async def test_nothing_is_waited_for_where_nothing_runs():
    await Traffic().ended(["a"])


async def test_calls_of_others_are_not_waited_for():
    traffic = Traffic()

    with traffic.passing("b"):
        await traffic.ended(["a"])


async def test_the_last_call_of_several_ends_the_wait():
    traffic = Traffic()
    first, second = traffic.passing("a"), traffic.passing("b")
    first.__enter__()
    second.__enter__()
    waiting = asyncio.create_task(traffic.ended(["a", "b"]))

    first.__exit__(None, None, None)
    done, _ = await asyncio.wait([waiting], timeout=0)
    assert not done
    second.__exit__(None, None, None)

    await waiting
    assert not traffic.runs("a")


async def test_a_call_that_fails_has_ended_too():
    traffic = Traffic()

    try:
        with traffic.passing("a"):
            raise ValueError
    except ValueError:
        await traffic.ended(["a"])
