"""When answers that cost little will do: how much they agree, or how likely one was written.

Pure. Source: agreement, Yue 2023, arXiv:2310.03094, and Divide and Conquer, Meng 2024,
arXiv:2401.05190; the probability of the words is what RPC goes by (`routers/perplexity.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import exp
from statistics import fmean
from typing import Literal

from orchestrator.compositions.stages import CallDone
from orchestrator.compositions.voting import agreed, samples_of
from orchestrator.engines.answer import Choice
from orchestrator.engines.base import Sampling
from orchestrator.registry.composition_entry import AnswerKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """What answers have to reach to be taken."""

    by: Literal["agreement", "confidence"]
    #: Share of answers that are the same, or mean probability of a token; in (0, 1].
    tau: float
    #: Answers that are asked for.
    num_asked: int
    answers: AnswerKind

    def verdict(self, calls: Sequence[CallDone]) -> bool | None:
        """Whether they do; `None` while those still to come decide."""
        num_left = sum(call.num_open for call in calls)
        if self.by == "agreement":
            samples = samples_of(calls, self.answers)
            return agreed(samples, num_left=num_left, num_asked=self.num_asked, tau=self.tau)
        found = [p for call in calls for one in call.choices if (p := likelihood(one)) is not None]
        if max(found, default=0.0) >= self.tau:
            return True
        return None if num_left else False


def likelihood(choice: Choice) -> float | None:
    """Geometric mean of the probabilities of an answer's tokens; `None` where nobody told them."""
    if not choice.text.strip() or not choice.logprobs:
        return None
    # Log-probabilities of engines lie above zero by rounding.
    return exp(min(fmean(token.logprob for token in choice.logprobs), 0.0))


def telling(sampling: Sampling) -> Sampling:
    """`sampling`, with how likely the words are that are drawn."""
    return sampling if sampling.top_logprobs is not None else replace(sampling, top_logprobs=0)


def as_wanted(choice: Choice, sampling: Sampling) -> Choice:
    """An answer without the log-probabilities that its caller did not ask for."""
    return replace(choice, logprobs=()) if sampling.top_logprobs is None else choice
