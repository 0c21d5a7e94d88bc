"""One key for what has one answer, and another for everything else."""

from dataclasses import replace

import pytest

from orchestrator.caching.keys import Scope, answer_key, question_of
from orchestrator.compositions.base import Query
from orchestrator.engines.base import (
    Chat,
    ImagePart,
    Message,
    Sampling,
    Structure,
    Text,
    TextPart,
    Tool,
)
from orchestrator.routing.limits import Limits

SCOPE = Scope(generation=7, policy="p", owner="ann")
TURNS = (
    Message(role="system", content=(TextPart(text="be kind"),)),
    Message(role="user", content=(TextPart(text="1+1?"),)),
)
QUERY = Query(id="a", model="auto", prompt=Chat(messages=TURNS), sampling=Sampling(temperature=0.0))


def turned(*turns: Message, **fields) -> Query:
    return replace(QUERY, prompt=Chat(messages=turns, **fields))


@pytest.mark.parametrize(
    "change",
    [
        {"id": "b"}, {"is_streamed": False}, {"user": "x"}, {"metadata": {"a": "b"}},
        {"priority": 3}, {"order": 1}, {"max_wait_s": 1.0}, {"timeout_s": 1.0}, {"is_fresh": True},
    ],
    ids=lambda change: next(iter(change)),
)  # fmt: skip
def test_how_a_request_is_sent_makes_no_other_key(change):
    assert answer_key(replace(QUERY, **change), SCOPE) == answer_key(QUERY, SCOPE)


@pytest.mark.parametrize(
    "other",
    [
        replace(QUERY, model="math"),
        replace(QUERY, sampling=Sampling(temperature=0.0, n=2)),
        replace(QUERY, sampling=Sampling(temperature=0.0, seed=0)),
        replace(QUERY, sampling=Sampling(temperature=0.0, logit_bias={5: 1.0})),
        replace(QUERY, structure=Structure(kind="json_object")),
        replace(QUERY, structure=Structure(kind="json_schema", schema={"type": "object"})),
        replace(QUERY, echo=True),
        replace(QUERY, limits=Limits(exclude=frozenset({"expert:a"}))),
        replace(QUERY, limits=Limits(max_calls=3)),
        replace(QUERY, prompt=Text(text="1+1?")),
        turned(TURNS[1]),
        turned(*reversed(TURNS)),
        turned(TURNS[0], Message(role="user", content=(TextPart(text="1+1? "),))),
        turned(TURNS[0], Message(role="user", content=(ImagePart(url="1+1?"),))),
        turned(TURNS[0], replace(TURNS[1], name="bob")),
        turned(*TURNS, tools=(Tool(name="weather"),)),
        turned(*TURNS, tool_choice="none"),
    ],
)
def test_what_decides_an_answer_is_a_part_of_its_key(other):
    assert answer_key(other, SCOPE) not in (None, answer_key(QUERY, SCOPE))


@pytest.mark.parametrize("change", [{"generation": 8}, {"policy": "q"}, {"owner": "bob"}])
def test_nobody_finds_what_another_scope_has(change):
    assert answer_key(QUERY, replace(SCOPE, **change)) != answer_key(QUERY, SCOPE)


def test_limits_that_say_the_same_in_another_order_have_one_key():
    names = [f"expert:{number}" for number in range(20)]
    one = replace(QUERY, limits=Limits(exclude=frozenset(names)))
    other = replace(QUERY, limits=Limits(exclude=frozenset(reversed(names))))

    assert answer_key(one, SCOPE) == answer_key(other, SCOPE)


def test_what_json_cannot_hold_has_no_key():
    large = Structure(kind="json_schema", schema={"maximum": 10**30})

    assert answer_key(replace(QUERY, structure=large), SCOPE) is None


def test_questions_of_one_context_differ_in_their_last_turn_alone():
    asked = [question_of(turned(TURNS[0], one), SCOPE) for one in (TURNS[1], _turn("2+2?"))]

    assert [one.text for one in asked] == ["1+1?", "2+2?"]
    assert asked[0].context == asked[1].context
    assert question_of(turned(_turn("be rude"), TURNS[1]), SCOPE).context != asked[0].context
    assert question_of(replace(QUERY, model="math"), SCOPE).context != asked[0].context


@pytest.mark.parametrize(
    "query",
    [
        turned(TURNS[1], Message(role="assistant", content=(TextPart(text="2"),))),
        turned(Message(role="user", content=(TextPart(text="a"), ImagePart(url="u")))),
        turned(Message(role="user", content=(TextPart(text="a" * 5_000),))),
        turned(Message(role="user", content=(TextPart(text=""),))),
        replace(QUERY, prompt=Text(text="1+1?")),
    ],
    ids=["no user's turn", "image", "long", "empty", "no chat"],
)
def test_what_is_no_text_of_a_user_at_the_end_is_compared_with_nothing(query):
    assert question_of(query, SCOPE) is None


def _turn(text: str) -> Message:
    return Message(role="user", content=(TextPart(text=text),))
