"""Questions of one skill, and of none, as roles are asked them too."""

from __future__ import annotations

from random import Random

from ...routing.compose import decoy, one_skill, unknown, wordings
from ..compose import compose
from ..instances import SKILLS

_WORDINGS_SHARE, _DECOY_SHARE = 0.35, 0.25


def one_step(skill: str, rng: Random) -> str:
    """A question of one skill: the experts' grammar, the router's wordings, or a decoy."""
    draw = rng.random()
    if draw < _WORDINGS_SHARE:
        return one_skill(wordings(skill), "wordings", rng).question
    if draw < _WORDINGS_SHARE + _DECOY_SHARE:
        return decoy(skill, rng).question
    return compose(skill, rng).text


def any_one_step(rng: Random) -> tuple[str, str]:
    """A skill, and a question of it."""
    skill = rng.choice(SKILLS)
    return skill, one_step(skill, rng)


def no_step(rng: Random) -> str:
    """A question that no expert is for."""
    return unknown(rng).question
