from orchestrator.compositions.expecting import Expecting, Load
from orchestrator.compositions.size import Size
from orchestrator.compositions.slot_prices import slot_priced
from orchestrator.engines.base import Chunk, Sampling, Usage
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
        ),
        "slots": (
            {"name": "cheap", "memory_gib": 1},
            {"name": "dear", "memory_gib": 1, "usd_per_hour": 3.6},
        ),
    }
)


async def test_a_call_costs_its_share_of_the_slot_s_time():
    async def items(slot_s):
        yield Chunk(usage=Usage(prompt_tokens=9, completion_tokens=9, slot_s=slot_s))

    costs = [
        [item.usage.cost_usd async for item in slot_priced(items(slot_s), 3.6)]
        for slot_s in (2.0, None)
    ]

    assert costs == [[0.002], [None]]


def test_a_call_is_held_at_what_its_tokens_take_a_slow_slot_unless_its_expert_has_a_price():
    expecting = Expecting(REGISTRY, foresight=None)
    load = Load(size=Size(low=1, high=50, most=100), sampling=Sampling(max_tokens=10))

    held = {name: expecting.price_usd(name, load) for name in ("own", "priced", "fake")}

    # 100 tokens of 0.01 s and 10 of 0.1 s
    assert held == {"own": 0.002, "priced": 1e-5, "fake": 0.0}
