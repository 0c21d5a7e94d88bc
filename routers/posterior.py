"""How likely each expert's domain is that of a prompt, and a vote weighed by it.

Source: the ensemble of Branch-Train-Merge, Li 2022, arXiv:2208.03306: outputs are weighed by the
posterior of the domain, few experts take part, and the rest share their weight. Ours: the posterior
is read off a router's scores, once a request instead of once a token, and what is weighed are whole
answers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import exp, inf, isfinite, log

from .base import RouterError
from .votes import Ballot, Vote, hold_vote


def posterior(
    scores: Mapping[str, float],
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    floor: float = 0.0,
) -> dict[str, float]:
    """What each expert's answer weighs: `score ** (1 / temperature)`, normalised; best first.

    Args:
        scores: of a router, zero or more; equal ones keep their order.
        temperature: under 1 the best weigh more, above 1 all weigh more alike.
        top_k: at most so many take part; `None` lets all do.
        floor: who weighs less is left out, unless it is the best; in [0, 1].

    Returns:
        Weights that sum to one, of those who take part.

    Raises:
        RouterError: there is no score, one is negative or no number, or a setting is out of range.
    """
    _check(scores, temperature=temperature, top_k=top_k, floor=floor)
    ordered = sorted(scores, key=lambda name: -scores[name])[:top_k]
    kept = _normalised({name: scores[name] for name in ordered}, temperature)
    best = ordered[0]
    kept = {name: share for name, share in kept.items() if name == best or share >= floor}
    total = sum(kept.values())
    return {name: share / total for name, share in kept.items()}


def weighed_vote(
    answers: Sequence[tuple[str, str | None]], weight_by_expert: Mapping[str, float]
) -> Vote:
    """The answer with most of the posterior; of two with as much, the likelier expert's.

    Args:
        answers: expert and what it answered, canonical; `None` abstains. In any order.
        weight_by_expert: as `posterior` gives it.

    Raises:
        RouterError: nobody answered, or somebody who has no weight.
    """
    if absent := sorted({name for name, _ in answers} - set(weight_by_expert)):
        raise RouterError(f"experts {absent} have no weight; {sorted(weight_by_expert)} have")
    trusted = sorted(answers, key=lambda one: -weight_by_expert[one[0]])
    return hold_vote(
        [
            Ballot(expert=name, answer=answer, weight=weight_by_expert[name])
            for name, answer in trusted
        ]
    )


def _normalised(scores: Mapping[str, float], temperature: float) -> dict[str, float]:
    logits = {name: _log(score) / temperature for name, score in scores.items()}
    top = max(logits.values())
    if top == -inf:
        return dict.fromkeys(scores, 1 / len(scores))
    powers = {name: exp(logit - top) for name, logit in logits.items()}
    total = sum(powers.values())
    return {name: power / total for name, power in powers.items()}


def _log(score: float) -> float:
    return log(score) if score > 0 else -inf


def _check(
    scores: Mapping[str, float], *, temperature: float, top_k: int | None, floor: float
) -> None:
    if not scores:
        raise RouterError("a posterior needs the score of one expert or more")
    for name, score in scores.items():
        if not isfinite(score) or score < 0:
            raise RouterError(f"expert {name!r} scores {score}; scores are 0 or more")
    if not (isfinite(temperature) and temperature > 0):
        raise RouterError(f"temperature is {temperature}; it is above 0")
    if top_k is not None and top_k < 1:
        raise RouterError(f"top_k is {top_k}; one expert at least takes part")
    if not 0 <= floor <= 1:
        raise RouterError(f"floor is {floor}; it lies in 0 to 1")
