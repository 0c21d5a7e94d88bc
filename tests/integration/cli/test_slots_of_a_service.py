"""The commands about slots, against a service over real HTTP."""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest

from orchestrator.cli.main import main
from orchestrator.errors import SwapError
from tests.served import Service, running
from tests.slots import PLAIN, Slots

pytestmark = pytest.mark.integration


@asynccontextmanager
async def service():
    """How to run a command on a running service, and its slots."""
    slots = Slots()
    async with running(Service(residency=slots.oversight)) as url:

        async def run(*args) -> int:
            return await asyncio.to_thread(_exit_code, [*map(str, args), "--url", url])

        yield run, slots


def _exit_code(args) -> int:
    with pytest.raises(SystemExit) as caught:
        main(args)
    return caught.value.code or 0


@pytest.mark.parametrize("args", [["residency"], ["load", "plain"], ["pin", "plain"]], ids=str)
def test_without_a_service_one_line_says_what_to_do(args, capsys):
    assert _exit_code([*args, "--url", "http://127.0.0.1:1"]) == 1

    err = capsys.readouterr().err
    assert err.startswith("no service answers at http://127.0.0.1:1: start one with `orchestrator")
    assert err.count("\n") == 1


async def test_an_expert_that_is_not_there_ends_with_1_and_the_nearest(capsys):
    async with service() as (run, _):
        assert await run("load", "plian") == 1

    assert capsys.readouterr().err == (
        "expert 'plian' is not in the registry; nearest: ['plain']\n"
    )


async def test_a_name_that_is_a_path_is_one_name(capsys):
    async with service() as (run, slots):
        assert await run("pin", "../registry/rollback?x=1") == 1

    assert "is not" in capsys.readouterr().err
    assert slots.steered.wishes == []


async def test_a_step_that_fails_ends_with_1_and_the_reason(capsys):
    async with service() as (run, slots):
        slots.steered.breaks = SwapError("its canary differs")
        assert await run("load", "plain", "--slot", "local") == 1

    assert capsys.readouterr().err == "slot 'local': its canary differs\n"


async def test_wishes_are_carried_out_and_told(capsys):
    async with service() as (run, slots):
        for wish in ("load", "unload", "pin", "unpin"):
            assert await run(wish, "plain") == 0

    assert slots.steered.wishes == [(one, PLAIN) for one in ("load", "unload", "pin", "unpin")]
    out = capsys.readouterr().out.splitlines()
    assert out[0].startswith("slot local: load of plain done in 0.0")
    assert len(out) == 4


async def test_without_waiting_it_is_begun(capsys):
    async with service() as (run, slots):
        slots.steered.is_free.clear()
        assert await run("load", "plain", "--no-wait", "--json") == 0

    assert json.loads(capsys.readouterr().out)["slots"][0]["outcome"] == "begun"


async def test_slots_are_shown_for_people_and_for_programs(capsys):
    async with service() as (run, _):
        assert await run("residency") == 0
        page = capsys.readouterr().out
        assert await run("residency", "--json") == 0

    assert page.startswith("local  ready\n")
    state = json.loads(capsys.readouterr().out)
    assert [slot["name"] for slot in state["slots"]] == ["local", "local-1"]
