import pickle

import pytest

from orchestrator.engines.base import Chunk, Delta, TokenLogprob, ToolCallDelta, Usage

FULL = Delta(
    index=1,
    text="a",
    reasoning="b",
    tool_calls=(ToolCallDelta(index=0, id="c", name="d", arguments="{}"),),
    logprobs=(TokenLogprob(token="a", logprob=-0.5, bytes_=(97,)),),
    finish_reason="stop",
)


@pytest.mark.parametrize(
    "chunk",
    [
        pytest.param(Chunk(), id="empty"),
        pytest.param(Chunk(deltas=(Delta(text="a"),)), id="one token"),
        pytest.param(
            Chunk(deltas=(FULL, Delta()), usage=Usage(prompt_tokens=1, completion_tokens=2)),
            id="every field",
        ),
    ],
)
def test_a_chunk_travels_between_processes_whole(chunk):
    assert pickle.loads(pickle.dumps(chunk)) == chunk
