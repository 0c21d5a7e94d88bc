"""What is foreseen of a request is what it does, for every kind."""

from collections import Counter
from dataclasses import replace

import pytest

from orchestrator.compositions.base import Decision, Query
from orchestrator.compositions.outline import outlined
from orchestrator.compositions.outline_kinds import OUTLINES
from orchestrator.compositions.programs import Programs
from orchestrator.engines.base import Chat, Message, Sampling, Text, TextPart
from orchestrator.engines.fake import FakeEngine
from orchestrator.registry.models import Registry
from routers.base import Route
from tests.every_kind import BY_KIND, KINDS, REGISTRY, EveryKind, NamelessRouter, stage_of
from tests.served import PreferenceRouter

CHAT = Chat(messages=(Message(role="user", content=(TextPart(text="What is 1 + 2?"),)),))
#: Stages of `tests/every_kind.py` that are not expected, since what came before may do.
UNEXPECTED = {"cascade": 1}


def programs_of(registry: Registry = REGISTRY) -> Programs:
    routers = {
        "topic": PreferenceRouter("math", "writer"),
        "nameless": NamelessRouter("math", "writer"),
    }
    return Programs(registry, generation=7, routers=routers, dispatch=FakeEngine())


def asking(model: str, **sampling) -> Query:
    return Query(id="q", model=model, prompt=CHAT, sampling=Sampling(**sampling))


async def foreseen(
    model: str, programs: Programs | None = None, lengths=lambda _: None, **sampling
):
    programs, query = programs or programs_of(), asking(model, **sampling)
    return outlined(programs, query, await programs.decide(query), lengths=lengths)


def test_every_kind_has_an_outline():
    assert set(OUTLINES) == set(KINDS)


@pytest.mark.parametrize("kind", BY_KIND)
async def test_what_is_foreseen_of_a_kind_is_what_it_asks(kind):
    every = EveryKind(kind=kind)
    async with every.service.client() as client:
        body = {"model": kind, "messages": [{"role": "user", "content": "What is 1 + 2?"}]}
        assert (await client.post("/v1/chat/completions", json=body)).status_code == 200

    found = await foreseen(kind)

    num_stages = UNEXPECTED.get(kind, 99)
    made = Counter(
        ((stage_of(call) or 0), call.expert)
        for call in every.engine.calls
        if (stage_of(call) or 0) < num_stages
    )
    assert Counter((call.stage, call.expert) for call in found) == made


async def test_an_expert_makes_one_call_of_half_of_what_it_may_write():
    [call] = await foreseen("math", n=3, max_tokens=40)

    assert (call.stage, call.expert, call.output_tokens) == (0, "math", 3 * 20.0)
    # 14 characters: 1 to 6 tokens, and 8 of the template.
    assert 1 <= call.prompt_tokens <= 14


async def test_a_learned_length_counts_up_to_what_is_allowed():
    lengths = {"math": 30.0}.get

    said = [
        (await foreseen("math", lengths=lengths, max_tokens=most))[0].output_tokens
        for most in (100, 12)
    ]

    assert said == [30.0, 12.0]


async def test_an_aggregator_reads_what_it_merges():
    calls = await foreseen("self_moa", lengths=lambda _: 50.0)

    samples, synthesis = calls
    assert (samples.output_tokens, synthesis.output_tokens) == (150.0, 50.0)
    assert synthesis.prompt_tokens > samples.prompt_tokens + 150


async def test_an_answer_that_is_known_asks_nobody():
    route = Route(chosen=("math",), scores={}, answer="3")
    decision = Decision(expert="math", generation=7, composition="route", route=route)

    assert outlined(programs_of(), asking("route"), decision) == ()


async def test_a_raw_text_of_token_ids_counts_them():
    programs, query = programs_of(), asking("math")
    query = replace(query, prompt=Text(token_ids=(5,) * 321))

    calls = outlined(programs, query, await programs.decide(query))

    assert [call.prompt_tokens for call in calls] == [321.0]


async def test_compositions_in_compositions_are_followed_stage_by_stage():
    """The outer synthesis waits for the inner one, which waits for three samples."""
    entries = {
        "inner": {"kind": "self_moa", "router": "topic", "samples": 3, "aggregator": "writer"},
        "middle": {"kind": "moa", "proposers": ["inner", "reader"], "aggregator": "reader"},
        "outer": {"kind": "moa", "proposers": ["middle", "math"], "aggregator": "writer"},
    }
    registry = Registry.model_validate(
        {**REGISTRY.model_dump(mode="json"), "compositions": entries}
    )

    calls = await foreseen("outer", programs_of(registry))

    assert [(call.stage, call.expert) for call in calls] == [
        (0, "math"),
        (0, "reader"),
        (0, "math"),
        (1, "writer"),
        (2, "reader"),
        (3, "writer"),
    ]


async def test_a_vote_in_turn_is_expected_to_end_with_a_majority():
    entries = {"turns": {**BY_KIND["vote"].entry, "kind": "vote", "samples": 5, "in_turn": True}}
    registry = Registry.model_validate(
        {**REGISTRY.model_dump(mode="json"), "compositions": entries}
    )

    calls = await foreseen("turns", programs_of(registry))

    assert [(call.stage, call.expert) for call in calls] == [(at, "math") for at in range(3)]
