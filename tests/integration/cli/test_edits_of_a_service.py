"""The commands that edit a running service, against one over real HTTP."""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest

from orchestrator.cli.main import main
from tests.rollouts import UNWILLING, Site, text_of
from tests.served import Service, running

pytestmark = pytest.mark.integration


@asynccontextmanager
async def service(tmp_path):
    """A running service whose file names `maths`: how to run a command on it, site and file."""
    path = tmp_path / "experts.yaml"
    path.write_bytes(text_of("maths"))
    site = Site()
    async with running(Service(registry=await site.control(path))) as url:

        async def run(*args) -> int:
            return await asyncio.to_thread(_exit_code, [*map(str, args), "--url", url])

        yield run, site, path


def _exit_code(args) -> int:
    with pytest.raises(SystemExit) as caught:
        main(args)
    return caught.value.code or 0


@pytest.mark.parametrize("args", [["reload"], ["rollback"], ["generations"], ["diff"]], ids=str)
def test_without_a_service_one_line_says_what_to_do(args, capsys):
    assert _exit_code([*args, "--url", "http://127.0.0.1:1"]) == 1

    err = capsys.readouterr().err
    assert err.startswith("no service answers at http://127.0.0.1:1: start one with `orchestrator")
    assert err.count("\n") == 1


async def test_reloading_a_file_with_faults_ends_with_1_and_every_fault(tmp_path, capsys):
    async with service(tmp_path) as (run, _, path):
        path.write_bytes(b"experts:\n  - {id: 'x y', engine: {kind: fak}}\n")

        assert await run("reload") == 1

    faults = capsys.readouterr().err.splitlines()
    assert [line.removeprefix(f"{path}:")[:4] for line in faults] == ["2:10", "2:32"]


async def test_what_a_replica_cannot_serve_ends_with_1_and_its_reason(tmp_path, capsys):
    async with service(tmp_path) as (run, site, path):
        path.write_bytes(text_of("code"))
        site.crowd.breaks = UNWILLING

        assert await run("reload") == 1

    assert capsys.readouterr().err == f"{UNWILLING.message}\n"


async def test_going_back_to_what_is_not_kept_ends_with_1(tmp_path, capsys):
    async with service(tmp_path) as (run, _, _):
        assert await run("rollback", 9) == 1

    assert capsys.readouterr().err == "generation 9 is not kept; kept: [1]\n"


async def test_an_empty_file_is_not_taken_for_the_services_own(tmp_path, capsys):
    (tmp_path / "other.yaml").write_bytes(b"\n")
    async with service(tmp_path) as (run, _, _):
        assert await run("diff", tmp_path / "other.yaml") == 1
        assert await run("diff", tmp_path / "missing.yaml") == 1

    err = capsys.readouterr().err
    assert "is empty" in err
    assert "No such file" in err


async def test_reloading_says_what_changed(tmp_path, capsys):
    async with service(tmp_path) as (run, _, path):
        path.write_bytes(text_of("maths", "code"))

        assert await run("reload") == 0
        assert await run("reload") == 0

    assert capsys.readouterr().out.splitlines() == [
        "+ expert code", "generation 2 is live",
        "nothing to do: generation 2 says the same",
    ]  # fmt: skip


async def test_waiting_tells_for_whom_and_ends_when_it_is_live(tmp_path, capsys):
    async with service(tmp_path) as (run, site, path):
        path.write_bytes(text_of("code"))
        site.crowd.hold()
        reloading = asyncio.create_task(run("reload"))
        await site.crowd.is_asked.wait()
        asyncio.get_running_loop().call_later(0.5, site.crowd.is_free.set)

        assert await reloading == 0

    captured = capsys.readouterr()
    assert captured.err == "waiting: slot 'local': engine 'maths' starts\n"
    assert captured.out.endswith("generation 2 is live\n")


async def test_without_waiting_it_is_begun(tmp_path, capsys):
    async with service(tmp_path) as (run, site, path):
        path.write_bytes(text_of("code"))
        site.crowd.hold()

        assert await run("reload", "--no-wait", "--json") == 0
        await site.rollout.close()

    applied = json.loads(capsys.readouterr().out)
    assert (applied["outcome"], applied["generation"]) == ("preparing", 2)


async def test_going_back_says_that_the_file_differs(tmp_path, capsys):
    async with service(tmp_path) as (run, site, path):
        path.write_bytes(text_of("code"))
        await run("reload")
        capsys.readouterr()

        assert await run("rollback") == 0
        assert await run("generations") == 0

    told, listed = capsys.readouterr().out.split("restart\n")
    assert told.splitlines()[:3] == ["+ expert maths", "- expert code", "generation 3 is live"]
    assert [line.split()[0] for line in listed.splitlines()] == ["3", "2", "1"]
    assert listed.splitlines()[0].endswith("1 experts  rollback to 1  live")
    assert site.crowd.noted == [1, 2, 3]


async def test_a_diff_changes_nothing(tmp_path, capsys):
    other = tmp_path / "other.yaml"
    other.write_bytes(text_of("maths", "chess"))
    async with service(tmp_path) as (run, site, _):
        assert await run("diff", other) == 0
        assert await run("diff") == 0
        assert await run("diff", other, "--json") == 0

    out = capsys.readouterr().out
    assert out.startswith("+ expert chess\nno difference\n{")
    assert site.crowd.prepared == [1]


async def test_the_list_is_json_for_programs(tmp_path, capsys):
    async with service(tmp_path) as (run, _, _):
        assert await run("generations", "--json") == 0

    (one,) = json.loads(capsys.readouterr().out)["data"]
    assert (one["number"], one["is_live"], one["source"]) == (1, True, "file")
