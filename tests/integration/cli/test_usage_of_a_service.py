"""`orchestrator usage` and the SDK, against a service over real HTTP."""

import asyncio
import csv
import io
import json
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from orchestrator.api.settings import ApiSettings
from orchestrator.cli.main import main
from orchestrator.store.memory_usage import MemoryUsage
from orchestrator.store.usage import UsageRow, Used
from tests.keyrings import ADMIN_KEY, Keys
from tests.served import Service, running

pytestmark = pytest.mark.integration

TODAY = datetime.now(UTC).date()
DAY = TODAY.strftime("%Y%m%d")
USED = {
    UsageRow(day=DAY, key_id="key-a", tags=("lab",), expert="math"): Used(
        requests=1200, prompt_tokens=7, nano_usd=2_500_000
    ),
    UsageRow(day=DAY, key_id="key-b", expert="=1+1"): Used(requests=1, errors=1),
}


def exit_code(*args: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(["usage", *args])
    return caught.value.code or 0


@asynccontextmanager
async def service(monkeypatch):
    """How to run the command on a service where something was used."""
    monkeypatch.setenv("ORCHESTRATOR_ADMIN_KEY", ADMIN_KEY)
    usage = MemoryUsage()
    await usage.add("one", USED)
    served = Service(usage=usage, keyring=Keys().ring(), settings=ApiSettings(admin="key"))
    async with running(served) as url:

        async def run(*args: str) -> int:
            return await asyncio.to_thread(exit_code, *args, "--url", url)

        yield run


async def test_usage_is_a_table_with_its_sum(capsys, monkeypatch):
    async with service(monkeypatch) as run:
        assert await run("--since", "1d") == 0

    head, first, second, whole, days = capsys.readouterr().out.splitlines()
    assert head.split() == [
        *("key", "requests", "errors", "prompt_tokens", "completion_tokens", "cost_usd")
    ]
    assert first.split() == ["key-a", "1,200", "0", "7", "0", "0.002500"]
    assert second.split() == ["key-b", "1", "1", "0", "0", "0.000000"]
    assert whole.split() == ["all", "1,201", "1", "7", "0", "0.002500"]
    assert days == f"{TODAY} to {TODAY}, days of UTC"


async def test_usage_is_told_as_json_of_what_was_asked_for(capsys, monkeypatch):
    asked = ("--by", "tag", "--by", "expert", "--only", "key=key-a", "--json")
    async with service(monkeypatch) as run:
        assert await run(*asked) == 0

    told = json.loads(capsys.readouterr().out)
    assert [one["group"] for one in told["data"]] == [{"tag": "lab", "expert": "math"}]
    assert told["total"]["requests"] == 1200


async def test_usage_is_told_as_a_sheet_without_formulas(capsys, monkeypatch):
    async with service(monkeypatch) as run:
        assert await run("--by", "expert", "--since", TODAY.isoformat(), "--csv") == 0

    rows = list(csv.reader(io.StringIO(capsys.readouterr().out)))
    assert [row[0] for row in rows] == ["expert", "'=1+1", "math"]


@pytest.mark.parametrize(
    ("args", "says"),
    [
        pytest.param(["--by", "owner"], "'owner' is no column", id="no column"),
        pytest.param(["--only", "tag"], "'tag' is no COLUMN=VALUE", id="no value"),
        pytest.param(["--since", "0d"], "'0d' is neither a day", id="no days"),
        pytest.param(["--since", "2026-13-01"], "'2026-13-01' is no day", id="no such month"),
        pytest.param(["--json", "--csv"], "choose one of --json and --csv", id="two forms"),
    ],
)
def test_a_question_about_usage_that_means_nothing_is_told_before_anything_is_asked(
    args, says, capsys
):
    assert exit_code(*args, "--url", "http://127.0.0.1:1") == 2
    assert says in " ".join(capsys.readouterr().err.replace("│", " ").split())


async def test_a_question_that_the_service_refuses_ends_with_its_sentence(capsys, monkeypatch):
    async with service(monkeypatch) as run:
        assert await run("--since", "999d") == 1

    assert "allowed: 1 to 400" in capsys.readouterr().err
