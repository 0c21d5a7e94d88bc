"""Timelines as tests draw them."""

from __future__ import annotations

from orchestrator.batch.progress import Bar, Timeline


def bar(slot: str, expert: str, begins_s: float, ends_s: float, *, step_s: float = 0.0) -> Bar:
    return Bar(
        slot=slot,
        expert=expert,
        stage=0,
        num_calls=5,
        begins_s=begins_s,
        step="swap" if step_s else None,
        step_s=step_s,
        ends_s=ends_s,
    )


def small() -> Timeline:
    """Two slots: `a` swaps once, `b` was late."""
    return Timeline(
        batch_id="batch_small",
        predicted=(
            bar("a", "maths", 0, 40),
            bar("a", "law", 40, 100, step_s=10),
            bar("b", "biology", 0, 90),
        ),
        happened=(
            bar("a", "maths", 0, 45),
            bar("a", "law", 45, 110, step_s=12),
            bar("b", "biology", 0, 120),
        ),
        lower_bound_s=95.0,
    )


def large(*, num_slots: int = 64, num_runs: int = 1000) -> Timeline:
    """Runs of 200 experts, each with a swap, spread over slots; what happened took a tenth more."""
    predicted, happened = [], []
    for place in range(num_runs):
        slot, turn = f"node-{place % num_slots}", place // num_slots
        begins_s, length_s = turn * 70.0, 40.0 + 3.0 * (place % 10)
        expert = f"expert-{place * 7 % 200}"
        predicted.append(bar(slot, expert, begins_s, begins_s + length_s, step_s=2.0))
        happened.append(bar(slot, expert, begins_s * 1.1, (begins_s + length_s) * 1.1, step_s=2.5))
    return Timeline(
        batch_id="batch_large",
        predicted=tuple(predicted),
        happened=tuple(happened),
        lower_bound_s=1000.0,
    )
