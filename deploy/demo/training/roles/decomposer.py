"""The decomposer: splits a two-skill question into sub-questions, one a line.

A later line names the answer of an earlier one by `#1` or `#2`; the last line's answer is the
answer. A question that needs no split is its own only line. It is trained with and without a
first attempt in the prompt; what ships (`deploy/demo/prompts/decompose.jinja`) leaves that out,
since fewer splits are right with one.

Source: Juneja 2023, "Small Language Models Fine-tuned to Coordinate Larger Language Models
improve Complex Reasoning" (DaSLaM), arXiv:2310.18338. We differ: trained on composed pairs alone,
without the reward of a solver's success.
"""

from __future__ import annotations

from random import Random

from ..instances import SAMPLERS, SKILLS
from .one_step import any_one_step, no_step
from .pairs import Pair
from .two_step import two_step

MAX_ATTEMPT_CHARS = 40
_TWO_SHARE, _ONE_SHARE = 0.66, 0.28
_ATTEMPT_SHARE = 0.4


def decomposer_prompt(message: str, attempt: str = "") -> str:
    r"""How the role is asked.

    >>> decomposer_prompt("The plural of nam, read backwards?", "nams")
    'The plural of nam, read backwards?\nTried: nams'
    """
    tried = " ".join(attempt.split())[:MAX_ATTEMPT_CHARS]
    return f"{message.strip()}\nTried: {tried}" if tried else message.strip()


def decomposer_pair(rng: Random) -> Pair:
    """A question, with an attempt at times, and its lines."""
    message, lines = _asked(rng)
    attempt = _attempt(rng) if rng.random() < _ATTEMPT_SHARE else ""
    return Pair(prompt=decomposer_prompt(message, attempt), answer="\n".join(lines))


def _asked(rng: Random) -> tuple[str, tuple[str, ...]]:
    draw = rng.random()
    if draw < _TWO_SHARE:
        asked = two_step(rng)
        return asked.text, asked.lines
    text = any_one_step(rng)[1] if draw < _TWO_SHARE + _ONE_SHARE else no_step(rng)
    return text, (text.strip(),)


def _attempt(rng: Random) -> str:
    """An answer as some expert gives it, right or not: the role must not go by it."""
    forms = SAMPLERS[rng.choice(SKILLS)]
    return forms[rng.choice(list(forms))](rng, "train").answer
