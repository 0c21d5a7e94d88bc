"""A seed makes a composition of any kind repeatable, and no expert says the same thing twice."""

from dataclasses import replace
from typing import get_args

import pytest

from orchestrator.engines.base import Call
from orchestrator.engines.collecting import collect
from orchestrator.engines.scripts import Script, last_user_text
from orchestrator.registry.compositions import CompositionSpec
from tests.unit.compositions.pool import SeeingEngine, ask
from tests.unit.compositions.test_staging import programs

#: One entry a kind, with all its stages.
ENTRIES = {
    "route": {"router": "topic"},
    "vote": {"router": "topic", "samples": 3, "experts": 2, "answers": "number"},
    "rpc": {"router": "topic", "samples": 3},
    "ensemble": {"router": "topic", "answers": "number"},
    "symbolic_moe": {"router": "topic", "experts": 3},
    "self_moa": {"router": "topic", "samples": 3, "aggregator": "b"},
    "self_moa_seq": {"router": "topic", "samples": 5, "window": 3, "slots": 1},
    "moa": {"proposers": ["a", "b"], "layers": 2, "aggregator": "c"},
    "best_of_n": {"router": "topic", "samples": 3, "judges": [{"expert": "c", "kind": "score"}]},
    "rank": {"router": "topic", "samples": 3, "judges": ["c"]},
    "cascade": {
        "cheap": ["a", "b"], "samples": 2, "tau": 1.0, "strong": "c", "answers": "number",
        "escalate": "prior_knowledge",
    },
    "decompose": {
        "router": "topic", "decomposer": "c", "samples": 3, "answers": "number", "finish": "solver",
    },
}  # fmt: skip
KINDS = [
    get_args(one.model_fields["kind"].annotation)[0]
    for one in get_args(get_args(CompositionSpec)[0])
]


def drawn(call: Call) -> Script:
    """Numbers that differ by seed, as samples do; to a decomposer's prompt three lines."""
    if "sub-question" in last_user_text(call):
        return Script(says="one?\ntwo?\n#1 and #2?")
    seed = call.sampling.seed or 0
    return Script(says=tuple(str(seed + number) for number in range(call.sampling.n)))


async def seeds(compositions: dict, *, model: str, seed: int) -> list[tuple[str, str, int]]:
    """Who was asked what by which seeds: one of each sample, as engines count on from a call's."""
    engine = SeeingEngine(script=drawn)
    query = ask("which?", model=model)
    query = replace(query, sampling=replace(query.sampling, seed=seed))
    await collect((await programs(engine, compositions).reply(query)).items)
    return sorted(
        (call.expert, last_user_text(call), call.sampling.seed + number)
        for call in engine.calls
        for number in range(call.sampling.n)
    )


def test_every_kind_is_tried():
    assert set(KINDS) <= set(ENTRIES)


@pytest.mark.parametrize("kind", KINDS)
async def test_the_same_seed_asks_the_same(kind):
    entry = {"it": {"kind": kind, **ENTRIES[kind]}}

    first = await seeds(entry, model="it", seed=7)

    assert first == await seeds(entry, model="it", seed=7)
    assert first != await seeds(entry, model="it", seed=70)


@pytest.mark.parametrize("kind", KINDS)
async def test_no_expert_is_asked_the_same_by_the_same_seed(kind):
    found = await seeds({"it": {"kind": kind, **ENTRIES[kind]}}, model="it", seed=7)

    assert len(set(found)) == len(found)


@pytest.mark.parametrize("in_turn", [False, True])
async def test_samples_of_a_composition_do_not_share_those_of_their_experts(in_turn):
    vote = {"kind": "vote", "router": "topic", "samples": 3, "answers": "number"}
    nested = {
        "inner": {**vote, "in_turn": in_turn},
        "middle": {
            "kind": "cascade", "cheap": ["inner"], "samples": 2, "strong": "c", "tau": 1.0,
            "answers": "number",
        },
        "outer": {
            "kind": "cascade", "cheap": ["middle"], "samples": 2, "strong": "c", "tau": 1.0,
            "answers": "number",
        },
    }  # fmt: skip

    found = await seeds(nested, model="outer", seed=7)

    # Two of two of three samples of the router's best.
    assert len({seed for expert, _, seed in found if expert == "a"}) == 2 * 2 * 3
