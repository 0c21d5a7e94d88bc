from dataclasses import replace

import pytest

from orchestrator.compositions.embedding import EmbedQuery
from orchestrator.compositions.expecting import Expecting, Load
from orchestrator.compositions.ledger import Spend
from orchestrator.compositions.programs import Programs
from orchestrator.compositions.size import Size
from orchestrator.compositions.slot_prices import slot_hours, slot_priced
from orchestrator.engines.base import Chunk, Sampling, Text, Usage
from orchestrator.engines.embedding import EmbedCall, Vectors
from orchestrator.engines.fake import FakeEngine
from orchestrator.registry.models import Registry

#: 3.6 USD an hour: a thousandth of a USD a second.
REGISTRY = Registry.model_validate(
    {
        "experts": (
            {"id": "own", "engine": {"kind": "vllm"}, "model": "m"},
            {
                "id": "priced",
                "engine": {"kind": "vllm"},
                "model": "m",
                "price": {"output_usd_per_mtok": 1.0},
            },
            {"id": "fake", "engine": {"kind": "fake"}},
            {"id": "embedder", "engine": {"kind": "vllm", "task": "embed"}, "model": "m"},
        ),
        "slots": (
            {"name": "cheap", "memory_gib": 1},
            {"name": "dear", "memory_gib": 1, "usd_per_hour": 3.6, "count": 2},
            {"name": "wide", "memory_gib": 1, "usd_per_hour": 1.8, "cpus": 2},
        ),
    }
)


class OfSlot(FakeEngine):
    """Embeds as slot `wide` does, in a second."""

    async def embed(self, call: EmbedCall) -> Vectors:
        return replace(await super().embed(call), slot_s=1.0, slot="wide@2cpus")


class Charged:
    """An allowance without a bound that shows what it was asked for."""

    async def reserve(self, most: Spend) -> None:
        self.held = most

    def settle(self, most: Spend, took: Spend) -> None:
        self.took = took


@pytest.mark.parametrize(
    ("usage", "cost_usd"),
    [
        pytest.param({"slot_s": 2.0, "slot": "dear"}, 0.002, id="2 s at 0.001 USD"),
        pytest.param({"slot_s": 2.0, "slot": "dear-1"}, 0.002, id="another like it"),
        pytest.param({"slot_s": 2.0, "slot": "cheap"}, 0.0, id="a slot without a price"),
        pytest.param({"slot_s": 2.0, "slot": "wide@2cpus"}, 0.001, id="a wide one: 2 s at 0.0005"),
        pytest.param({"slot_s": 2.0, "slot": "gone"}, 0.002, id="as the dearest, if it left"),
        pytest.param({}, None, id="of no slot"),
    ],
)
async def test_a_call_costs_its_share_of_the_time_of_the_slot_that_answered(usage, cost_usd):
    async def items():
        yield Chunk(usage=Usage(prompt_tokens=9, completion_tokens=9, **usage))

    told = [item async for item in slot_priced(items(), slot_hours(REGISTRY))]

    assert [item.usage.cost_usd for item in told] == [cost_usd]


async def test_vectors_of_an_own_expert_cost_their_share_of_the_slot_that_embedded_them():
    programs = Programs(REGISTRY, generation=1, routers={}, dispatch=OfSlot())
    query = EmbedQuery(id="e", model="embedder", inputs=(Text(text="x" * 100),))
    allowance = Charged()

    vectors = await programs.embedder("embedder").embed(replace(query, allowance=allowance))

    assert vectors.cost_usd == pytest.approx(0.0005)
    # 164 tokens at most, of 0.01 s each in the dearest; then 1 s of the one that answered
    assert allowance.held.price_usd == pytest.approx(0.00164)
    assert allowance.took.price_usd == pytest.approx(0.0005)


def test_a_call_is_held_at_what_its_tokens_take_a_slow_slot_unless_its_expert_has_a_price():
    expecting = Expecting(REGISTRY, foresight=None)
    load = Load(size=Size(low=1, high=50, most=100), sampling=Sampling(max_tokens=10))

    held = {name: expecting.price_usd(name, load) for name in ("own", "priced", "fake")}

    # 100 tokens of 0.01 s and 10 of 0.1 s
    assert held == {"own": 0.002, "priced": 1e-5, "fake": 0.0}
