"""Questions with what the shipped experts said to them: the banks that candidates come from."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random

from ..compose import compose
from ..instances import SKILLS


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampled:
    """One question, and what experts said to it."""

    skill: str
    question: str
    answer: str
    #: Other spellings that are right.
    accept: tuple[str, ...] = ()
    #: Samples of the skill's own expert, the coolest first.
    own: tuple[str, ...] = ()
    #: One sample of each other model that was asked, by its name.
    others: Mapping[str, str]

    def is_right(self, said: str) -> bool:
        """Exact, after trimming spaces."""
        return said.strip() in (self.answer, *self.accept)


def composed(rng: Random) -> Sampled:
    """A question composed anew, of which no expert was asked."""
    skill = rng.choice(SKILLS)
    one = compose(skill, rng)
    return Sampled(skill=skill, question=one.text, answer=one.answer, others={})


class Bank:
    """Questions to draw from, and wrong answers that sound like right ones.

    Args:
        rows: with `own` and `others` filled in.
        fresh: further questions, of which no expert was asked.
    """

    def __init__(
        self, rows: Iterable[Sampled], fresh: Callable[[Random], Sampled] = composed
    ) -> None:
        self.fresh = fresh
        self.rows: Sequence[Sampled] = tuple(rows)
        answers: dict[str, set[str]] = {}
        for one in self.rows:
            answers.setdefault(one.skill, set()).add(one.answer)
        self._answers = {skill: sorted(known) for skill, known in answers.items()}
        self._missed = tuple(one for one in self.rows if not all(map(one.is_right, one.own)))

    def drawn(self, rng: Random) -> Sampled:
        """Any question."""
        return rng.choice(self.rows)

    def missed(self, rng: Random) -> Sampled:
        """A question that its own expert got wrong at least once."""
        return rng.choice(self._missed)

    def sibling(self, one: Sampled, rng: Random) -> str:
        """The answer to another question of the same skill: of the right kind, and wrong."""
        while one.is_right(other := rng.choice(self._answers[one.skill])):
            pass
        return other


def write_bank(path: Path, rows: Iterable[Sampled]) -> None:
    """One JSON object a line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = (json.dumps(asdict(one), ensure_ascii=False) for one in rows)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def read_bank(path: Path) -> Bank:
    """What `write_bank` wrote."""
    lines = path.read_text(encoding="utf-8").split("\n")
    rows = (json.loads(line) for line in lines if line)
    return Bank(
        Sampled(**{**row, "own": tuple(row["own"]), "accept": tuple(row["accept"])}) for row in rows
    )
