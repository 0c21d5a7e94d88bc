"""What a gateway sees of its engines before it asks them."""

import pytest

from orchestrator.engines.base import Call, Text
from orchestrator.engines.breaker import FIRST_PAUSE_S
from orchestrator.engines.collecting import collect
from orchestrator.engines.dispatch import Dispatch
from orchestrator.engines.fake import FakeEngine
from orchestrator.engines.foresight import Foresight
from orchestrator.errors import EngineDeadError, ExpertUnavailableError
from orchestrator.residency.choice import SlotOutlook
from orchestrator.residency.clock import ManualClock
from orchestrator.residency.placement import DispatchTable

MATHS, FRENCH, HOSTED = "maths@1", "french@1", "hosted@1"
KEYS = frozenset({MATHS, FRENCH, HOSTED})
DEAD = FakeEngine(fails=EngineDeadError("gone"))


class Gateway:
    """A dispatch over slots `a` and `b` and one upstream, on a clock of its own."""

    def __init__(self, *, outlooks=None, a=None, upstream=None, **slots_by_expert) -> None:
        self.clock = ManualClock()
        self.table = DispatchTable(
            slots_by_expert={f"{name}@1": slots for name, slots in slots_by_expert.items()},
            outlook_by_slot=outlooks or {},
        )
        self.dispatch = Dispatch(
            self.table,
            slots={"a": a or FakeEngine(), "b": FakeEngine()},
            remotes={HOSTED: upstream or FakeEngine()},
            refresh=self._refresh,
            clock=self.clock.time,
        )

    async def _refresh(self) -> DispatchTable:
        return self.table

    async def ask(self, key: str) -> None:
        expert, _, version = key.partition("@")
        call = Call(id="c", expert=expert, generation=1, version=version, prompt=Text(text="hi"))
        await collect(self.dispatch.generate(call))

    def unreachable(self) -> dict[str, str]:
        return dict(self.dispatch.unreachable(KEYS))


def test_dispatch_has_foresight():
    assert isinstance(Gateway().dispatch, Foresight)


def test_who_is_hosted_or_answered_elsewhere_can_be_reached():
    assert Gateway(maths=("a",), french=("a", "b")).unreachable() == {}


def test_who_is_missing_may_be_newer_than_the_table_and_the_next_one_tells():
    gateway = Gateway(maths=("a",))

    assert gateway.unreachable() == {}
    gateway.dispatch.adopt(gateway.table)
    assert gateway.unreachable() == {FRENCH: "no slot that answers hosts it"}


def test_who_comes_back_can_be_reached_at_once_and_is_given_time_when_missed_again():
    gateway = Gateway(maths=("a",))
    hosting = Gateway(maths=("a",), french=("b",)).table
    gateway.unreachable()
    gateway.dispatch.adopt(gateway.table)

    for table in (hosting, gateway.table):
        gateway.dispatch.adopt(table)
        assert gateway.unreachable() == {}


def test_a_slot_that_is_not_connected_hosts_nobody():
    gateway = Gateway(maths=("a",), french=("gone",))
    gateway.unreachable()

    gateway.dispatch.adopt(gateway.table)

    assert set(gateway.unreachable()) == {FRENCH}


async def test_who_is_on_dead_slots_alone_cannot_be_reached_for_a_while():
    gateway = Gateway(a=DEAD, maths=("a",), french=("a", "b"))

    with pytest.raises(ExpertUnavailableError):
        await gateway.ask(MATHS)

    assert gateway.unreachable() == {MATHS: "['a'], which host it, failed a moment ago"}
    gateway.clock.advance(FIRST_PAUSE_S)
    assert gateway.unreachable() == {}


async def test_a_dead_upstream_is_left_alone_for_a_while():
    gateway = Gateway(upstream=DEAD, maths=("a",), french=("a",))

    with pytest.raises(ExpertUnavailableError):
        await gateway.ask(HOSTED)

    assert gateway.unreachable() == {HOSTED: "its upstream failed a moment ago"}


def test_who_is_left_alone_by_every_slot_that_hosts_it_cannot_be_reached():
    broken = SlotOutlook(broken=(MATHS, FRENCH))

    found = Gateway(outlooks={"a": broken}, maths=("a",), french=("a", "b")).unreachable()

    assert found == {MATHS: "['a'] leave it alone after a step that failed"}


def test_an_answer_is_soonest_where_the_expert_is_resident():
    outlooks = {
        "a": SlotOutlook(swap_s=4.0, call_s=1.0),
        "b": SlotOutlook(residents=(MATHS,), swap_s=4.0, call_s=1.0),
    }
    gateway = Gateway(outlooks=outlooks, maths=("a", "b"), french=("a", "b"))

    # French: a swap and a call at either.
    assert [gateway.dispatch.answer_s(key) for key in (MATHS, FRENCH)] == [1.0, 5.0]


async def test_an_upstream_takes_what_it_took_lately():
    gateway = Gateway(maths=("a",))
    before_s = gateway.dispatch.answer_s(HOSTED)

    await gateway.ask(HOSTED)

    assert (before_s, gateway.dispatch.answer_s(HOSTED)) == (1.0, 0.0)
