import pytest

from orchestrator.errors import SetupError
from orchestrator.simulation.trace_file import read_trace, recorded, write_trace
from orchestrator.simulation.workloads import KINDS, Load, made
from orchestrator.store.records import DecisionRecord

GOOD = '{"expert": "a", "arrives_s": 0, "prompt_tokens": 1, "output_tokens": 1}'


@pytest.mark.parametrize(
    ("second", "told"),
    [
        pytest.param("{", "the line: Invalid JSON", id="cut off"),
        pytest.param(GOOD.replace("expert", "model"), "expert: Field required", id="other key"),
        pytest.param(GOOD.replace('_s": 0', '_s": -1'), "arrives_s: ", id="negative time"),
    ],
)
def test_a_bad_line_is_named(tmp_path, second, told):
    path = tmp_path / "bad.jsonl"
    path.write_text(f"{GOOD}\n{second}\n")

    with pytest.raises(SetupError, match="line 2") as caught:
        read_trace(path)

    assert told in str(caught.value)


def test_a_file_that_is_not_there_is_one_clear_error(tmp_path):
    with pytest.raises(SetupError, match="cannot be read"):
        read_trace(tmp_path / "none.jsonl")


def test_a_folder_that_is_not_there_is_one_clear_error(tmp_path):
    with pytest.raises(SetupError, match="cannot be written"):
        write_trace(made("zipf", Load(num_requests=1)), tmp_path / "no" / "trace.jsonl")


@pytest.mark.parametrize("kind", KINDS)
def test_a_trace_is_read_as_it_was_written(tmp_path, kind):
    trace = made(kind, Load(num_requests=30))

    write_trace(trace, tmp_path / f"{kind}.jsonl")

    assert read_trace(tmp_path / f"{kind}.jsonl") == trace


def record(expert: str | None, created_s: float, *, tokens: int = 7) -> DecisionRecord:
    return DecisionRecord(
        request_id="r",
        created_s=created_s,
        endpoint="chat",
        model="auto",
        expert=expert,
        generation=1,
        is_streamed=False,
        status=200,
        prompt_tokens=5,
        completion_tokens=tokens,
        duration_ms=1.0,
        overhead_ms=0.1,
    )


def test_records_of_answers_become_requests_in_order_of_arrival():
    records = [record("b", 1003.0), record(None, 1002.0), record("a", 1001.0)]

    trace = recorded("yesterday", records)

    assert [(it.expert, it.arrives_s, it.output_tokens) for it in trace.requests] == [
        ("a", 0.0, 7),
        ("b", 2.0, 7),
    ]


def test_records_without_an_answer_make_no_trace():
    with pytest.raises(SetupError, match="none of 1 decision records"):
        recorded("yesterday", [record("a", 1.0, tokens=0)])
