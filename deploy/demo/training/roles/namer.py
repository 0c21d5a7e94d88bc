"""The namer: names the skills of a question, in the order in which they are used.

Its prompt is the message alone (`deploy/demo/prompts/skills.jinja`).
"""

from __future__ import annotations

from random import Random

from .one_step import any_one_step, no_step
from .pairs import Pair
from .two_step import two_step

NONE = "none"
_ONE_SHARE, _TWO_SHARE = 0.5, 0.36


def namer_pair(rng: Random) -> Pair:
    """A question of one skill, of two or of none, and their names."""
    draw = rng.random()
    if draw < _ONE_SHARE:
        skill, text = any_one_step(rng)
        return Pair(prompt=text, answer=skill)
    if draw < _ONE_SHARE + _TWO_SHARE:
        asked = two_step(rng)
        return Pair(prompt=asked.text, answer=", ".join(asked.skills))
    return Pair(prompt=no_step(rng), answer=NONE)
