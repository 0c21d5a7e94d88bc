"""How likely experts found the tokens of their own answers, and who did not tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import fmean

from orchestrator.client import Completion
from routers.datasets import Outcome


def mean_log_prob(completion: Completion) -> float | None:
    """Mean log-probability of the tokens of the first answer; `None` where it does not tell."""
    told = completion.choices[0].logprobs if completion.choices else None
    tokens = (told or {}).get("content")
    if not tokens:
        return None
    # Upstreams that compute in few bits report certain tokens as a little over zero.
    return min(fmean(token["logprob"] for token in tokens), 0.0)


def untold(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """A line for each expert some of whose answers came without a log-probability."""
    by_expert: dict[str, list[Outcome]] = {}
    for one in outcomes:
        if not one.fault:
            by_expert.setdefault(one.expert, []).append(one)
    for expert, answers in by_expert.items():
        if lacking := sum(one.log_prob is None for one in answers):
            yield (
                f"expert {expert!r} told no log-probability for {lacking} of {len(answers)} "
                "answers: each of these weighs as a median answer in `orchestrator fit skill "
                "--without-labels`"
            )
