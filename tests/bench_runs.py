"""What the benches wrote, read for the pages that tell of it."""

import json
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).parents[1]
POOLS = ("balanced", "dominant")
ENDS = ("mean", "low", "high")


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


def bar(run: str, name: str) -> float:
    """What the run measured for the bar that is called `name`."""
    bars = json.loads((ROOT / f"bench/out/{run}.json").read_text(encoding="utf-8"))["bars"]
    return next(one["value"] for one in bars if one["name"] == name)


def quality(arm: str, *keys: str) -> list[float]:
    """Percent right of an arm of `make bench-compositions`, on each kind of questions."""
    told = figures("compositions")["quality"]["arms"][arm]
    return [told[key]["mean"] if key != "calls" else told[key] for key in keys]


def throughput(arm: str) -> float:
    return figures("swap")["turns"]["runs"][arm]["requests_per_s"]


def one_expert() -> float:
    """Requests a second of one resident expert: the mean of the runs before and after."""
    return (throughput("one expert") + throughput("one expert again")) / 2


def of_one_expert(arm: str) -> float:
    """Requests a second of an arm, of those of one resident expert."""
    return throughput(arm) / one_expert()


def growth(index: int) -> list[float]:
    """A row of the plans that grow: time, memory, swaps, makespan over its lower bound."""
    row = figures("planner")["scale"]["growth"][index]
    over = row["makespan_s"] / row["lower_bound_s"]
    return [row["took_s"], row["peak_gib"], row["num_swaps"], over]


def swaps_of_peers(slots: str) -> list[float]:
    peers = figures("planner")["peers"][slots]
    arms = ("arrival order and LRU", "waves of 100", "llama-swap's queue", "planned")
    return [peers[arm]["num_swaps"] for arm in arms]


def simulated(policy: str, patience: float | None = None) -> list[float]:
    """The `zipf` cell of 64 slots at 8 requests a second for each, of one policy."""
    cell = next(
        one
        for one in figures("policy")["grid"]["cells"]
        if (one["trace"], one["num_slots"], one["requests_per_s"]) == ("zipf", 64, 8.0)
        and (one["policy"], one["patience"]) == (policy, patience)
    )
    return [cell[key] for key in ("num_swaps", "makespan_s", "p50_wait_s", "p99_wait_s")]


def routed(arm: str) -> list[float]:
    """A row of the routers' table: both pools with few labels and with half, and calls."""
    runs = figures("routing")
    pools = [runs[part][pool] for part in ("few labels", "half") for pool in POOLS]
    return [one["right"][arm]["mean"] for one in pools]


def of_two_models(arm: str) -> list[float]:
    """A row of RouteLLM's questions: APGR with its interval and two CPTs, of each part."""
    rows = [figures("routing")["two models"][part][arm] for part in ("mmlu", "gsm8k")]
    return [
        number
        for row in rows
        for number in (*(row["apgr"][end] for end in ENDS), row["cpt50"], row["cpt80"])
    ]


def interval(arm: str) -> list[float]:
    return [figures("compositions")["recorded"]["right"][arm][end] for end in ENDS]


def gateway(part: str, arm: str, load: str, *keys: str) -> float:
    """The median over the interleaved runs of an arm of `make bench-gateway`."""
    runs = figures("gateway")[part]["runs"][arm][load]
    return median(run[keys[0]][keys[1]] if keys[1:] else run[keys[0]] for run in runs)


def fitted(name: str) -> list[float]:
    """A row of `make bench-labels`, of few labels or of a whole classifier."""
    of_labels = figures("labels")
    row = of_labels["classifiers"].get(name) or of_labels["few"]["mean"][name]
    return [row[key] for key in ("category", "routed", "unknown", "calibration error")]


def reached(asked: str) -> list[float]:
    """Percent of demo questions that reach their expert, with intervals, by each embedding."""
    arms = figures("routing")["demo"][asked]
    return [
        100 * arms[arm]["right"][end] for arm in ("static", "minilm", "keywords") for end in ENDS
    ]


def by_embedding(arm: str) -> list[float]:
    runs = figures("routing")["embeddings"]
    return [
        runs[f"{part}, {pool}"][f"one call, {arm}"]["mean"]
        for part in ("few labels", "half")
        for pool in POOLS
    ]


def within_budgets(*keys: str) -> list[float]:
    """What maps of the balanced pool have, one figure for each budget."""
    found = figures("routing")["budgets"]["balanced"]
    return [one[keys[0]][keys[1]] if keys[1:] else one[keys[0]] for one in found]
