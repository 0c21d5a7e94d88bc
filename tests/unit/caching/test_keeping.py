"""An answer that was kept says what the stream said, however it was cut into chunks."""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.caching.keeping import Noting
from orchestrator.caching.kept import Kept, unpacked
from orchestrator.engines.base import Chunk, Delta, TokenLogprob, ToolCallDelta, Usage
from orchestrator.engines.collecting import collect
from orchestrator.engines.streams import gathered

USAGE = Usage(prompt_tokens=3, completion_tokens=5, cached_tokens=1, reasoning_tokens=2)
TOKENS = st.builds(
    TokenLogprob,
    token=st.text(max_size=3),
    logprob=st.floats(max_value=0) | st.just(-inf),
    bytes_=st.lists(st.integers(0, 255), max_size=3).map(tuple),
    top=st.just((TokenLogprob(token="x", logprob=-inf),)),
)
CALLS = st.builds(
    ToolCallDelta,
    index=st.integers(0, 1),
    id=st.sampled_from([None, "call_1"]),
    name=st.sampled_from([None, "weather"]),
    arguments=st.text(max_size=5),
)
DELTAS = st.builds(
    Delta,
    index=st.integers(0, 2),
    text=st.text(max_size=60),
    reasoning=st.text(max_size=10),
    tool_calls=st.lists(CALLS, max_size=2).map(tuple),
    logprobs=st.lists(TOKENS, max_size=2).map(tuple),
)


async def stream(chunks):
    for chunk in chunks:
        yield chunk


def kept(deltas: tuple[Delta, ...], usage: Usage = USAGE) -> Kept:
    return Kept(expert="math", composition="auto", at_s=4.0, deltas=deltas, usage=usage)


@given(st.lists(DELTAS, max_size=12))
async def test_whatever_was_said_is_said_again(deltas):
    ends = [Delta(index=index, finish_reason="stop") for index in {one.index for one in deltas}]
    ends = ends or [Delta(text="only", finish_reason="stop")]
    chunks = [Chunk(deltas=(delta,)) for delta in deltas]
    chunks.append(Chunk(deltas=tuple(ends), usage=USAGE))
    noting = Noting()
    for chunk in chunks:
        noting.note(chunk)

    said, usage = noting.whole(may_be_cut=False)
    again = unpacked(kept(said, usage).packed())

    before, after = await collect(stream(chunks)), await collect(again.chunks())
    assert after.choices == before.choices
    assert (after.usage.prompt_tokens, after.usage.completion_tokens) == (3, 5)


async def test_what_is_told_again_costs_nothing_and_ends_with_its_usage():
    deltas = (Delta(text="a"), Delta(text="b", finish_reason="stop"))

    chunks = await gathered(kept(deltas).chunks())

    assert [chunk.usage is None for chunk in chunks] == [True, False]
    assert chunks[-1].usage.cost_usd == 0


def test_short_pieces_are_joined_and_long_ones_stay_apart():
    noting = Noting()
    for _ in range(100):
        noting.note(Chunk(deltas=(Delta(text="word "),)))
    noting.note(Chunk(deltas=(Delta(finish_reason="stop"),), usage=USAGE))

    said, _ = noting.whole(may_be_cut=False)

    assert "".join(one.text for one in said) == "word " * 100
    assert 5 <= len(said) <= 20


@pytest.mark.parametrize(
    ("chunks", "may_be_cut", "is_whole"),
    [
        ([], True, False),
        ([Chunk(deltas=(Delta(text="a"),), usage=USAGE)], True, False),
        ([Chunk(deltas=(Delta(text="a", finish_reason="stop"),))], True, False),
        ([Chunk(deltas=(Delta(finish_reason="stop"), Delta(index=1)), usage=USAGE)], True, False),
        ([Chunk(deltas=(Delta(finish_reason="content_filter"),), usage=USAGE)], True, False),
        ([Chunk(deltas=(Delta(finish_reason="length"),), usage=USAGE)], False, False),
        ([Chunk(deltas=(Delta(finish_reason="length"),), usage=USAGE)], True, True),
        ([Chunk(deltas=(Delta(finish_reason="tool_calls"),), usage=USAGE)], False, True),
    ],
    ids=["nothing", "open", "no usage", "one open", "filtered", "cut", "cut as asked", "tools"],
)
def test_only_what_ended_by_itself_is_kept(chunks, may_be_cut, is_whole):
    noting = Noting()
    for chunk in chunks:
        noting.note(chunk)

    assert (noting.whole(may_be_cut=may_be_cut) is not None) is is_whole
