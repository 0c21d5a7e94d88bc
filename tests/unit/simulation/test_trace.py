import pytest

from orchestrator.errors import SetupError
from orchestrator.simulation.trace import Request, Trace
from tests.unit.simulation.small import asked


def request(**changes) -> Request:
    fields = {"id": 0, "expert": "a", "arrives_s": 0.0, "prompt_tokens": 1, "output_tokens": 1}
    return Request(**(fields | changes))


@pytest.mark.parametrize(
    ("requests", "told"),
    [
        pytest.param([], "has no requests", id="empty"),
        pytest.param([request(id=3)], "stands at place 0", id="numbered otherwise"),
        pytest.param([request(output_tokens=0)], "one token at least", id="no output"),
        pytest.param([request(after=(0,))], "comes after [0]", id="after itself"),
        pytest.param([request(after=(-1,))], "comes after [-1]", id="after nothing"),
        pytest.param(
            [request(arrives_s=2.0), request(id=1, arrives_s=1.0)], "sort by arrival", id="unsorted"
        ),
    ],
)
def test_a_trace_that_cannot_be_played_says_where(requests, told):
    with pytest.raises(SetupError, match="trace 'bad'") as caught:
        Trace(name="bad", requests=requests)

    assert told in str(caught.value)


def test_experts_are_in_order_of_first_use():
    trace = asked(("b", 0), ("a", 1), ("b", 2))

    assert trace.experts == ("b", "a")
    assert trace.uses == ["b", "a", "b"]
    assert trace.span_s == 2
