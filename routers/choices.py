"""The lettered options of a multiple-choice question, and the question without some of them.

Source: Divide and Conquer for LLM reasoning, Meng 2024, arXiv:2401.05190: where samples disagree,
the options that none of them chose are dropped and the rest is asked again (*filter choices*). The
options that stay keep their letters, so that what is answered means the same before and after.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from string import ascii_uppercase

#: With fewer there is nothing to choose.
MIN_OPTIONS = 2
#: Options stand at the end; what lies before is not read.
_MAX_CHARS = 20_000
#: A letter that opens a line.
_OPENING = re.compile(r"^[ \t]*(?:\(([A-Z])\)|([A-Z])[.):])(?=[ \t]+\S)", re.MULTILINE)
_BLANK_LINE = re.compile(r"\n[ \t]*\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option, and where it stands in its question."""

    letter: str
    text: str
    #: Its characters, from its letter to the start of what follows.
    start: int
    stop: int


def options_of(question: str) -> tuple[Option, ...]:
    """The last list of options of a question, each on lines of its own, from A without a gap.

    Empty where there is none: a single one is no choice, and a letter that opens a sentence is
    followed by no B.
    """
    skipped = max(len(question) - _MAX_CHARS, 0)
    found = list(_OPENING.finditer(question, skipped))
    letters = [match[1] or match[2] for match in found]
    run = _last_run(letters)
    if len(run) < MIN_OPTIONS:
        return ()
    ends = [found[at].start() for at in run[1:]] + [_end(question, found[run[-1]].end())]
    return tuple(
        Option(
            letter=letters[at],
            text=question[found[at].end() : stop].strip(),
            start=found[at].start(),
            stop=stop,
        )
        for at, stop in zip(run, ends, strict=True)
    )


def unchosen(options: Sequence[Option], answers: Iterable[str | None]) -> tuple[str, ...]:
    """Letters that nobody answered; none where fewer than two were, since nothing would be left.

    Args:
        options: of the question.
        answers: letters, as `routers/answers.py` reads them; others and `None` choose nothing.
    """
    said = set(answers)
    chosen = [option for option in options if option.letter in said]
    if len(chosen) < MIN_OPTIONS:
        return ()
    return tuple(option.letter for option in options if option.letter not in said)


def without(question: str, letters: Iterable[str]) -> str:
    """The question as it was, but for the options of these letters."""
    dropped, kept, at = set(letters), list[str](), 0
    for option in options_of(question):
        kept.append(question[at : option.start])
        if option.letter not in dropped:
            kept.append(question[option.start : option.stop])
        at = option.stop
    return "".join([*kept, question[at:]])


def _last_run(letters: Sequence[str]) -> list[int]:
    """Places of the last A that has a B, a C and so on behind it, whatever stands between."""
    starts = [at for at, letter in enumerate(letters) if letter == "A"]
    for start, stop in reversed(list(pairwise([*starts, len(letters)]))):
        run = [start]
        for at in range(start + 1, stop):
            if letters[at] == ascii_uppercase[len(run)]:
                run.append(at)
        if len(run) >= MIN_OPTIONS:
            return run
    return []


def _end(question: str, start: int) -> int:
    """Where the last option ends: at a blank line, else with the question."""
    found = _BLANK_LINE.search(question, start)
    return found.start() + 1 if found else len(question)
