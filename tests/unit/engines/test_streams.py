import asyncio
from collections.abc import AsyncIterator

import pytest

from orchestrator.engines.base import Chunk
from orchestrator.engines.streams import Bound, ended, reading

CHUNK = Chunk()


class Source:
    """A stream that gives one chunk for each release, and notes how it ended."""

    def __init__(self) -> None:
        self.asked, self.ended = asyncio.Event(), asyncio.Event()
        self._given: asyncio.Queue[Chunk] = asyncio.Queue()

    def give(self) -> None:
        self._given.put_nowait(CHUNK)

    async def chunks(self) -> AsyncIterator[Chunk]:
        try:
            while True:
                self.asked.set()
                yield await self._given.get()
        finally:
            self.ended.set()


async def test_a_reader_that_leaves_early_closes_the_source():
    source = Source()
    source.give()

    async with reading(source.chunks()) as chunks:
        await anext(chunks)

    assert source.ended.is_set()


async def test_a_wait_longer_than_the_bound_is_given_up():
    source = Source()

    with pytest.raises(TimeoutError):
        await Bound(0.01).next(source.chunks())

    assert source.ended.is_set()
    assert asyncio.current_task().cancelling() == 0


async def test_time_that_runs_out_between_two_chunks_does_not_cancel_the_reader():
    source, bound, rung = Source(), Bound(0.0), asyncio.Event()
    asyncio.get_running_loop().call_later(0.01, rung.set)

    await rung.wait()

    with pytest.raises(TimeoutError):
        await bound.next(source.chunks())


async def test_a_reader_cancelled_by_others_is_cancelled():
    source = Source()
    reader = asyncio.create_task(Bound(60).next(source.chunks()))
    await source.asked.wait()

    reader.cancel()
    await asyncio.wait([reader])

    assert reader.cancelled()


async def test_a_stopped_bound_never_rings():
    source, bound = Source(), Bound(0.0)
    bound.stop()
    source.give()

    assert await bound.next(source.chunks()) is CHUNK


async def test_without_a_bound_the_stream_ends_with_none():
    async def nothing() -> AsyncIterator[Chunk]:
        for chunk in ():
            yield chunk

    assert await Bound(None).next(nothing()) is None


async def test_a_task_that_is_cancelled_twice_has_let_go_when_that_is_told():
    began, lets_go = asyncio.Event(), asyncio.Event()

    async def held():
        try:
            began.set()
            await asyncio.Event().wait()
        finally:
            await lets_go.wait()

    step = asyncio.ensure_future(held())
    await began.wait()
    ending = asyncio.create_task(ended(step))
    await asyncio.wait([ending], timeout=0)
    ending.cancel()
    await asyncio.wait([ending], timeout=0)
    assert not ending.done()
    lets_go.set()

    with pytest.raises(asyncio.CancelledError):
        await ending
    assert step.cancelled()


async def test_the_error_of_a_task_that_nobody_waits_for_is_no_warning():
    async def fails():
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise RuntimeError("while it let go") from None

    step = asyncio.ensure_future(fails())
    await asyncio.wait([step], timeout=0)

    await ended(step)

    assert isinstance(step.exception(), RuntimeError)
