"""Rows of tables that tell of a run, page by page."""

from collections.abc import Callable

from tests.bench_runs import (
    bar,
    by_embedding,
    figures,
    fitted,
    gateway,
    growth,
    interval,
    of_one_expert,
    of_two_models,
    quality,
    reached,
    routed,
    simulated,
    swaps_of_peers,
    within_budgets,
)

ALL = ("all", "one_skill", "two_skill", "calls")
SINGLE = ("best single expert", "generalist")


def beside(part: str, peer: str, load: str, *keys: str) -> list[float]:
    """The service's figure and its peer's."""
    return [gateway(part, arm, load, *keys) for arm in ("orchestrator", peer)]


def of_each(*arms: str) -> list[float]:
    """All that is told of several arms, kind of questions by kind of questions."""
    return [number for key in ALL for arm in arms for number in quality(arm, key)]


#: Rows of tables, by page and by how they begin; every number behind that is held to the run.
ROWS: dict[tuple[str, str], Callable[[], list[float]]] = {
    ("README.md", "`auto`, greedy and at 0.7"): lambda: quality("auto", *ALL),
    ("README.md", "`self_moa`; `self_moa_seq`"): lambda: of_each("self_moa", "self_moa_seq"),
    ("README.md", "`vote`; `rpc`; `ensemble`; `best_of_n`"): lambda: of_each(
        "vote", "rpc", "ensemble", "best_of_n"
    ),
    ("README.md", "`decompose`, every question"): lambda: quality("decompose", *ALL),
    ("README.md", "`cascade`: `auto`, then `decompose` where it is unsure"): lambda: quality(
        "cascade", *ALL
    ),
    ("README.md", "random experts, good aggregator"): lambda: quality(
        "random experts, good aggregator", *ALL
    ),
    ("README.md", "oracle over single experts"): lambda: [*quality("oracle", *ALL[:3]), 13],
    ("README.md", "the same requests in the order of their arrival"): lambda: [
        of_one_expert("arrival order")
    ],
    ("README.md", "on one engine instead of four"): lambda: [of_one_expert("ours, one engine")],
    ("README.md", "p50 at one client, before the same echo upstream, routing on"): lambda: [
        *beside("litellm", "litellm", "1 clients, 60 tokens", "latency_ms", "p50"),
        bar("gateway", "litellm: our p50 over theirs, 1 client"),
    ],
    ("README.md", "requests a second at 32 clients, one gateway, one LiteLLM worker"): lambda: [
        *beside("litellm", "litellm", "32 clients, 60 tokens", "requests_per_s"),
        bar("gateway", "litellm: our requests/s over theirs, 32 clients"),
    ],
    ("README.md", "first token at one client"): lambda: [
        *beside("vllm", "bare", "first token", "first_token_ms", "p50"),
        8,
        bar("gateway", "vllm: our first token later, 1 client"),
    ],
    (
        "README.md",
        "`make serve`, installed, to the first answer; SIGTERM to nothing left",
    ): lambda: [
        bar("lifecycle", "lifecycle: make serve to the first answer"),
        bar("lifecycle", "lifecycle: SIGTERM to nothing left"),
        90,
        15,
    ],
    ("README.md", "requests a second, of those without edits"): lambda: [
        bar("registry", "edits: requests a second, of those without edits")
    ],
    ("README.md", "one of 1,000 experts changed: until every gateway serves it"): lambda: [
        bar("registry", "edits: one of 1,000 experts, everywhere")
    ],
    ("README.md", "best single expert; generalist"): lambda: [
        *(n for key in ALL[:3] for arm in SINGLE for n in quality(arm, key)),
        1,
    ],
    ("docs/comparison.md", "p50 at one client, before the same upstream, routing on"): lambda: (
        beside("litellm", "litellm", "1 clients, 60 tokens", "latency_ms", "p50")
    ),
    ("docs/comparison.md", "requests a second at 32 clients, one gateway, one worker"): lambda: (
        beside("litellm", "litellm", "32 clients, 60 tokens", "requests_per_s")
    ),
    ("docs/comparison.md", "tokens a second at 64 clients, streamed"): lambda: beside(
        "vllm", "bare", "tokens", "tokens_per_s"
    ),
    ("docs/comparison.md", "first token at one client"): lambda: beside(
        "vllm", "bare", "first token", "first_token_ms", "p50"
    ),
    ("docs/scale.md", "a slot's next step, 1,000 experts waiting, p99"): lambda: [
        bar("policy", "slot's decision, 1,000 experts waiting, p99")
    ],
    ("docs/scale.md", "a gateway's choice among 100 slots, p99"): lambda: [
        bar("policy", "gateway's choice of 100 slots, p99")
    ],
    ("docs/scale.md", "homes of 1,000 experts on 100 slots"): lambda: [
        bar("placement", "homes of 1,000 experts on 100 slots")
    ],
    ("docs/scale.md", "a file of 1,000 experts checked"): lambda: [
        bar("registry", "1,000 experts: check")
    ],
    ("docs/scale.md", "one of 1,000 experts changed: until every gateway serves it"): lambda: [
        bar("registry", "edits: one of 1,000 experts, everywhere")
    ],
    ("docs/scale.md", "ours as shipped"): lambda: simulated("bounded", 0.5),
    ("docs/scale.md", "CoServe's"): lambda: simulated("coserve"),
    ("docs/scale.md", "longest queue"): lambda: simulated("longest_queue"),
    ("docs/scale.md", "first in, first out"): lambda: simulated("fifo"),
    ("docs/scale.md", "least recent use, in the order of arrival"): lambda: simulated("lru"),
    ("docs/compositions.md", "one model drawn"): lambda: [*interval("random"), 1],
    ("docs/compositions.md", "best single"): lambda: [*interval("best single"), 1],
    ("docs/compositions.md", "best of the category"): lambda: [*interval("best per category"), 1],
    ("docs/compositions.md", "`vote` of the best five"): lambda: [
        *interval("vote of the best five"),
        5,
    ],
    ("docs/compositions.md", "oracle"): lambda: [*interval("oracle"), 10],
    ("docs/routers.md", "2,400 held-out questions"): lambda: reached("held-out frames"),
    ("docs/routers.md", "of one skill"): lambda: reached("held-out frames of one skill"),
    ("docs/routers.md", "144 in wordings of another hand"): lambda: reached(
        "wordings of another hand"
    ),
    ("docs/routers.md", "16,440 labels, linear"): lambda: fitted("linear"),
    ("docs/routers.md", "16,440 labels, neighbours"): lambda: fitted("neighbours"),
    ("docs/routers.md", "5 labels a skill, linear"): lambda: fitted("5 labels a skill, alone"),
    ("docs/routers.md", "the same, spread over the other prompts"): lambda: fitted(
        "5 labels a skill, spread"
    ),
    ("docs/routers.md", "10 labels a skill, linear"): lambda: fitted("10 labels a skill, alone"),
    ("docs/routers.md", "the same, spread"): lambda: fitted("10 labels a skill, spread"),
    ("docs/routers.md", "map"): lambda: within_budgets("right", "mean"),
    ("docs/routers.md", "spent, B"): lambda: within_budgets("spent_b"),
    ("docs/routers.md", "best single expert within it"): lambda: within_budgets(
        "best_single_within", "mean"
    ),
}
ROWS |= {
    ("docs/scale.md", told): lambda index=index: growth(index)
    for index, told in enumerate(("1,000", "10,000", "100,000", "1,000,000"))
}
ROWS |= {
    ("docs/scale.md", slots): lambda slots=slots: swaps_of_peers(slots) for slots in ("1", "2", "4")
}
ROWS |= {
    ("docs/routers.md", arm): lambda arm=arm: [
        *routed(arm),
        figures("routing")["half"]["balanced"]["calls"][arm],
    ]
    for arm in figures("routing")["half"]["balanced"]["calls"]
    if arm not in ("one call, skills and looks", "one call, skills, looks and static embedding")
}
ROWS |= {
    ("docs/routers.md", arm): lambda arm=arm: by_embedding(arm)
    for arm in (
        "skills and looks",
        "static alone",
        "MiniLM alone",
        "skills, looks and static",
        "skills, looks and MiniLM",
    )
}
ROWS |= {
    ("docs/routers.md", told): lambda arm=arm: of_two_models(arm)
    for told, arm in {
        "length of the prompt": "length of the prompt",
        "linear: subject and looks": "linear: subject and looks",
        "linear: subject, looks, static embedding": "linear: subject, looks and static",
        "linear: subject, looks, MiniLM": "linear: subject, looks and minilm",
        "neighbours: static": "neighbours: static",
        "neighbours: MiniLM": "neighbours: minilm",
        "**blend**": "blend of linear map and neighbours",
    }.items()
}
ROWS |= {
    ("docs/compositions.md", told): lambda arm=arm, calls=calls: [*interval(arm), calls]
    for told, arm, calls in (
        (
            "the same five, weighed by their scores on the category",
            "vote of the best five, weighed by category",
            5,
        ),
        ("`vote` of the best five of the category", "routed vote of five, by category", 5),
        (
            "`ensemble`, `experts` and `sharpness` chosen on the half that is learned from",
            "routed vote, weighed by the posterior",
            7,
        ),
    )
}
ROWS |= {
    ("docs/routers.md", told.replace("+", ", ")): lambda told=told: [
        *figures("labels")["discovery"][told].values()
    ]
    for told in figures("labels")["discovery"]
}
ROWS |= {
    ("README.md", told): lambda names=names, bars=bars: [
        *(bar("routing", name) for name in names),
        *bars,
    ]
    for told, names, bars in (
        (
            "demo: held-out frames that reach their expert; unknown topics recognised",
            (
                "demo: all held-out frames routed right, two skills included",
                "demo: unknown topics recognised",
            ),
            (95, 90),
        ),
        (
            "half of the questions as labels: one call; three and a vote; five and a vote",
            (
                "half, balanced: one call, signals chosen on the labels",
                "half, balanced: 3 recruited and vote",
                "half, balanced: 5 recruited and vote",
            ),
            (53.5, 56.5, 58.0),
        ),
        (
            "best category-to-expert map, 200 by 200, under a budget",
            ("budgets: longest search of the best map, 200 categories by 200 experts",),
            (10,),
        ),
    )
}
