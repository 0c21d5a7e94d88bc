"""`orchestrator keys` and the SDK, against a service over real HTTP that asks for keys."""

import asyncio
import json
import time
from contextlib import asynccontextmanager

import pytest

from orchestrator.access.audit import MemoryAudit
from orchestrator.api.settings import ApiSettings
from orchestrator.cli.main import main
from orchestrator.client import AsyncClient
from orchestrator.errors import UnauthenticatedError
from tests.keyrings import ADMIN_KEY, Keys
from tests.served import Service, running
from tests.slots import Slots

pytestmark = pytest.mark.integration


@asynccontextmanager
async def service():
    """How to run a command on a running service, its URL, and its keyring."""
    keys = Keys()
    keys.clock.now_s = time.time()
    served = Service(
        keyring=keys.ring(),
        keys=keys.records,
        audit=MemoryAudit(),
        residency=Slots().oversight,
        settings=ApiSettings(admin="key"),
    )
    async with running(served) as url:

        async def run(*args) -> int:
            return await asyncio.to_thread(_exit_code, [*map(str, args), "--url", url])

        yield run, url, served.keyring


def _exit_code(args) -> int:
    with pytest.raises(SystemExit) as caught:
        main(args)
    return caught.value.code or 0


@pytest.fixture(autouse=True)
def operator(monkeypatch):
    monkeypatch.setenv("ORCHESTRATOR_ADMIN_KEY", ADMIN_KEY)


async def test_a_key_is_made_changed_rotated_and_ended_by_commands(capsys):
    async with service() as (run, url, keyring):
        terms = ["--term", "models=math,auto", "--term", "budget_usd=5"]
        assert await run("keys", "create", "ann", *terms, "--tag", "team") == 0
        told = capsys.readouterr().out.splitlines()
        key_id, secret = told[0].split()[0], told[-1]
        async with AsyncClient(url, api_key=secret) as client:
            assert {model.id for model in await client.models()} == {"math", "auto"}

        assert await run("keys", "edit", key_id, "--term", "models=math", "--json") == 0
        changed = json.loads(capsys.readouterr().out)
        assert changed["terms"] == {"models": ["math"], "budget_usd": 5}

        assert await run("keys", "rotate", key_id) == 0
        after = capsys.readouterr().out.splitlines()[-1]
        await keyring.look()
        async with AsyncClient(url, api_key=secret) as client:
            with pytest.raises(UnauthenticatedError):
                await client.models()
        async with AsyncClient(url, api_key=after) as client:
            assert [model.id for model in await client.models()] == ["math"]

        assert await run("keys", "revoke", key_id) == 0
        assert await run("keys", "list") == 0
        listed = capsys.readouterr().out
        assert "revoked" in listed
        assert secret not in listed
        assert await run("keys", "revoke", key_id, "--forget") == 0
        assert await run("keys", "show", key_id) == 1
        assert f"there is no key {key_id!r}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("args", "says"),
    [
        pytest.param(["--term", "models"], "no NAME=VALUE", id="no value"),
        pytest.param(["--term", "budget=5"], "budget", id="an unknown term"),
        pytest.param(["--term", "priority=high"], "priority", id="no number"),
    ],
)
async def test_what_is_no_term_is_named_and_no_key_made(args, says, capsys):
    async with service() as (run, _, _keyring):
        assert await run("keys", "create", "ann", *args) in (1, 2)
        assert says in capsys.readouterr().err
        assert await run("keys", "list") == 0

    assert capsys.readouterr().out == ""


async def test_commands_of_operators_send_the_admin_key_and_none_goes_without(capsys, monkeypatch):
    async with service() as (run, _, _keyring):
        assert [await run(*one) for one in (["residency"], ["pin", "plain"])] == [0, 0]
        monkeypatch.delenv("ORCHESTRATOR_ADMIN_KEY")
        capsys.readouterr()
        assert await run("residency") == 1

    assert "this service asks for a key" in capsys.readouterr().err
