"""A registry whose every expert says which edition of it answers, and edits of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Literal

Kind = Literal["change", "add", "remove", "invalid"]

#: Words of an answer: it is long enough to be under way when its expert is edited.
NUM_WORDS = 16
#: Out of ten edits.
_SHARES: Mapping[Kind, int] = {"change": 5, "add": 2, "remove": 2, "invalid": 1}
_FAULTS = (
    ("engine:", "engin:"),
    ("  - id: ", "  - id: not a name "),
    ("experts:", "experts: ["),
    ("kind: fake", "kind: fakee"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One version of the registry."""

    kind: Kind
    text: str
    #: Expert -> edition, as this version has them.
    editions: Mapping[str, int]
    #: The expert that is edited; none where the text is faulty.
    expert: str | None


class Editions:
    """Draws edits one after another; the same seed draws the same.

    Args:
        num_lasting: experts that no edit removes.
        token_delay_ms: pause of each before each word.
    """

    def __init__(self, *, num_lasting: int, token_delay_ms: float, seed: int = 0) -> None:
        self._random = Random(seed)
        self._delay_ms = token_delay_ms
        self._num_added = 0
        self.lasting = tuple(f"e{number}" for number in range(num_lasting))
        self.editions = dict.fromkeys(self.lasting, 1)

    def text(self, editions: Mapping[str, int] | None = None) -> str:
        """The registry of these editions, else as it is now."""
        entries = (self._entry(*one) for one in (editions or self.editions).items())
        return "version: 1\nexperts:\n" + "".join(entries)

    def draw(self) -> Edit:
        """The next edit; it is not made until `take` is called with it."""
        kinds = list(_SHARES)
        (kind,) = self._random.choices(kinds, weights=[_SHARES[one] for one in kinds])
        passing = [name for name in self.editions if name not in self.lasting]
        if kind == "invalid":
            old, new = self._random.choice(_FAULTS)
            text = self.text().replace(old, new, 1)
            return Edit(kind=kind, text=text, editions=self.editions, expert=None)
        editions = dict(self.editions)
        if kind == "remove" and passing:
            expert = self._random.choice(passing)
            del editions[expert]
        elif kind == "change":
            expert = self._random.choice(self.lasting)
            editions[expert] += 1
        else:
            kind, self._num_added = "add", self._num_added + 1
            expert = f"added{self._num_added}"
            editions[expert] = 1
        return Edit(kind=kind, text=self.text(editions), editions=editions, expert=expert)

    def take(self, edit: Edit) -> None:
        """Go on from this edit, as it became live."""
        self.editions = dict(edit.editions)

    def _entry(self, expert: str, edition: int) -> str:
        engine = json.dumps({"says": says(expert, edition), "token_delay_ms": self._delay_ms})
        return f"  - id: {expert}\n    engine: {{kind: fake, {engine[1:-1]}}}\n"


def says(expert: str, edition: int) -> str:
    """The answer of one edition of an expert, which is in each of its words."""
    return " ".join([f"{expert}.{edition}"] * NUM_WORDS)
