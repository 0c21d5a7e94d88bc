"""What is known of a question before anyone answers: its skills, its looks, its meaning."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .base import RouterError
from .embeddings import Embedder

#: Shape [n_questions, n_signals].
Rows = NDArray[np.float64]

#: Characters of a text that are looked at.
_MAX_CHARS = 20_000
_OPTION = re.compile(r"^\(?[A-Z][.)] ", re.MULTILINE)
#: Beside a skill, which is 0 or 1: how much looks count, and how long an embedding is.
_LOOKS_NORM, MEANING_NORM = 0.3, 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Signals:
    """Turns questions into rows; fitting and serving share it."""

    skills: tuple[str, ...]
    #: Mean and spread of the looks of the questions it was fitted on: shape [2, n_looks].
    looks: NDArray[np.float64]
    #: None: meaning is left out.
    embedder: Embedder | None

    @classmethod
    def of(
        cls,
        texts: Sequence[str],
        skills: Sequence[Collection[str]],
        *,
        embedder: Embedder | None,
    ) -> Signals:
        """For questions like these.

        Raises:
            RouterError: there is no question.
        """
        if not texts:
            raise RouterError("signals are fitted on one question or more, found none")
        found = looks(texts)
        return cls(
            skills=tuple(sorted({name for own in skills for name in own})),
            looks=np.stack([found.mean(axis=0), np.maximum(found.std(axis=0), 1e-6)]),
            embedder=embedder,
        )

    def rows(self, texts: Sequence[str], skills: Sequence[Collection[str]]) -> Rows:
        """One row a question; skills that are not known leave no mark."""
        place = {name: i for i, name in enumerate(self.skills)}
        named = np.zeros((len(texts), len(self.skills)))
        for row, own in enumerate(skills):
            named[row, [place[name] for name in own if name in place]] = 1
        look = np.clip((looks(texts) - self.looks[0]) / self.looks[1], -4, 4) * _LOOKS_NORM
        if self.embedder is None:
            return np.hstack([named, look])
        meaning = self.embedder.embed(list(texts)) * MEANING_NORM
        return np.hstack([named, look, meaning])


def looks(texts: Sequence[str]) -> Rows:
    """Surface of each text: length, lines, options, shares of digits and capitals, marks."""
    return np.array([_looks(text[:_MAX_CHARS]) for text in texts], dtype=np.float64)


def _looks(text: str) -> list[float]:
    num = max(len(text), 1)
    ask = text.split("\nA. ", 1)[0]
    return [
        np.log1p(len(text)),
        np.log1p(len(ask)),
        np.log1p(ask.count("\n")),
        len(_OPTION.findall(text)),
        sum(map(str.isdigit, ask)) / max(len(ask), 1),
        sum(map(str.isdigit, text)) / num,
        sum(map(str.isupper, ask)) / max(len(ask), 1),
        "$" in text or "\\" in text,
        ask.rstrip().endswith("?"),
        "__" in text,
        "%" in text,
        "Statement" in text,
    ]
