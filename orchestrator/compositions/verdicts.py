"""What judges say, read: pure.

Only what a judge itself wrote is read, and only as a reply of the form that it was asked for: its
first word, or its last line alone. What stands between may quote an answer, and an answer may say
`yes`. What cannot be read is no verdict.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import exp

from orchestrator.engines.answer import Choice
from orchestrator.engines.base import TokenLogprob
from routers.answers import without_thinking
from routers.comparisons import Comparison

#: Scores in figures go from 0 to this.
_MOST = 10.0
_WORD = re.compile(r"\W*(yes|no)\b", re.IGNORECASE)
_LAST_WORD = re.compile(r"\W*(?:verdict\W+)?(yes|no)\W*", re.IGNORECASE)
_SCORE = re.compile(
    r"\W*(?:score\W+|rating\W+)?(?<!-)(\d{1,3}(?:\.\d{1,6})?)(?: ?/ ?10)?\W*", re.IGNORECASE
)
_PLACE = re.compile(r"\W*(?:candidate\W+|answer\W+|verdict\W+)?([012])\W*", re.IGNORECASE)
_CHAIN = re.compile(r"\W*\d{1,3}(?:(?:\s*>\s*|\s*,\s*|\s+)\d{1,3})+\W*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One reply of a judge, or the lack of it."""

    #: Its place among the judges.
    judge: int
    #: Places of the candidates that it was shown, in order.
    shown: tuple[int, ...]
    #: `None` where there is none.
    choice: Choice | None
    #: Whether what it was shown is too long for it to read.
    is_too_long: bool = False
    #: Whether it may still come.
    is_open: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What all verdicts come to."""

    #: Place of the best candidate; `None` while verdicts to come decide.
    best: int | None
    #: Places of the verdicts that could be read.
    readable: frozenset[int]


def is_passed(choice: Choice) -> bool | None:
    """Whether a judge says yes; `None` where it says neither."""
    said = _said(choice)
    found = _WORD.match(said) or _LAST_WORD.fullmatch(_last_line(said))
    return None if found is None else found[1].lower() == "yes"


def score_of(choice: Choice) -> float | None:
    """How sure a judge is that an answer is right, in [0, 1]; `None` where it does not say.

    Where it says yes or no, the probability of `yes` at its first token, what neither word was
    given shared; 1 or 0 where log-probabilities are not told, or are those of thinking. Else a
    tenth of the number that it says.
    """
    if (word := is_passed(choice)) is not None:
        tokens = () if choice.reasoning else choice.logprobs
        likely = _likely(tokens, "yes" if word else "no")
        return float(word) if likely is None else likely
    said = _said(choice)
    found = _SCORE.fullmatch(_first_line(said)) or _SCORE.fullmatch(_last_line(said))
    if found is None or float(found[1]) > _MOST:
        return None
    return float(found[1]) / _MOST


def preferred(choice: Choice) -> int | None:
    """1 or 2 for the better of two answers as they were shown, 0 for neither; `None` unsaid."""
    said = _said(choice)
    found = _PLACE.fullmatch(_first_line(said)) or _PLACE.fullmatch(_last_line(said))
    return None if found is None else int(found[1])


def compared(choice: Choice, shown: tuple[int, int]) -> tuple[Comparison, ...]:
    """What a judge says of two answers; nothing where it cannot be read."""
    first, second = shown
    if (place := preferred(choice)) is None:
        return ()
    better = None if place == 0 else shown[place - 1]
    return (Comparison(first=first, second=second, better=better),)


def ordered(choice: Choice, shown: Sequence[int]) -> tuple[Comparison, ...]:
    """What an order of answers says of each two in it; nothing where there is none.

    Args:
        choice: numbers from 1 on, the best first; of one that stands twice the first counts, and
            an order with a number that was not shown is none.
        shown: the answers in the order in which they were numbered.
    """
    said = _said(choice)
    found = _CHAIN.fullmatch(_first_line(said)) or _CHAIN.fullmatch(_last_line(said))
    numbers = [] if found is None else [int(one) for one in re.findall(r"\d+", found[0])]
    if any(not 1 <= number <= len(shown) for number in numbers):
        return ()
    order = [number - 1 for number in dict.fromkeys(numbers)]
    return tuple(
        Comparison(first=shown[min(a, b)], second=shown[max(a, b)], better=shown[a])
        for at, a in enumerate(order)
        for b in order[at + 1 :]
    )


def _likely(tokens: Sequence[TokenLogprob], word: str) -> float | None:
    """The probability of `yes` at the first token, where that begins the word that was said."""
    first = next((token for token in tokens if _letters(token.token)), None)
    if first is None or not word.startswith(_letters(first.token)):
        return None
    known = {token.token: token.logprob for token in (first, *first.top)}
    yes, no = _mass(known.items(), "yes"), _mass(known.items(), "no")
    return min(max((1.0 + yes - no) / 2, 0.0), 1.0)


def _mass(tokens: Iterable[tuple[str, float]], word: str) -> float:
    """Probability of the tokens that begin `word`."""
    known = [(_letters(token), logprob) for token, logprob in tokens]
    return sum(exp(logprob) for told, logprob in known if told and word.startswith(told))


def _letters(token: str) -> str:
    """A token without the blanks and marks of tokenizers around its letters."""
    return re.sub(r"[\W_]+", "", token).lower()


def _said(choice: Choice) -> str:
    return without_thinking(choice.text)


def _first_line(said: str) -> str:
    return said.split("\n", 1)[0].strip()


def _last_line(said: str) -> str:
    return said.rsplit("\n", 1)[-1].strip()
