import pickle

import pytest

from orchestrator.engines.base import Chunk, Delta, TokenLogprob, ToolCallDelta, Usage
from orchestrator.engines.notices import Notice

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
        pytest.param(Notice(position=3, expected_s=4.2, waited_s=1.0), id="a notice"),
    ],
)
def test_a_chunk_travels_between_processes_whole(chunk):
    assert pickle.loads(pickle.dumps(chunk)) == chunk
