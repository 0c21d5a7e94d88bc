"""`orchestrator feedback` and the SDK, against a service over real HTTP."""

import asyncio

import pytest

from orchestrator.cli.main import main
from orchestrator.client import AsyncClient
from tests.served import Service, running

pytestmark = pytest.mark.integration


def _exit_code(args) -> int:
    with pytest.raises(SystemExit) as caught:
        main(args)
    return caught.value.code or 0


async def run(url, *args) -> int:
    return await asyncio.to_thread(_exit_code, ["feedback", *args, "--url", url])


async def judged(url, num: int):
    async with AsyncClient(url) as client:
        for _ in range(num):
            answer = await client.chat("1+1?")
            kept = await client.feedback(answer.origin.request_id, score=0.25)
    return kept


def test_without_a_service_one_line_says_what_to_do(capsys):
    assert _exit_code(["feedback", "list", "--url", "http://127.0.0.1:1"]) == 1

    assert capsys.readouterr().err.startswith("no service answers at http://127.0.0.1:1")


async def test_what_was_said_is_listed_and_taken_back(capsys):
    async with running(Service()) as url:
        kept = await judged(url, 2)

        assert await run(url, "list", "--limit", "1") == 0
        listed = capsys.readouterr().out.splitlines()
        assert listed[0].startswith(kept.id)
        assert "0.25  math  router topic, sums  by address:127.0.0.1" in listed[0]
        assert listed[1] == "1 of 2 judgements"

        assert await run(url, "revert", kept.id) == 0
        assert await run(url, "revert", "--giver", "address:127.0.0.1") == 0
        assert "took back 1 judgements of address:127.0.0.1" in capsys.readouterr().out
        assert await run(url, "list") == 0
        assert capsys.readouterr().out == "0 of 0 judgements\n"


async def test_a_judgement_that_is_gone_ends_with_1_and_why(capsys):
    async with running(Service()) as url:
        assert await run(url, "revert", "fb-0") == 1

    assert "no judgement 'fb-0'" in capsys.readouterr().err


async def test_nothing_to_take_back_is_a_wrong_call(capsys):
    assert _exit_code(["feedback", "revert"]) == 2
