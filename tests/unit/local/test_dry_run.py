"""A plan as a person reads it."""

from orchestrator.client.plan_wire import BatchPlan, Figures, PlanRun, PlanSummary
from orchestrator.local.dry_run import DryRun

RUN = PlanRun(
    slot="local", expert="math", stage=0, num_calls=3, num_tokens=30, begins_s=0, step="swap",
    step_s=2, ends_s=12,
)  # fmt: skip
SUMMARY = PlanSummary(
    version=1, num_requests=3, num_calls=3, num_experts=1, num_slots=1, prompt_tokens=10,
    output_tokens=20, num_runs=1, num_swaps=1, swap_s=2, makespan_s=12, lower_bound_s=11,
    gap=0.09, arrival=Figures(num_runs=4, num_swaps=7, swap_s=14, makespan_s=33),
)  # fmt: skip


def test_it_is_read_beside_the_order_of_arrival_with_its_chart():
    told = str(DryRun(plan=BatchPlan(summary=SUMMARY, runs=(RUN,))))

    rows = [line.split() for line in told.splitlines()]
    assert ["│", "planned", "│", "1", "│", "1", "│", "2", "s", "│", "12", "s", "│"] in rows
    assert any("as they arrive" in line and "7" in line for line in told.splitlines())
    assert "math" in told
    assert "no plan is faster than 11 s" in told


def test_its_page_draws_the_same():
    page = DryRun(plan=BatchPlan(summary=SUMMARY, runs=(RUN,))).page

    assert page.lstrip().lower().startswith("<!doctype html>")
    assert "math" in page
