"""When the head of a stream leaves, and what is held back until then."""

import asyncio
import math

import pytest

from orchestrator.api.opening import opened
from orchestrator.compositions.progress import Progress
from orchestrator.engines.base import Chunk, Delta
from orchestrator.engines.notices import HEAD_S, Notice
from orchestrator.errors import EngineDeadError, EngineProtocolError

BEGUN = Progress(path=("vote",), state="started", num_done=0, num_calls=2, models=("a", "b"))
WORD = Chunk(deltas=(Delta(text="word"),))
SHORT, LONG = Notice(position=1, waited_s=HEAD_S / 2), Notice(position=1, waited_s=HEAD_S * 2)
DEAD = EngineDeadError("its process is gone")


class Source:
    """Tells its items; at a gate it waits, and an error it raises."""

    def __init__(self, *items) -> None:
        self._items = items
        self.is_closed = asyncio.Event()
        self.waits = asyncio.Event()

    async def __call__(self):
        try:
            for item in self._items:
                if isinstance(item, asyncio.Event):
                    self.waits.set()
                    await item.wait()
                elif isinstance(item, Exception):
                    raise item
                else:
                    yield item
        finally:
            self.is_closed.set()


async def test_an_error_after_a_short_stage_is_raised_and_nothing_is_left_open():
    source = Source(BEGUN, DEAD)

    with pytest.raises(EngineDeadError):
        await opened(source(), "math", head_s=math.inf)

    assert source.is_closed.is_set()


async def test_a_stream_that_ends_before_it_began_is_refused():
    with pytest.raises(EngineProtocolError, match="'math'"):
        await opened(Source(SHORT)(), "math")


@pytest.mark.parametrize(
    ("items", "begun"),
    [
        ((WORD,), [WORD]),
        ((SHORT, WORD), [WORD]),
        ((SHORT, LONG, WORD), [LONG]),
        ((BEGUN, BEGUN, SHORT, WORD), [BEGUN, BEGUN, WORD]),
        ((BEGUN, LONG, WORD), [BEGUN, LONG]),
    ],
    ids=["at once", "short wait", "long wait", "short stages", "stage and wait"],
)
async def test_a_stream_begins_with_what_its_caller_waited_for(items, begun):
    told, rest = await opened(Source(*items)(), "math", head_s=math.inf)

    assert told == begun
    assert [item async for item in rest] == list(items[items.index(begun[-1]) + 1 :])


async def test_the_head_leaves_though_nothing_comes_and_nothing_is_lost():
    gate = asyncio.Event()

    told, rest = await opened(Source(BEGUN, gate, BEGUN, WORD)(), "math", head_s=0)
    gate.set()

    assert told == [BEGUN]
    assert [item async for item in rest] == [BEGUN, WORD]


async def test_an_error_after_the_head_left_is_the_reader_s():
    gate = asyncio.Event()
    _, rest = await opened(Source(BEGUN, gate, DEAD)(), "math", head_s=0)

    gate.set()

    with pytest.raises(EngineDeadError):
        await anext(rest)


async def test_without_stages_a_silent_stream_is_waited_for():
    gate = asyncio.Event()
    opening = asyncio.create_task(opened(Source(gate, WORD)(), "math", head_s=0))

    gate.set()

    assert (await opening)[0] == [WORD]


@pytest.mark.parametrize("is_read", [False, True], ids=["at the head", "amid the rest"])
async def test_closing_the_rest_ends_the_source_whatever_it_waits_for(is_read):
    source = Source(BEGUN, asyncio.Event())
    _, rest = await opened(source(), "math", head_s=0)

    if is_read:
        reading = asyncio.create_task(anext(rest))
        await asyncio.wait([reading], timeout=0)
        reading.cancel()
        await asyncio.wait([reading])
    await rest.aclose()

    assert source.is_closed.is_set()


async def test_a_caller_that_hangs_up_before_the_head_ends_the_source():
    source = Source(BEGUN, asyncio.Event())
    opening = asyncio.create_task(opened(source(), "math", head_s=math.inf))
    await source.waits.wait()

    opening.cancel()
    await asyncio.wait([opening])

    assert opening.cancelled()
    assert source.is_closed.is_set()
