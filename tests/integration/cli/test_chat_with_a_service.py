"""`orchestrator chat` and `orchestrator route`, against a service over real HTTP."""

import asyncio
import io
import json
from contextlib import asynccontextmanager

import pytest

from orchestrator.cli.chat import Chat
from orchestrator.cli.main import main
from orchestrator.client.blocking import Client
from orchestrator.engines.fake import FakeEngine
from tests.served import Service, running

pytestmark = pytest.mark.integration


def exit_code(*args: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(list(args))
    return caught.value.code or 0


@asynccontextmanager
async def service(**settings):
    """How to run a command on a service, in a thread."""
    async with running(Service(**settings)) as url:

        async def run(command: str, *args: str) -> int:
            return await asyncio.to_thread(exit_code, command, *args, "--url", url)

        yield run, url


def typed(url, *lines):
    """Whether the conversation goes on after each of the lines."""
    with Client(url) as client:
        talk = Chat(client=client)
        return talk, [talk.hear(line) for line in lines]


async def test_a_prompt_gets_its_answer_alone_on_standard_output(capsys):
    async with service(engine=FakeEngine(says="two")) as (run, _):
        assert await run("chat", "1+1?") == 0

    out, err = capsys.readouterr()
    assert out == "two\n"
    assert "math answered in " in err


async def test_text_from_a_pipe_is_one_turn(capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("1+1?\nreally\n"))
    async with service(engine=FakeEngine(says="{prompt}")) as (run, _):
        assert await run("chat") == 0

    assert capsys.readouterr().out == "1+1?\nreally\n"


async def test_an_empty_pipe_has_nothing_to_ask(capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("\n"))
    async with service() as (run, _):
        assert await run("chat") == 2

    assert "the prompt is empty" in capsys.readouterr().err


async def test_a_turn_is_one_json_object_for_programs(capsys):
    async with service(engine=FakeEngine(says="two")) as (run, _):
        assert await run("chat", "1+1?", "--json") == 0

    (line,) = capsys.readouterr().out.splitlines()
    told = json.loads(line)
    assert (told["text"], told["expert"], told["model"]) == ("two", "math", "auto")
    assert told["completion_tokens"] > 0


async def test_a_conversation_remembers_until_it_is_reset_and_ends_with_quit(capsys):
    async with service(engine=FakeEngine(says="two")) as (_, url):
        talk, went_on = await asyncio.to_thread(typed, url, "1+1?", "", "/reset", "2+2?", "/quit")

    assert went_on == [True, True, True, True, False]
    assert [turn["content"] for turn in talk.turns] == ["2+2?", "two"]


async def test_a_conversation_goes_on_with_another_model_and_after_an_error(capsys):
    async with service(engine=FakeEngine(says="two")) as (_, url):
        talk, _ = await asyncio.to_thread(
            typed, url, "/model nobody", "/model painter", "hello", "/route", "/odd"
        )

    out, err = capsys.readouterr()
    assert talk.model == "painter"
    assert "no model 'nobody'" in err
    assert "painter answered in " in err
    assert "painter would answer" in out
    assert "/quit" in err


async def test_a_chat_with_an_unknown_model_ends_with_1(capsys):
    async with service() as (run, _):
        assert await run("chat", "1+1?", "--model", "nobody") == 1

    assert "nobody" in capsys.readouterr().err


async def test_a_route_names_its_experts_and_explains_itself(capsys):
    async with service() as (run, _):
        assert await run("route", "1+1?") == 0
        short = capsys.readouterr().out
        assert await run("route", "1+1?", "--explain", "--exclude", "expert:math") == 0
        long = capsys.readouterr().out
        assert await run("route", "1+1?", "--json") == 0

    told = json.loads(capsys.readouterr().out)
    assert short.startswith("math")
    assert long.startswith("painter, plain would answer, says router topic\n  first\n")
    assert "math" in long.partition("left out")[2]
    assert told["chosen"][0] == "math"
