"""Figures that pages give are those of the runs that it names."""

import json
import re
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@cache
def figures(name: str) -> Any:
    return json.loads((ROOT / f"bench/out/{name}.json").read_text(encoding="utf-8"))["figures"]


def beside_a_batch(quantile: str) -> float:
    """How many times as long callers wait beside a batch as alone."""
    online = figures("batch")["online"]
    return online["beside_s"][quantile] / online["alone_s"][quantile]


def planned() -> dict[str, Any]:
    return figures("batch")["planned"]


def in_order_of(arm: str) -> dict[str, float]:
    return planned()["arms"][arm]


def edits_ms(quantile: str) -> float:
    return figures("registry")["edits"]["edit_s"][quantile] * 1000


def recorded(arm: str) -> float:
    return figures("compositions")["recorded"]["right"][arm]["mean"]


def bar(name: str, start: str) -> float:
    """The value of the one bar of a bench whose name begins so."""
    content = json.loads((ROOT / f"bench/out/{name}.json").read_text(encoding="utf-8"))
    (found,) = (one["value"] for one in content["bars"] if one["name"].startswith(start))
    return float(found)


def of_gateway(part: str, who: str, case: str, key: str) -> float:
    """The median of the interleaved runs."""
    told = [run[key] for run in figures("gateway")[part]["runs"][who][case]]
    return median(one["p50"] if isinstance(one, dict) else one for one in told)


def both(part: str, beside: str, case: str, key: str) -> list[float]:
    return [of_gateway(part, who, case, key) for who in ("orchestrator", beside)]


def of_one_expert(arm: str) -> float:
    """Requests a second, as a share of those of one resident expert."""
    runs = figures("swap")["turns"]["runs"]
    alone = (runs["one expert"]["requests_per_s"] + runs["one expert again"]["requests_per_s"]) / 2
    return runs[arm]["requests_per_s"] / alone


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
    "p50 beside LiteLLM": (
        r"routing on \| ([\d.]+) ms \| LiteLLM's proxy ([\d.]+) ms",
        lambda: both("litellm", "litellm", "1 clients, 60 tokens", "latency_ms"),
    ),
    "requests a second beside LiteLLM": (
        r"32 clients, one gateway, one (?:LiteLLM )?worker \| ([\d,]+) \| LiteLLM's proxy (\d+)",
        lambda: both("litellm", "litellm", "32 clients, 60 tokens", "requests_per_s"),
    ),
    "tokens a second beside vLLM": (
        r"tokens a second at 64 clients, streamed[^|]*\| ([\d,]+) \| bare \w+ ([\d,]+)",
        lambda: both("vllm", "bare", "tokens", "tokens_per_s"),
    ),
    "first token beside vLLM": (
        r"first token at one client \| ([\d.]+) ms \| bare \w+ ([\d.]+) ms",
        lambda: both("vllm", "bare", "first token", "first_token_ms"),
    ),
    "bars of the gateway": (
        (
            r"(?s)a third: holds \(([\d.]+)\).* holds \(([\d.]+)\).* 75 %: holds \(([\d.]+)\)"
            r".* at most: holds \(([\d.]+)\)"
        ),
        lambda: [
            bar("gateway", start)
            for start in (
                "litellm: our p50",
                "litellm: our requests",
                "vllm: our tokens",
                "vllm: our first",
            )
        ],
    ),
    "a routing decision": (
        r"500-token prompts \| ([\d.]+) ms, .* reading the whole prompt ([\d.]+) ms",
        lambda: [median(figures("gateway")["routing"]["p50_ms"][key]) for key in ("cut", "uncut")],
    ),
    "start and stop": (
        r"SIGTERM to nothing left \| (\d+) s; ([\d.]+) s",
        lambda: [bar("lifecycle", "lifecycle: make"), bar("lifecycle", "lifecycle: SIGTERM")],
    ),
    "turns of twelve experts": (
        r"one engine \((\d+)\) \| ([\d.]+); with `patience: 0.9` ([\d.]+) \|",
        lambda: [
            figures("swap")["turns"]["runs"]["one expert"]["requests_per_s"],
            *map(of_one_expert, ("ours", "ours, patience 0.9")),
        ],
    ),
    "turns in other orders": (
        r"of their arrival \| ([\d.]+) \| \|\n\| on one engine instead of four \| ([\d.]+)",
        lambda: [*map(of_one_expert, ("arrival order", "ours, one engine"))],
    ),
    "the longest wait for a turn": (
        r"the answer included \| ([\d.]+) s",
        lambda: [bar("swap", "turns: longest wait")],
    ),
    "a sibling's swap": (
        r"beside a load; (\d+) answers unlike a fresh engine's \| (\d+) ms; (\d+) \|",
        lambda: [
            figures("swaps")["swaps"]["num_answers"],
            bar("swaps", "swaps: a sibling's swap"),
            bar("swaps", "swaps: answers unlike"),
        ],
    ),
    "homes by load": (
        r"several gateways ([\d.]+) times as soon, with a median wait ([\d.]+) times",
        lambda: [
            bar("placement", "makespan, off to on, several"),
            bar("placement", "median wait, off to on, several"),
        ],
    ),
    "the simulator": (
        r"makespan is (\d+) % off and its swaps (\d+) %",
        lambda: [
            100 * bar("replay", "simulated against real: makespan"),
            100 * bar("replay", "simulated against real: swaps"),
        ],
    ),
    "where long prompts are routed": (
        r"500-token prompts \| [\d.]+ ms, ([\d.]+) % right \| [^|]*, ([\d.]+) % \|",
        lambda: [100 * figures("gateway")["routing"]["accuracy"][key] for key in ("cut", "uncut")],
    ),
}


def as_told(number: float, told: str) -> str:
    """`number` with as many digits behind the point as the page gives."""
    digits = len(told.partition(".")[2])
    return f"{number:,.{digits}f}"


#: Claims of the README that another page makes as well.
ALSO = {
    "docs/comparison.md": (
        "p50 beside LiteLLM",
        "requests a second beside LiteLLM",
        "tokens a second beside vLLM",
        "first token beside vLLM",
    ),
}
CLAIMS = [
    *(("README.md", claim) for claim in TOLD),
    *((page, claim) for page, claims in ALSO.items() for claim in claims),
]


@pytest.mark.parametrize(("page", "claim"), CLAIMS)
def test_a_figure_of_a_page_is_the_one_that_its_run_wrote(page, claim):
    pattern, measured = TOLD[claim]
    found = re.search(pattern, (ROOT / page).read_text(encoding="utf-8"))
    assert found is not None

    told = list(found.groups())

    assert told == [as_told(number, one) for number, one in zip(measured(), told, strict=True)]
