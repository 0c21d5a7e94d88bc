"""Figures that the pages give are those of the runs that they name."""

import re
from collections.abc import Callable
from statistics import median

import pytest

from tests.bench_runs import (
    ROOT,
    bar,
    beside_a_batch,
    edits_ms,
    figures,
    fitted,
    gateway,
    growth,
    in_order_of,
    of_one_expert,
    of_two_models,
    one_expert,
    planned,
    quality,
    recorded,
    routed,
)
from tests.told_rows import ROWS

#: What the README says, as a pattern with one group for each figure, and what the run says.
TOLD = {
    "waits beside a batch": (
        r"half of them wait ([\d.]+) times as long, and one in a hundred ([\d.]+) times",
        lambda: [beside_a_batch("p50"), beside_a_batch("p99")],
    ),
    "a batch by plan": (
        r"\| by plan \| ([\d.]+) \(predicted ([\d.]+), [^|]*\| (\d+) \|",
        lambda: [planned()["planned"][key] for key in ("wall_s", "predicted_s", "swaps")],
    ),
    "a batch whose experts are resident": (
        r"already resident, summed \| ([\d.]+) \| 0 \|",
        lambda: [sum(planned()["resident_s"]) / len(planned()["resident_s"])],
    ),
    "a batch by llama-swap's queue": (
        r"by llama-swap's queue \| ([\d.]+) \| ([\d,]+) \|",
        lambda: [in_order_of("llama-swap")[key] for key in ("sibling swaps_s", "swaps")],
    ),
    "a batch in the order of its file": (
        r"in the order of the file \| ([\d.]+) \| ([\d,]+) \|",
        lambda: [in_order_of("arrival order")[key] for key in ("sibling swaps_s", "swaps")],
    ),
    "a batch in stages": (
        r"in three stages take (\d+) swaps",
        lambda: [figures("batch")["staged"]["swaps"]],
    ),
    "requests during edits": (
        r"replies of two generations \(([\d,]+) requests\)",
        lambda: [figures("registry")["edits"]["num_requests"]],
    ),
    "how soon an edit is served": (
        r"until every gateway serves it \| p50 (\d+) ms, p99 (\d+) ms",
        lambda: [edits_ms("p50"), edits_ms("p99")],
    ),
    "answers after swaps": (
        r"two adapters \((\d+) answers\) \| (\d+) \|",
        lambda: [figures("registry")["words"][key] for key in ("num_answers", "num_different")],
    ),
    "votes over recorded answers": (
        r"by category makes ([\d.]+) % and [^(]*, ([\d.]+) % \(`best single` ([\d.]+)\)",
        lambda: [
            recorded("vote of the best five, weighed by category"),
            recorded("routed vote, weighed by the posterior"),
            recorded("best single"),
        ],
    ),
    "where long prompts are routed": (
        r"500-token prompts \| [\d.]+ ms, ([\d.]+) % right \| [^|]*, ([\d.]+) % \|",
        lambda: [100 * figures("gateway")["routing"]["accuracy"][key] for key in ("cut", "uncut")],
    ),
    "a routing decision": (
        r"500-token prompts \| ([\d.]+) ms, .* reading the whole prompt ([\d.]+) ms",
        lambda: [median(figures("gateway")["routing"]["p50_ms"][key]) for key in ("cut", "uncut")],
    ),
    "tokens a second beside vLLM": (
        r"streamed[^|]*\| ([\d,]+) \| bare \w+ ([\d,]+) \| 75 %: holds \(([\d.]+)\)",
        lambda: [
            *(gateway("vllm", arm, "tokens", "tokens_per_s") for arm in ("orchestrator", "bare")),
            bar("gateway", "vllm: our tokens/s over bare, 64 clients"),
        ],
    ),
    "the longest wait for a turn": (
        r"the answer included \| ([\d.]+) s",
        lambda: [bar("swap", "turns: longest wait, answer included")],
    ),
    "a swap beside a load": (
        r"a sibling's swap, p50, beside a load; (\d+) answers unlike[^|]*\| (\d+) ms; (\d+) \|",
        lambda: [
            figures("swaps")["swaps"]["num_answers"],
            bar("swaps", "swaps: a sibling's swap, p50"),
            bar("swaps", "swaps: answers unlike a fresh engine's"),
        ],
    ),
    "experts in turns": (
        r"one resident expert on one engine \((\d+)\) \| ([\d.]+); with `patience: 0.9` ([\d.]+)",
        lambda: [
            one_expert(),
            *(of_one_expert(arm) for arm in ("ours", "ours, patience 0.9")),
        ],
    ),
    "homes": (
        r"gateways ([\d.]+) times as soon, with a median wait ([\d.]+) times as short",
        lambda: [
            bar("placement", f"{what}, off to on, several gateways, mean")
            for what in ("makespan", "median wait")
        ],
    ),
    "the simulator beside real engines": (
        r"makespan is (\d+) % off and its swaps (\d+) %",
        lambda: [
            100 * bar("replay", f"simulated against real: {what}, worst trace")
            for what in ("makespan", "swaps")
        ],
    ),
    "a large plan": (
        r"takes ([\d.]+) s and ([\d.]+) GiB; [^%]* within ([\d.]+) % of [^,]*, ([\d.]+) %",
        lambda: [
            *growth(3)[:2],
            *(
                100 * bar("planner", f"200 small instances: {which} gap to the optimum")
                for which in ("worst", "mean")
            ),
        ],
    ),
    "composed requests at once": (
        r"at once take (\d+) swaps on one\s+engine, one after another (\d+)",
        lambda: [figures("compositions")["swaps"]["swaps"][key] for key in ("at_once", "in_turn")],
    ),
}

ARMS = ("beside_s", "alone_s")


def online(arm: str, quantile: str) -> float:
    """How long callers wait with a batch or without, in seconds."""
    return figures("batch")["online"][arm][quantile]


#: Prose of the other pages, as `TOLD` has the README's.
PROSE: dict[tuple[str, str], Callable[[], list[float]]] = {
    (
        "docs/batches.md",
        r"waited (\d+) ms[^,]* of (\d+),\s+but [^\d]+ (\d+) ms [^\d]+ (\d+), ([\d.]+) times",
    ): lambda: [
        *(1000 * online(arm, quantile) for quantile in ("p50", "p99") for arm in ARMS),
        beside_a_batch("p99"),
    ],
    ("docs/papers.md", r"choice of three and a vote ([\d.]+) %, as released ([\d.]+) %"): lambda: [
        routed(f"symbolic-moe {arm}, 3 and vote")[2] for arm in ("paper", "released")
    ],
    ("docs/papers.md", r"our `top_k` ([\d.]+) %; best single model ([\d.]+) %"): lambda: [
        routed(arm)[2] for arm in ("symbolic-moe top_k, 3 and vote", "best single")
    ],
    ("docs/papers.md", r"APGR (\.\d+) on MMLU, (\.\d+) on GSM8K"): lambda: of_two_models(
        "blend of linear map and neighbours"
    )[::5],
    ("docs/papers.md", r"`auto` ([\d.]+) %, one call"): lambda: quality("auto", "all"),
    ("docs/papers.md", r"`vote` \| ([\d.]+) %"): lambda: quality("vote", "all"),
    ("docs/papers.md", r"`rpc` \| ([\d.]+) %"): lambda: quality("rpc", "all"),
    ("docs/papers.md", r"`self_moa_seq` \| ([\d.]+) %, ([\d.]+) %"): lambda: [
        *quality("self_moa", "all"),
        *quality("self_moa_seq", "all"),
    ],
    ("docs/papers.md", r"`symbolic_moe` \| ([\d.]+) %, ([\d.]+) calls"): lambda: quality(
        "symbolic_moe", "all", "calls"
    ),
    ("docs/papers.md", r"`ensemble` \| ([\d.]+) % there; ([\d.]+) % [^,]*, best single ([\d.]+)"): (
        lambda: [
            *quality("ensemble", "all"),
            recorded("routed vote, weighed by the posterior"),
            recorded("best single"),
        ]
    ),
    ("docs/papers.md", r"`cascade` \| \*\*([\d.]+) %\*\*, ([\d.]+) calls"): lambda: quality(
        "cascade", "all", "calls"
    ),
    ("docs/papers.md", r"of two skills ([\d.]+) %"): lambda: quality("decompose", "two_skill"),
    ("docs/papers.md", r"`best_of_n` \| ([\d.]+) %, ([\d.]+) calls"): lambda: quality(
        "best_of_n", "all", "calls"
    ),
    ("docs/routers.md", r"500 tokens \(([\d.]+) ms where no word was ever met"): lambda: [
        median(figures("routing")["decision"]["p50_ms_unheard_words"])
    ],
    ("docs/papers.md", r"p99 beside a batch ([\d.]+) times"): lambda: [beside_a_batch("p99")],
    ("docs/papers.md", r"makespan ([\d.]+) times shorter"): lambda: [
        bar("placement", "makespan, off to on, several gateways, mean")
    ],
    ("docs/papers.md", r"calibration error ([\d.]+)"): lambda: fitted("linear")[3:],
    ("docs/papers.md", r"([\d.]+) % of prompts in a proposal"): lambda: [
        bar("labels", "proposals: prompts of their proposal's skill")
    ],
    ("docs/scale.md", r"makespan is (\d+) % off at worst, the number of swaps (\d+) %"): lambda: [
        100 * bar("replay", f"simulated against real: {what}, worst trace")
        for what in ("makespan", "swaps")
    ],
    ("docs/scale.md", r"queue's makespan is ([\d.]+) s, the plan's ([\d.]+) s"): lambda: [
        figures("planner")["peers"]["4"][arm]["makespan_s"]
        for arm in ("llama-swap's queue", "planned")
    ],
    ("docs/routers.md", r"matrix product: ([\d.]+) ms"): lambda: [
        figures("routing")["nearest"]["p50_ms of 512 neighbours"]
    ],
    ("docs/routers.md", r"on one core: p50 ([\d.]+) ms for distinct"): lambda: [
        bar("routing", "decision: p50 on one core, distinct 500-token prompts")
    ],
    ("docs/routers.md", r"([\d,]+) prompts in a second of its time"): lambda: [
        bar("routing", "decision: prompts in a second of one core, in batches of 256")
    ],
}

#: A number of a page: `1,234`, `5.6` or `.652`.
_NUMBER = r"(?<![\w.,])-?(?:\d+(?:,\d{3})*(?:\.\d+)?|\.\d+)"


def as_told(number: float, told: str) -> str:
    """`number` with as many digits behind the point as the page gives."""
    digits = len(told.partition(".")[2])
    text = f"{number:,.{digits}f}"
    return text.removeprefix("0") if told.startswith(".") else text


def all_as_told(numbers: list[float], told: list[str]) -> list[str]:
    return [as_told(number, one) for number, one in zip(numbers, told, strict=True)]


def read(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


@pytest.mark.parametrize("claim", TOLD)
def test_a_figure_of_the_readme_is_the_one_that_its_run_wrote(claim):
    pattern, measured = TOLD[claim]
    found = re.search(pattern, read("README.md"))
    assert found is not None

    told = list(found.groups())

    assert told == all_as_told(measured(), told)


@pytest.mark.parametrize(("page", "row"), ROWS)
def test_a_row_of_a_table_is_the_one_that_its_run_wrote(page, row):
    found = re.findall(rf"^\| {re.escape(row)} \|(.*)$", read(page), flags=re.MULTILINE)
    assert found != []

    told = [re.findall(_NUMBER, line) for line in found]

    assert any(
        len(one) == len(ROWS[page, row]()) and one == all_as_told(ROWS[page, row](), one)
        for one in told
    ), (told, ROWS[page, row]())


@pytest.mark.parametrize(("page", "pattern"), PROSE)
def test_a_figure_in_the_prose_of_a_page_is_the_one_that_its_run_wrote(page, pattern):
    found = re.search(pattern, read(page))
    assert found is not None

    told = list(found.groups())

    assert told == all_as_told(PROSE[page, pattern](), told)
