"""Many requests of a program by one plan, without a server."""

import json
from pathlib import Path

import pyarrow as pa
import pytest

from orchestrator import Orchestrator
from orchestrator.client import BatchFailedError
from tests.e2e.scripted_service import open_scripted

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

ROOT = Path(__file__).parents[3]
REGISTRY = """\
version: 1
experts:
  - {id: math, engine: {kind: fake, says: "four"}}
  - {id: slow, engine: {kind: fake, says: "one two", token_delay_ms: 60000}}
  - {id: vectors, engine: {kind: fake, task: embed}}
"""


@pytest.fixture(scope="module")
def orchestrator():
    with Orchestrator(REGISTRY, progress=False) as made:
        yield made


def texts(results):
    return {one.custom_id: one.response.body["choices"][0]["message"]["content"] for one in results}


def line(custom_id, **body):
    body = {"model": "math", "messages": [{"role": "user", "content": "2+2?"}], **body}
    return {"custom_id": custom_id, "body": body}


def test_texts_bodies_and_lines_are_answered_once_each(orchestrator):
    requests = ["2+2?", line("b")["body"], line("c")]

    results = orchestrator.batch(requests, model="math", progress=False)

    assert texts(results) == {"request-1": "four", "request-2": "four", "c": "four"}


def test_a_file_of_lines_and_a_data_frame_are_answered_too(orchestrator, tmp_path):
    path = tmp_path / "in.jsonl"
    whole = {"method": "POST", "url": "/v1/chat/completions", **line("a")}
    path.write_text(json.dumps(whole) + "\n")
    frame = pa.table({"prompt": ["x", "y"], "custom_id": ["1", "2"], "model": ["math"] * 2})

    assert texts(orchestrator.batch(path, progress=False)) == {"a": "four"}
    assert texts(orchestrator.batch(frame, progress=False)) == {"1": "four", "2": "four"}


def test_vectors_are_computed_by_a_batch(orchestrator):
    results = orchestrator.batch(
        ["a", "b"], endpoint="/v1/embeddings", model="vectors", progress=False
    )

    assert [len(one.response.body["data"]) for one in results] == [1, 1]


def test_one_request_that_is_not_valid_has_nothing_begun(orchestrator):
    with pytest.raises(BatchFailedError, match="mth"):
        orchestrator.batch([line("a"), line("b", model="mth")], progress=False)


def test_an_interrupted_batch_lets_go_of_what_is_left(orchestrator):
    def interrupt(progress):
        if progress.status == "in_progress":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        orchestrator.batch(
            [line("a", model="slow"), line("b", model="slow")], heard=interrupt, progress=False
        )

    newest = orchestrator.batches.list().data[0]
    assert orchestrator.batches.wait(newest.id).status == "cancelled"


def test_what_a_program_left_undone_the_next_one_goes_on_with(tmp_path):
    class Killed(BaseException):
        pass

    def leave(progress):
        if progress.status == "in_progress":
            raise Killed

    slow = [line("a"), line("b", model="slow")]
    with Orchestrator(REGISTRY, data_dir=tmp_path, progress=False) as first:
        file = tmp_path / "in.jsonl"
        url = "/v1/chat/completions"
        file.write_text(
            "".join(json.dumps({"method": "POST", "url": url, **one}) + "\n" for one in slow)
        )
        begun = first.batches.create(first.files.upload(file).id)
        with pytest.raises(Killed):
            first.batches.wait(begun.id, heard=leave)
    quick = REGISTRY.replace("60000", "0")
    with Orchestrator(quick, data_dir=tmp_path, progress=False) as second:
        ended = second.batches.wait(begun.id)
        results = texts(second.batches.results(begun.id))

    assert ended.status == "completed"
    assert results == {"a": "four", "b": "one two"}


def test_a_plan_says_what_it_would_save_before_anything_is_generated(tmp_path):
    with Orchestrator(
        ROOT / "experts.yaml", data_dir=tmp_path, progress=False, open_host=open_scripted
    ) as made:
        names = ["capitals", "elements", "roman"] * 20
        bodies = [{**line("x")["body"], "model": name} for name in names]
        dry = made.plan(bodies)
        results = list(made.batch(bodies, progress=False))

    summary = dry.plan.summary
    assert (summary.num_calls, summary.num_experts, summary.num_slots) == (60, 3, 1)
    assert summary.num_swaps <= 3 < summary.arrival.num_swaps
    assert "capitals" in str(dry)
    assert len(results) == 60
