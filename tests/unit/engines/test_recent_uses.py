import pytest

from orchestrator.engines.recent_uses import MAX_USES, RecentUses
from orchestrator.simulation.reuse import sch, srp


def uses_of(*experts):
    uses = RecentUses()
    for expert in experts:
        uses.note(expert)
    return uses


def test_before_the_first_call_nothing_is_known():
    assert RecentUses().reuse(capacity=1) is None


@pytest.mark.parametrize(("experts", "ratio"), [("a" * 20, 19 / 20), ("ab" * 10, 0.0)])
def test_a_trace_of_one_expert_suits_one_place_and_one_in_turns_does_not(experts, ratio):
    assert uses_of(*experts).reuse(capacity=1).sch == ratio


def test_only_recent_calls_count():
    recent = ["b", "c"] * (MAX_USES // 2)

    reuse = uses_of("a", "a", *recent).reuse(capacity=2)

    assert reuse.num_uses == MAX_USES
    assert (reuse.srp, reuse.sch) == (
        srp(recent, segment=reuse.horizon),
        sch(recent, lookahead=reuse.horizon, capacity=2),
    )


def test_a_call_or_another_capacity_makes_the_figures_new():
    uses = uses_of("a", "b", "a", "b")
    before = uses.reuse(capacity=1)

    assert uses.reuse(capacity=1) is before
    assert uses.reuse(capacity=2).sch == 2 / 4
    uses.note("a")
    assert uses.reuse(capacity=2).num_uses == 5
