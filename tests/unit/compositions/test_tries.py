"""Further tries of a call, by dispatch: within the caps of its request."""

import pytest

from orchestrator.compositions.programs import Programs
from orchestrator.engines.collecting import collect
from orchestrator.engines.dispatch import Dispatch
from orchestrator.engines.fake import FakeEngine
from orchestrator.engines.scripts import Script
from orchestrator.errors import EngineDeadError, ExpertUnavailableError, LimitsError
from orchestrator.registry.models import Registry, key_of
from orchestrator.residency.placement import DispatchTable
from orchestrator.routing.limits import Limits
from tests.served import PreferenceRouter
from tests.unit.compositions.pool import ask

REGISTRY = Registry.model_validate(
    {
        "experts": [{"id": name, "engine": {"kind": "fake"}} for name in "ab"],
        "routers": {"topic": {"kind": "category", "artifact": "x", "fallback": "a"}},
        "compositions": {
            "both": {"kind": "vote", "router": "topic", "samples": 1, "experts": 2},
            "outer": {"kind": "cascade", "cheap": ["both"], "strong": "b", "tau": 0.9},
        },
    }
)


def programs(**slots: FakeEngine) -> Programs:
    """Both experts on each of `slots`, the first of which is tried first."""
    keys = [key_of(one.id, one.version) for one in REGISTRY.experts]
    table = DispatchTable(slots_by_expert={key: tuple(slots) for key in keys})

    async def refresh() -> DispatchTable:
        return table

    dispatch = Dispatch(table, slots=slots, remotes={}, refresh=refresh, clock=lambda: 0.0)
    router = PreferenceRouter("a", "b")
    return Programs(REGISTRY, generation=1, routers={"topic": router}, dispatch=dispatch)


def dead() -> FakeEngine:
    return FakeEngine(script=lambda call: Script(fails=EngineDeadError("its process is gone")))


async def test_a_further_try_is_a_call_more():
    first, second = dead(), FakeEngine("yes")

    reply = await programs(x=first, y=second).reply(ask(model="a", limits=Limits(max_calls=2)))

    assert (await collect(reply.items)).choices[0].text == "yes"
    assert reply.ledger is not None
    assert reply.ledger.spent.calls == 2


@pytest.mark.parametrize(
    ("model", "error"),
    [("a", ExpertUnavailableError), ("both", ExpertUnavailableError), ("outer", LimitsError)],
)
async def test_no_further_try_passes_the_cap_on_calls(model, error):
    engines = dead(), dead()
    served = programs(x=engines[0], y=engines[1])

    reply = await served.reply(ask("1", model=model, limits=Limits(max_calls=1)))

    with pytest.raises(error):
        await collect(reply.items)
    assert sum(len(one.calls) for one in engines) == 1
    assert reply.reached == ("max_calls",)
