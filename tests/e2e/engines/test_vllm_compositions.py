"""Compositions whose samples come from a real engine."""

import pytest

from orchestrator.compositions.base import Query
from orchestrator.compositions.programs import Programs
from orchestrator.engines.base import Chat, Message, Sampling, TextPart
from orchestrator.engines.collecting import collect
from orchestrator.registry.models import Registry
from tests.served import PreferenceRouter

pytestmark = [pytest.mark.e2e, pytest.mark.filterwarnings("default")]

HI = Chat(messages=(Message(role="user", content=(TextPart(text="hi"),)),))


def programs(host, **entry) -> Programs:
    registry = Registry.model_validate(
        {
            "experts": host.residents,
            "routers": {"topic": {"kind": "category", "artifact": "x", "fallback": "first"}},
            "compositions": {"auto": {"router": "topic", "samples": 4, **entry}},
        }
    )
    router = PreferenceRouter("first")
    return Programs(registry, generation=1, routers={"topic": router}, dispatch=host)


def query(**sampling) -> Query:
    return Query(id="q", model="auto", prompt=HI, sampling=Sampling(max_tokens=8, **sampling))


async def test_every_sample_of_one_request_comes_with_its_log_probabilities(resident):
    host = await resident("first")

    reply = await programs(host, kind="rpc", temperature=1.0).reply(query())
    answer = await collect(reply.items)

    [call] = reply.stages[0].calls
    assert [len(choice.logprobs) for choice in call.choices] == [8] * 4
    assert all(token.logprob <= 0 for choice in call.choices for token in choice.logprobs)
    assert reply.decision.failed == {}
    assert answer.choices[0].text in [choice.text for choice in call.choices]
    assert answer.choices[0].logprobs == ()
    assert answer.usage.completion_tokens == 4 * 8


@pytest.mark.parametrize("kind", ["vote", "rpc"])
async def test_a_seed_makes_a_composition_repeatable(resident, kind):
    host = await resident("first")
    found = programs(host, kind=kind, temperature=1.0)

    once, again = [await collect((await found.reply(query(seed=7))).items) for _ in range(2)]

    assert once.choices[0].text == again.choices[0].text
