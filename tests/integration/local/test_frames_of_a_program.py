"""Data frames and results as frames, of a program without a server: the SDK's own code."""

import asyncio
import json

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from orchestrator import Orchestrator
from orchestrator.errors import InvalidRequestError, NotFoundError

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

REGISTRY = """\
version: 1
experts:
  - {id: priced, engine: {kind: fake, says: "four"}, price: {output_usd_per_mtok: 1000}}
  - {id: free, engine: {kind: fake, says: "one two"}}
  - {id: vectors, engine: {kind: fake, task: embed}}
"""
ROWS = {
    "key": ["c", "a", "b"], "question": ["1+1?", "2+2?", "3+3?"], "by": ["priced", "free", "free"],
}  # fmt: skip
TURNS = [{"role": "user", "content": "1+1?"}]
KINDS = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "pyarrow": pa.table}


@pytest.fixture(scope="module")
def orchestrator():
    with Orchestrator(REGISTRY, progress=False) as made:
        yield made


@pytest.fixture(params=KINDS, ids=str)
def library(request):
    return request.param


def as_rows(frame) -> list[dict]:
    if isinstance(frame, pd.DataFrame):
        return frame.astype(object).where(frame.notna(), None).to_dict("records")
    return frame.to_pylist() if isinstance(frame, pa.Table) else frame.to_dicts()


def test_a_frame_comes_back_with_answers_and_prices_under_its_own_ids(orchestrator, library):
    frame = KINDS[library](ROWS)

    answered = orchestrator.batch_frame(frame, "question", custom_id="key", columns={"model": "by"})

    assert type(answered) is type(frame)
    rows = as_rows(answered)
    assert [(row["key"], row["answer"]) for row in rows] == [
        ("c", "four"), ("a", "one two"), ("b", "one two"),
    ]  # fmt: skip
    priced, free, _ = rows
    assert priced["cost_usd"] == pytest.approx(priced["completion_tokens"] / 1000)
    assert priced["prompt_tokens"] > 0
    assert free["error"] is None


def test_ids_of_rows_are_those_of_the_lines_that_the_service_keeps(orchestrator):
    orchestrator.batch_frame(pd.DataFrame(ROWS), "question", custom_id="key", model="free")

    newest = orchestrator.batches.list().data[0]
    ids = {one.custom_id for one in orchestrator.batches.results(newest.id)}

    assert ids == {"a", "b", "c"}


def test_results_are_a_frame_in_the_order_asked_whatever_was_answered_first(orchestrator, library):
    asked = [
        {"custom_id": f"q{n}", "body": {"model": model, "messages": TURNS}}
        for n, model in enumerate(["free", "priced", "free", "priced"])
    ]

    made = orchestrator.batch(asked, progress=False).frame(library)

    rows = as_rows(made)
    assert isinstance(made, type(KINDS[library](ROWS)))
    assert [row["custom_id"] for row in rows] == ["q0", "q1", "q2", "q3"]
    assert [row["answer"] for row in rows] == ["one two", "four", "one two", "four"]
    assert [row["answered_by"] for row in rows] == ["free", "priced", "free", "priced"]


def test_results_of_a_file_are_a_frame_by_its_ids(orchestrator, tmp_path):
    path = tmp_path / "in.jsonl"
    named = {"method": "POST", "url": "/v1/chat/completions"}
    path.write_text(
        "".join(
            json.dumps({"custom_id": name, **named, "body": {"model": "priced", "messages": TURNS}})
            + "\n\n"
            for name in "ba"
        )
    )

    made = orchestrator.batch(path, progress=False).frame("polars")

    assert made["custom_id"].to_list() == ["b", "a"]
    assert all(cost > 0 for cost in made["cost_usd"])


def test_vectors_stand_where_answers_would(orchestrator, library):
    results = orchestrator.batch(
        ["a", "b"], endpoint="/v1/embeddings", model="vectors", progress=False
    )

    rows = as_rows(results.frame(library))

    assert [len(row["vectors"]) for row in rows] == [1, 1]
    assert len(rows[0]["vectors"][0]) > 1
    assert "answer" not in rows[0]


def test_the_awaited_client_of_a_program_answers_frames_too(orchestrator):
    async def ask():
        async with orchestrator.asynchronous() as client:
            answered = await client.batch_frame(pl.DataFrame(ROWS), "question", model="priced")
            results = await client.batch(["1+1?"], model="free")
            return answered, await results.frame("polars")

    answered, made = asyncio.run(ask())

    assert answered["answer"].to_list() == ["four"] * 3
    assert made["answer"].to_list() == ["one two"]


def test_ids_that_are_there_twice_have_nothing_sent(orchestrator):
    before = orchestrator.files.list().data
    frame = pd.DataFrame(ROWS | {"key": ["a", "b", "a"]})

    with pytest.raises(InvalidRequestError, match="row 2 of column 'key' is 'a', which row 0"):
        orchestrator.batch_frame(frame, "question", custom_id="key")
    with pytest.raises(InvalidRequestError, match="row 2 of column 'custom_id' is 'a'"):
        orchestrator.batch(frame.rename(columns={"key": "custom_id", "question": "prompt"}))

    assert orchestrator.files.list().data == before


def test_results_whose_input_was_deleted_are_read_but_are_no_frame(orchestrator):
    results = orchestrator.batch(["1+1?"], model="free", progress=False)
    orchestrator.files.delete(results.batch.input_file_id)

    with pytest.raises(NotFoundError, match=results.batch.input_file_id):
        results.frame()
    assert [one.text for one in results] == ["one two"]
