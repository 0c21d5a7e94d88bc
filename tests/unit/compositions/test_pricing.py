import pytest

from orchestrator.compositions.base import Query
from orchestrator.compositions.pricing import cost_usd
from orchestrator.compositions.programs import Programs
from orchestrator.engines.base import Text, Usage
from orchestrator.engines.collecting import collect
from orchestrator.engines.fake import FakeEngine
from orchestrator.engines.notices import Notice
from orchestrator.engines.scripts import Script
from orchestrator.registry.models import Price, Registry

PRICE = {"input_usd_per_mtok": 2.0, "output_usd_per_mtok": 10.0}
REGISTRY = Registry.model_validate(
    {
        "experts": (
            {"id": "dear", "engine": {"kind": "fake"}, "price": PRICE},
            {"id": "free", "engine": {"kind": "fake"}, "price": {"input_usd_per_mtok": 0.0}},
            {"id": "unknown", "engine": {"kind": "fake"}},
        )
    }
)


@pytest.mark.parametrize(
    ("expert", "cost"),
    # Three tokens at 2 USD a million, two at 10.
    [("dear", 3 * 2e-6 + 2 * 10e-6), ("free", 0.0), ("unknown", None)],
)
async def test_an_answer_costs_what_the_registry_says(expert, cost):
    programs = Programs(REGISTRY, generation=1, routers={}, dispatch=FakeEngine("one two"))

    reply = await programs.reply(Query(id="q", model=expert, prompt=Text(text="a b c")))

    assert (await collect(reply.items)).usage.cost_usd == (cost and pytest.approx(cost))


def test_a_million_tokens_cost_their_price():
    usage = Usage(prompt_tokens=1_000_000, completion_tokens=500_000)

    assert cost_usd(usage, Price(**PRICE)) == 7.0


async def test_a_notice_has_no_price():
    told = Notice(position=1, expected_s=2.0)
    engine = FakeEngine(script=lambda _: Script(notices=(told,)))
    programs = Programs(REGISTRY, generation=1, routers={}, dispatch=engine)

    reply = await programs.reply(Query(id="q", model="dear", prompt=Text(text="a b c")))

    assert await anext(reply.items) == told
    assert (await collect(reply.items)).usage.cost_usd is not None


async def test_hanging_up_on_a_priced_answer_ends_it():
    engine = FakeEngine("one two")
    programs = Programs(REGISTRY, generation=1, routers={}, dispatch=engine)
    reply = await programs.reply(Query(id="q", model="dear", prompt=Text(text="a b c")))

    await anext(reply.items)
    await reply.items.aclose()

    assert list(engine.cancelled) == ["q"]
