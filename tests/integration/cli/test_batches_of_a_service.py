"""The commands about batches, against a service over real HTTP and a real office."""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest

from orchestrator.batch.asked import Page
from orchestrator.batch.fake_endpoint import FakeEndpoint
from orchestrator.cli.main import main
from tests.batch_desk import Desk, ids, line, lines
from tests.served import Service, running

pytestmark = pytest.mark.integration


@asynccontextmanager
async def service(**endpoint):
    """How to run a command about batches on a running service, and its office."""
    desk = Desk(endpoint=FakeEndpoint(**endpoint))
    async with desk, running(Service(batches=desk.office, storage=desk.storage)) as url:

        async def run(*args) -> int:
            return await asyncio.to_thread(_exit_code, ["batch", *map(str, args), "--url", url])

        yield run, desk


def _exit_code(args) -> int:
    with pytest.raises(SystemExit) as caught:
        main(args)
    return caught.value.code or 0


@pytest.fixture
def questions(tmp_path):
    path = tmp_path / "questions.jsonl"
    path.write_bytes(lines(6))
    return path


def kept(desk: Desk) -> list[str]:
    """Ids of all files that the service keeps."""
    return [one.id for one in desk.files.page(Page(limit=100), owner="")[0]]


@pytest.mark.parametrize(
    "args",
    [["watch", "b"], ["show", "b"], ["cancel", "b"], ["list"], ["output", "b"], ["timeline", "b"]],
    ids=lambda args: args[0],
)
def test_without_a_service_one_line_says_what_to_do_about_batches(args, capsys):
    assert _exit_code(["batch", *args, "--url", "http://127.0.0.1:1"]) == 1

    err = capsys.readouterr().err
    assert err.startswith("no service answers at http://127.0.0.1:1: start one with `orchestrator")
    assert err.count("\n") == 1


@pytest.mark.parametrize("command", ["plan", "submit"])
async def test_a_file_that_is_not_there_ends_with_1_and_its_name(command, tmp_path, capsys):
    async with service() as (run, desk):
        assert await run(command, tmp_path / "none.jsonl") == 1
        assert kept(desk) == []

    assert capsys.readouterr().err.endswith(
        "none.jsonl' cannot be read: No such file or directory\n"
    )


@pytest.mark.parametrize("command", [("plan",), ("submit", "--wait")], ids=lambda it: it[0])
async def test_every_fault_of_a_file_is_told_at_its_line(command, tmp_path, capsys):
    path = tmp_path / "bad.jsonl"
    path.write_bytes(line("a") + b"{\n" + line("a") + line("b", model="law"))
    async with service(models=frozenset({"math"})) as (run, _):
        assert await run(*command, path) == 1

    told = [one for one in capsys.readouterr().err.splitlines() if one.startswith(str(path))]
    assert [one.split(":")[1] for one in told] == ["2", "3", "4"]
    assert "model 'law' is not known; known: ['math']" in told[2]


@pytest.mark.parametrize("command", ["show", "cancel", "output", "timeline", "watch"])
async def test_a_batch_that_is_not_there_ends_with_1_and_its_id(command, capsys):
    async with service() as (run, _):
        assert await run(command, "batch_none") == 1

    err = capsys.readouterr().err
    assert "batch_none" in err
    assert err.count("\n") == 1


async def test_a_dry_run_says_what_it_would_take_and_leaves_nothing_behind(
    questions, tmp_path, capsys
):
    async with service() as (run, desk):
        assert await run("plan", questions, "--html", tmp_path / "plan.html") == 0
        assert kept(desk) == []
        assert desk.endpoint.answered == {}

    out = capsys.readouterr().out
    assert "6 requests make 6 calls of 2 experts on 1 slot" in out
    assert "in arrival order" in out
    assert "here ▒math━" in out
    page = (tmp_path / "plan.html").read_text()
    assert "<title>Plan of questions.jsonl</title>" in page
    assert "in arrival order" in page


async def test_a_dry_run_of_bad_lines_leaves_nothing_behind_either(tmp_path):
    path = tmp_path / "bad.jsonl"
    path.write_bytes(b"{\n")
    async with service() as (run, desk):
        assert await run("plan", path) == 1
        assert kept(desk) == []


async def test_a_plan_is_one_json_object_for_programs(questions, capsys):
    async with service() as (run, _):
        assert await run("plan", questions, "--json") == 0

    plan = json.loads(capsys.readouterr().out)
    assert plan["summary"]["num_calls"] == 6
    assert {one["expert"] for one in plan["runs"]} == {"math", "law"}


async def test_a_batch_from_its_file_to_its_answers_by_commands(questions, tmp_path, capsys):
    async with service(refuses={"law": 400}) as (run, desk):
        assert await run("submit", questions, "--window", "90m", "--metadata", "night=1") == 0
        batch_id = capsys.readouterr().out.strip()
        assert await run("watch", batch_id) == 0
        assert "3 answers, 3 failed" in capsys.readouterr().err
        assert await run("output", batch_id) == 0
        answers = capsys.readouterr().out.splitlines()
        assert await run("output", batch_id, "--errors", "--out", tmp_path / "errors.jsonl") == 0
        batch = desk.office.lives[batch_id].batch

    assert sorted(json.loads(one)["custom_id"] for one in answers) == ids((0, 2, 4))
    failed = (tmp_path / "errors.jsonl").read_text().splitlines()
    assert sorted(json.loads(one)["custom_id"] for one in failed) == ids((1, 3, 5))
    assert (batch.completion_window, dict(batch.metadata)) == ("90m", {"night": "1"})
    assert [one.name for one in tmp_path.iterdir() if one.name.endswith(".part")] == []


async def test_whoever_waits_for_a_batch_that_is_cancelled_ends_with_1(questions, capsys):
    gate = asyncio.Event()
    async with service(gate=gate) as (run, desk):
        assert await run("submit", questions) == 0
        batch_id = capsys.readouterr().out.strip()
        await desk.until(batch_id, "in_progress")
        assert await run("output", batch_id) == 1
        assert "has no results yet; wait with `orchestrator batch watch" in capsys.readouterr().err
        watching = asyncio.create_task(run("watch", batch_id, "--json"))
        assert await run("cancel", batch_id) == 0
        assert await watching == 1
        assert await run("cancel", batch_id) == 1

    states = [json.loads(one) for one in capsys.readouterr().out.splitlines() if one[:1] == "{"]
    assert states[-1]["status"] == "cancelled"


async def test_batches_are_listed_and_shown(questions, capsys):
    async with service() as (run, desk):
        for _ in range(2):
            desk.now_s += 60
            assert await run("submit", questions) == 0
        first, second = capsys.readouterr().out.split()
        for one in (first, second):
            await desk.until(one)
        assert await run("list", "--limit", 1) == 0
        page = capsys.readouterr().out
        assert await run("list", "--json") == 0
        listed = json.loads(capsys.readouterr().out)
        assert await run("show", first) == 0

    assert second in page
    assert f"there are more: --after {second}" in page
    assert [one["id"] for one in listed["data"]] == [second, first]
    shown = capsys.readouterr().out
    assert shown.startswith(f"{first}  completed\n6 of 6 lines\n")
    assert "window       24h\n" in shown


async def test_a_timeline_is_drawn_and_written(questions, tmp_path, capsys):
    async with service() as (run, desk):
        assert await run("submit", questions) == 0
        batch_id = capsys.readouterr().out.strip()
        await desk.until(batch_id)
        assert await run("timeline", batch_id, "--html", tmp_path / "timeline.html") == 0
        drawn = capsys.readouterr().out
        assert await run("timeline", batch_id, "--json") == 0

    assert drawn.startswith("predicted: 2 runs, 2 swaps")
    assert f"<title>Batch {batch_id}</title>" in (tmp_path / "timeline.html").read_text()
    assert json.loads(capsys.readouterr().out)["id"] == batch_id


async def test_files_of_another_key_are_not_seen(questions, capsys):
    async with service() as (run, _):
        assert await run("submit", questions, "--api-key", "mine") == 0
        batch_id = capsys.readouterr().out.strip()
        assert await run("show", batch_id) == 1
        assert await run("show", batch_id, "--api-key", "mine") == 0
