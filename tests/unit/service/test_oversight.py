"""What operators are told of slots, and where their wishes go."""

import pytest

from orchestrator.errors import EngineDeadError, ExpertUnavailableError, InvalidRequestError
from orchestrator.residency.wishes import Wish
from tests.slots import PLAIN, READY, SILENT, Slots


def wish(slot=None, *, kind="pin"):
    return Wish(kind=kind, expert="plain", key=PLAIN, slot=slot)


async def test_a_wish_for_what_no_slot_hosts_is_to_come_again():
    with pytest.raises(ExpertUnavailableError, match="no slot hosts expert 'plain' yet") as caught:
        await Slots(hosts={}).oversight.steer(wish())

    assert caught.value.retry_after_s is not None


async def test_a_wish_for_another_slot_names_those_that_host_it():
    slots = Slots(hosts={PLAIN: ("local", "local-1")})

    with pytest.raises(
        InvalidRequestError, match=r"'gpu' does not host .* allowed: local, local-1"
    ):
        await slots.oversight.steer(wish("gpu"))


async def test_a_failure_keeps_its_kind_and_when_to_come_again():
    slots = Slots(hosts={PLAIN: ("local-1",)})

    with pytest.raises(EngineDeadError, match="slot 'local-1': its worker is gone") as caught:
        await slots.oversight.steer(wish())

    assert isinstance(caught.value.__cause__, EngineDeadError)


@pytest.mark.parametrize(
    ("kind", "asked"),
    [
        ("load", ["local-1"]),
        ("pin", ["local-1"]),
        ("unload", ["local", "local-1"]),
        ("unpin", ["local", "local-1"]),
    ],
)
async def test_an_expert_is_brought_up_at_home_and_given_up_everywhere(kind, asked):
    slots = Slots(hosts={PLAIN: ("local", "local-1")}, homes={PLAIN: ("local-1",)})
    slots.reports["local-1"] = READY

    granted = await slots.oversight.steer(wish(kind=kind))

    assert [one.slot for one in granted] == asked


async def test_who_has_no_home_is_brought_up_wherever_it_is_hosted():
    slots = Slots(hosts={PLAIN: ("local", "local-1")})
    slots.reports["local-1"] = READY

    assert len(await slots.oversight.steer(wish(kind="load"))) == 2


async def test_a_slot_that_is_named_need_be_no_home():
    slots = Slots(hosts={PLAIN: ("local", "local-1")}, homes={PLAIN: ("local-1",)})

    assert [one.slot for one in await slots.oversight.steer(wish("local"))] == ["local"]


async def test_what_was_heard_in_passing_counts_for_a_slot_that_falls_silent():
    slots = Slots()
    slots.oversight.hear(READY)
    slots.oversight.hear(SILENT)
    slots.fall_silent()
    slots.now_s += 3

    local, other = (await slots.oversight.residency()).slots

    assert (local.health, local.age_s, local.report) == ("silent", 3.0, READY.report)
    assert (other.age_s, other.report) == (None, None)


async def test_a_slot_that_has_left_and_comes_back_is_not_taken_for_the_old_one():
    slots = Slots()
    await slots.oversight.residency()
    left = slots.reports.pop("local")
    await slots.oversight.residency()
    slots.reports["local"] = left
    slots.fall_silent()

    local, _ = (await slots.oversight.residency()).slots

    assert (local.report, local.age_s) == (None, None)
