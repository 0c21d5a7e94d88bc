"""One turn of a chat: stages and waits beside the answer, and what it took."""

import json

import httpx
import pytest

from orchestrator.cli.chat_turn import ask
from orchestrator.client.blocking import Client

STAGE = {
    "stage": "propose",
    "path": ["propose"],
    "num_done": 0,
    "num_calls": 2,
    "models": ["math", "law"],
    "took_s": 0.0,
}
CHUNK = {"id": "c", "created": 1, "model": "auto"}
SHARE = {"calls": 1, "prompt_tokens": 3, "completion_tokens": 1, "cost_usd": 0.25}


def event(data, name=None):
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(data)}\n\n"


def stage(**more):
    return event({"orchestrator": {**STAGE, **more}}, "orchestrator.stage")


def answer(text):
    return event({**CHUNK, "choices": [{"index": 0, "delta": {"content": text}}]})


STREAM = "".join(
    [
        ": waiting position=2 expected_s=3 waited_s=0\n\n",
        stage(state="started"),
        stage(state="running", num_done=1),
        stage(state="done", num_done=2, took_s=1.5),
        answer("for"),
        answer("ty"),
        event(
            {
                **CHUNK,
                "choices": [],
                "usage": {"prompt_tokens": 6, "completion_tokens": 2, "total_tokens": 8},
                "orchestrator": {"expert": "math", "by_expert": {"math": SHARE, "law": SHARE}},
            }
        ),
        "data: [DONE]\n\n",
    ]
)


@pytest.fixture
def told():
    return []


@pytest.fixture
def turn(told):
    transport = httpx.MockTransport(lambda _: httpx.Response(200, text=STREAM))
    with Client("http://service", transport=transport) as client:
        return ask(client, "8*5?", model="auto", show=told.append, tell=told.append)


def test_stages_and_waits_of_a_turn_are_told_before_its_answer(turn, told):
    assert told == [
        "waiting: place 2, about 3 s",
        "propose: 2 calls (math, law)",
        "propose: done in 1.5 s, 2 of 2 calls",
        "for",
        "ty",
    ]
    assert turn.stages == told[1:3]


def test_a_turn_sums_up_who_answered_and_what_all_calls_took(turn):
    assert (turn.text, turn.expert, turn.cost_usd) == ("forty", "math", 0.5)  # twice 0.25
    assert str(turn).startswith("math answered in ")
    assert str(turn).endswith("; 6 tokens read, 2 written; 0.500000 USD")
