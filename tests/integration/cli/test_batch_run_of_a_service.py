"""`orchestrator batch run` against a service over real HTTP: killed, gone on with, any format."""

import json
import signal

import pyarrow.parquet as pq
import pytest

from orchestrator.engines.fake import FakeEngine
from tests.integration.cli.bulk_runs import Echoes, bulk_run, finished, lines_of, said
from tests.served import Service, running
from tests.unit.service.bulk.inputs import line, write_jsonl, write_parquet, write_registry

pytestmark = pytest.mark.integration


async def batch_run(tmp_path, url, *options):
    """Of `in` to `out`, routed in its own process."""
    return await bulk_run(
        tmp_path / "in", tmp_path / "out", "--registry", write_registry(tmp_path), "--url", url,
        "--block-mib", 10, *options,
    )  # fmt: skip


async def test_every_row_has_its_answer_or_its_error_with_the_place_it_came_from(tmp_path):
    write_jsonl(tmp_path / "in/a.jsonl", line("1", "a sum 1"), "", "{oops", line("2", "refuse"))
    write_jsonl(tmp_path / "in/b.jsonl", line("3", "x", model="mth"), line("1", "again"), line("4"))

    async with running(Service(engine=FakeEngine(script=Echoes()))) as url:
        told = await finished(await batch_run(tmp_path, url))

    assert (told["num_answers"], told["num_errors"]) == (2, 4)
    assert said(lines_of(tmp_path / "out/results")) == {"1": "a sum 1", "4": "paint"}
    errors = {(e["file"], e["line"]): e for e in lines_of(tmp_path / "out/errors")}
    assert {place: e["error"]["code"] for place, e in errors.items()} == {
        ("a.jsonl", 3): "invalid_json_line", ("a.jsonl", 4): "content_policy_violation",
        ("b.jsonl", 1): "model_not_found", ("b.jsonl", 2): "duplicate_custom_id",
    }  # fmt: skip
    assert errors["a.jsonl", 4]["response"]["status_code"] == 400
    assert "line 1 of 'a.jsonl'" in errors["b.jsonl", 2]["error"]["message"]


async def test_killed_in_the_middle_it_loses_no_chunk_and_answers_none_of_them_twice(tmp_path):
    rows = [line(str(i), f"row {i}") for i in range(60)]
    write_jsonl(tmp_path / "in/a.jsonl", *rows)
    script, options = Echoes(gate_at=33), ("--chunk-rows", "4", "--at-once", "3")
    async with running(Service(engine=FakeEngine(script=script))) as url:
        killed = await batch_run(tmp_path, url, *options)
        await script.is_silent.wait()
        killed.kill()
        await killed.communicate()
        kept = said(lines_of(tmp_path / "out/results"))
        script.gate.set()
        told = await finished(await batch_run(tmp_path, url, *options))
        repeated = await finished(await batch_run(tmp_path, url, *options))

    # The 34th row is of the ninth chunk, and four at most are open: five are written.
    assert 20 <= len(kept) <= 33
    assert repeated == told
    results = lines_of(tmp_path / "out/results")
    assert len(results) == told["num_answers"] == 60
    assert said(results) == {str(i): f"row {i}" for i in range(60)}
    assert {script.asked[text] for text in kept.values()} == {1}
    assert script.asked.total() <= 60 + 4 * 4


async def test_interrupted_it_says_that_the_same_command_goes_on(tmp_path):
    write_jsonl(tmp_path / "in/a.jsonl", *(line(str(i), f"row {i}") for i in range(9)))
    script = Echoes(gate_at=3)
    async with running(Service(engine=FakeEngine(script=script))) as url:
        process = await batch_run(tmp_path, url, "--chunk-rows", "2")
        await script.is_silent.wait()
        process.send_signal(signal.SIGINT)
        err = await finished(process, code=130)
        script.gate.set()

    assert "the same command goes on" in err


async def test_parquet_goes_in_and_out(tmp_path):
    write_parquet(tmp_path / "in/a.parquet", group_rows=4, custom_id=[str(i) for i in range(10)],
                  prompt=[f"row {i}" for i in range(9)] + [None])  # fmt: skip

    async with running(Service(engine=FakeEngine(script=Echoes()))) as url:
        told = await finished(await batch_run(tmp_path, url, "--format", "parquet"))

    results = pq.read_table(tmp_path / "out/results").to_pylist()
    assert {row["custom_id"]: row["answer"] for row in results} == {
        str(i): f"row {i}" for i in range(9)
    }
    assert {json.loads(row["body"])["object"] for row in results} == {"chat.completion"}
    (error,) = pq.read_table(tmp_path / "out/errors").to_pylist()
    assert (error["custom_id"], error["file"], error["line"]) == ("9", "a.parquet", 10)
    assert (told["num_answers"], told["num_errors"]) == (9, 1)


async def test_an_input_that_changed_meanwhile_is_not_mixed_in(tmp_path):
    path = write_jsonl(tmp_path / "in/a.jsonl", line("1"))
    async with running(Service(engine=FakeEngine(script=Echoes()))) as url:
        await finished(await batch_run(tmp_path, url))
        write_jsonl(path, line("1"), line("2"))
        err = await finished(await batch_run(tmp_path, url), code=1)

    assert "the input has changed" in err


async def test_a_service_that_is_not_there_fails_no_row(tmp_path):
    write_jsonl(tmp_path / "in/a.jsonl", line("1"))

    err = await finished(await batch_run(tmp_path, "http://127.0.0.1:9"), code=1)

    assert "no service answers at http://127.0.0.1:9" in err
    assert not (tmp_path / "out/errors").exists()
    async with running(Service(engine=FakeEngine(script=Echoes()))) as url:
        assert (await finished(await batch_run(tmp_path, url)))["num_answers"] == 1


async def test_a_parquet_file_without_the_columns_stops_it_before_anything_runs(tmp_path):
    write_parquet(tmp_path / "in/a.parquet", text=["x"])

    err = await finished(await batch_run(tmp_path, "http://127.0.0.1:9"), code=1)

    assert "a.parquet' has no column 'custom_id'" in err
    assert not (tmp_path / "out").exists()


async def test_without_a_service_the_experts_answer_in_the_program_itself(tmp_path):
    write_jsonl(
        tmp_path / "in/a.jsonl", line("1", "any", model="math"), line("2", "x", model="mth")
    )
    registry = tmp_path / "own.yaml"
    registry.write_text("version: 1\nexperts:\n  - {id: math, engine: {kind: fake, says: four}}\n")

    run = await bulk_run(tmp_path / "in", tmp_path / "out", "--registry", registry)
    told = await finished(run)

    assert (told["num_answers"], told["num_errors"]) == (1, 1)
    assert said(lines_of(tmp_path / "out/results")) == {"1": "four"}
