"""`kind: moa`: several propose, layer by layer, and one writes the answer."""

import asyncio

import pytest
from pydantic import ValidationError

from orchestrator.compositions.base import Query, Reply
from orchestrator.compositions.programs import Programs
from orchestrator.engines.base import Chunk, Sampling, Structure, Text
from orchestrator.engines.collecting import collect
from orchestrator.engines.scripts import Script, last_user_text
from orchestrator.errors import EngineDeadError, LimitsError, UnsupportedParameterError
from orchestrator.registry.models import Registry
from orchestrator.routing.limits import Limits
from routers.base import Route
from tests.unit.compositions.pool import SeeingEngine, ask
from tests.unit.compositions.test_self_moa import candidates

DEAD = EngineDeadError("its process is gone")
NAMED = {"proposers": ["a", "b", "c"]}
ROUTED = {"router": "topic"}


class Scoring:
    """Scores every prompt alike; the best is chosen."""

    version, is_slow = "v1", False

    def __init__(self, *, is_fallback: bool = False, **scores: float) -> None:
        self._scores, self._is_fallback = scores, is_fallback

    def route(self, prompts):
        scores = {name: s for name, s in self._scores.items() if name in prompts.candidates}
        best = max(scores, key=scores.__getitem__)
        return [
            Route(chosen=(best,), scores=scores, is_fallback=self._is_fallback)
            for _ in prompts.texts
        ]


class Mixing:
    """An engine whose proposers say their id and layer, and whose aggregator says `all of it`."""

    def __init__(self, aggregator: Script | None = None, **by_expert: Script) -> None:
        self._by_expert = {"w": aggregator or Script(says="all of it"), **by_expert}

    def __call__(self, call) -> Script:
        told = Script(says="{expert}2" if "<candidate" in last_user_text(call) else "{expert}1")
        return self._by_expert.get(call.expert, told)


def programs(engine, *, scores: Scoring | None = None, others=(), **entry: object) -> Programs:
    entry = {"kind": "moa", "aggregator": "w", **entry}
    registry = Registry.model_validate(
        {
            "experts": [{"id": name, "engine": {"kind": "fake"}} for name in "abcw"],
            "routers": {"topic": {"kind": "category", "artifact": "x", "fallback": "a"}},
            "compositions": {"auto": entry, **dict(others)},
        }
    )
    router = scores or Scoring(a=0.80, b=0.79, c=0.6, w=0.1)
    return Programs(registry, generation=1, routers={"topic": router}, dispatch=engine)


def mixing(aggregator: Script | None = None, **by_expert: Script) -> SeeingEngine:
    return SeeingEngine(script=Mixing(aggregator, **by_expert))


async def said(reply: Reply) -> str:
    return (await collect(reply.items)).choices[0].text


def asked_of(engine) -> list[str]:
    return [call.expert for call in engine.calls]


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ({}, "one of the two"),
        ({**NAMED, **ROUTED}, "one of the two"),
        ({**NAMED, "mix_within": 2.0}, "goes by the scores of a router"),
        ({**ROUTED, "mix_within": -1.0}, "greater than or equal to 0"),
        ({**NAMED, "layers": 0}, "greater than or equal to 1"),
    ],
)
def test_entries_that_cannot_be_meant_are_refused(keys, reason):
    with pytest.raises(ValidationError, match=reason):
        programs(mixing(), **keys)


async def test_a_raw_text_is_refused():
    text = Query(id="q1", model="auto", prompt=Text(text="Once upon"))

    with pytest.raises(UnsupportedParameterError, match="takes a conversation"):
        await programs(mixing(), **NAMED).reply(text)


@pytest.mark.parametrize("shut_out", [["w"], ["a", "b", "c"]], ids=["aggregator", "proposers"])
async def test_who_is_shut_out_is_refused_before_anybody_is_asked(shut_out):
    engine = mixing()
    limits = Limits(exclude=frozenset(f"expert:{name}" for name in shut_out))

    with pytest.raises(LimitsError, match=f"'{shut_out[0]}'"):
        await programs(engine, **NAMED).reply(ask(limits=limits))

    assert not engine.calls


async def test_every_proposer_answers_once_and_the_aggregator_writes_the_answer():
    engine = mixing()

    reply = await programs(engine, **NAMED).reply(ask(sampling=Sampling(temperature=0.1)))

    assert await said(reply) == "all of it"
    *proposals, merging = engine.calls
    assert [call.expert for call in proposals] == ["a", "b", "c"]
    assert {call.sampling.temperature for call in proposals} == {0.7}
    assert (merging.expert, merging.sampling.temperature) == ("w", 0.1)
    assert candidates(merging) == ["a1", "b1", "c1"]
    assert reply.decision.expert == "w"


async def test_a_proposer_that_stands_twice_answers_twice_in_one_request():
    engine = mixing()

    await said(await programs(engine, proposers=["a", "a", "b"]).reply(ask()))

    first, second, _ = engine.calls
    assert [(first.expert, first.sampling.n), (second.expert, second.sampling.n)] == [
        ("a", 2),
        ("b", 1),
    ]


async def test_proposers_of_a_later_layer_read_what_the_former_wrote():
    engine = mixing()

    reply = await programs(engine, **NAMED, layers=2).reply(ask())

    assert await said(reply) == "all of it"
    layers = list(engine.calls)[3:6]
    assert [candidates(call) for call in layers] == [["a1", "b1", "c1"]] * 3
    assert candidates(engine.calls[-1]) == ["a2", "b2", "c2"]
    assert [stage.name for stage in reply.stages] == ["proposals", "proposals", "synthesis"]


async def test_a_layer_that_the_caps_do_not_hold_beside_the_answer_is_left_out():
    engine = mixing()

    reply = await programs(engine, **NAMED, layers=3).reply(ask(limits=Limits(max_calls=7)))

    # Three and three calls; a third layer would leave none for the aggregator.
    assert await said(reply) == "all of it"
    assert len(engine.calls) == 7
    assert reply.reached == ("max_calls",)


async def test_a_layer_that_comes_to_too_little_leaves_the_former_one():
    def script(call) -> Script:
        if "<candidate" in last_user_text(call) and call.expert != "w":
            return Script(fails=DEAD)
        return Mixing()(call)

    engine = SeeingEngine(script=script)

    reply = await programs(engine, **NAMED, layers=2).reply(ask())

    assert await said(reply) == "all of it"
    assert candidates(engine.calls[-1]) == ["a1", "b1", "c1"]
    assert set(reply.decision.failed) == {"a", "b", "c"}


async def test_a_proposer_that_fails_costs_its_share():
    engine = mixing(b=Script(fails=DEAD))

    reply = await programs(engine, **NAMED).reply(ask())

    assert await said(reply) == "all of it"
    assert candidates(engine.calls[-1]) == ["a1", "c1"]
    assert reply.decision.failed == {"b": "engine_dead"}


async def test_fewer_proposals_than_the_entry_wants_are_an_error():
    engine = mixing(b=Script(fails=DEAD))

    with pytest.raises(EngineDeadError):
        await said(await programs(engine, **NAMED, min_answers=3).reply(ask()))


async def test_where_the_aggregator_fails_the_first_proposal_is_told():
    engine = mixing(aggregator=Script(fails=DEAD))

    reply = await programs(engine, **NAMED).reply(ask())

    assert await said(reply) == "a1"
    assert (reply.decision.expert, reply.decision.failed) == ("a", {"w": "engine_dead"})


async def test_without_an_aggregator_the_first_that_proposed_writes():
    engine = mixing(a=Script(fails=DEAD))

    await said(await programs(engine, **NAMED, aggregator=None).reply(ask()))

    assert asked_of(engine) == ["a", "b", "c", "b"]


async def test_proposers_may_be_compositions():
    engine = mixing()
    vote = {"kind": "vote", "router": "topic", "samples": 3}

    reply = await programs(engine, proposers=["b", "inner"], others={"inner": vote}).reply(ask())

    assert await said(reply) == "all of it"
    assert sorted(asked_of(engine)) == ["a", "b", "w"]
    assert candidates(engine.calls[-1]) == ["b1", "a1"]


async def test_the_router_s_best_propose():
    engine = mixing()

    reply = await programs(engine, **ROUTED, experts=2).reply(ask())

    assert await said(reply) == "all of it"
    assert asked_of(engine) == ["a", "b", "w"]


@pytest.mark.parametrize(
    ("within", "asked"),
    [(0.5, ["a"]), (1.0, ["a", "b", "w"]), (20.0, ["a", "b", "c", "w"])],
    ids=["nobody is close", "one is close", "two are close"],
)
async def test_only_who_is_about_as_good_as_the_best_is_mixed(within, asked):
    engine = mixing()

    reply = await programs(engine, **ROUTED, mix_within=within).reply(ask())

    assert await said(reply) == ("a1" if len(asked) == 1 else "all of it")
    assert asked_of(engine) == asked
    assert f"within {within:g} points of 'a'" in reply.decision.route.reasons[-1]


async def test_the_best_alone_is_asked_as_its_caller_says_and_streamed():
    last = asyncio.Event()
    engine = mixing(a=Script(says="all alone", gate=last, gate_at=1))
    form, sampling = Structure(kind="json_object"), Sampling(temperature=0.1, stop=("x",))
    query = ask(structure=form, sampling=sampling)
    reply = await programs(engine, **ROUTED, mix_within=0.5).reply(query)

    first = await anext(item async for item in reply.items if isinstance(item, Chunk))

    assert first.deltas[0].text == "all"
    last.set()
    assert await said(reply) == " alone"
    [call] = engine.calls
    assert (call.structure, call.sampling.temperature, call.sampling.stop) == (form, 0.1, ("x",))


async def test_an_unsure_router_says_nothing_of_who_is_about_as_good():
    engine = mixing()
    unsure = Scoring(a=0.5, b=0.5, is_fallback=True)

    await said(await programs(engine, **ROUTED, scores=unsure, mix_within=5.0).reply(ask()))

    assert asked_of(engine) == ["a"]


async def test_the_answer_is_streamed_while_it_is_written():
    last = asyncio.Event()
    engine = mixing(aggregator=Script(says="all of it", gate=last, gate_at=2))
    reply = await programs(engine, **NAMED).reply(ask())

    first = await anext(item async for item in reply.items if isinstance(item, Chunk))

    assert first.deltas[0].text == "all"
    last.set()
    assert await said(reply) == " of it"
