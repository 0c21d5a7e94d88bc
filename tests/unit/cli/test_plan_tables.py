"""A plan as tables and sentences."""

import io

import pytest
from rich.console import Console

from orchestrator.batch.plan_file import plan_lines
from orchestrator.cli.plan_tables import experts_table, head, summary_table, summed_up
from orchestrator.client.plan_wire import BatchPlan, PlanExpert, read_plan
from tests.unit.batch.plans import arrival, plan, workload


def small() -> BatchPlan:
    return read_plan(plan_lines(plan(), arrival(), workload()))


def shown(table, *, width: int = 100) -> list[str]:
    console = Console(file=io.StringIO(), width=width)
    console.print(table)
    return console.file.getvalue().splitlines()


@pytest.mark.parametrize("width", range(60, 201, 20))
def test_tables_fit_the_terminal(width):
    lines = [
        *shown(summary_table(small()), width=width),
        *shown(experts_table(small()), width=width),
    ]

    assert max(map(len, lines)) <= width


def test_the_plan_stands_beside_arrival_order():
    lines = shown(summary_table(small()))

    rows = {cells[0].strip(): [one.strip() for one in cells[1:]] for line in lines
            if len(cells := line.strip("│").split("│")) == 3}  # fmt: skip
    assert rows["swaps"] == ["1", "4"]
    assert rows["in swaps"] == ["1 s", "4 s"]
    assert rows["until the end"] == ["4.5 s", "10 s"]
    assert rows["no plan is faster than"] == ["4 s, the plan is 12.5% above", ""]
    assert rows["requests past their deadline"] == ["1", ""]


def test_the_plan_in_sentences():
    assert summed_up(small()) == [
        "4 requests make 5 calls of 2 experts on 2 slots: about 500 tokens read, 102 written",
        "1 swap (1 s), 4.5 s until the end; in arrival order 4 swaps (4 s), 10 s until the end.",
        "No plan is faster than 4 s: this one is 12.5% above.",
    ]


def test_calls_without_a_place_are_told():
    found = small()
    homeless = found.summary.model_copy(update={"num_unplanned": 3})

    _, told = head(found.model_copy(update={"summary": homeless}))

    assert told.startswith("3 calls have no place in the plan: their experts are upstreams, or no")


def test_names_that_look_like_styles_are_names_and_the_rest_is_counted():
    one = PlanExpert(expert="[red]x[/red]", num_calls=1, prompt_tokens=1, output_tokens=1,
                     num_runs=1, num_swaps=0, busy_s=1)  # fmt: skip

    lines = shown(experts_table(small().model_copy(update={"experts": (one,) * 23})))

    assert sum("[red]x[/red]" in line for line in lines) == 20
    assert any("and 3 more" in line for line in lines)
