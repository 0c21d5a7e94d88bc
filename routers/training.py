"""What a category router is fitted on, and which of it a fit may look at."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .artifacts import GramsPart, WindowPart
from .base import RouterError
from .questions import Question
from .spreading import Spreading

#: Label of a text that is not learnt from.
UNLABELLED = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a fit depends on beside its questions.

    `dim`, `dense_norm`, `l2` and the grams come from a few single runs on a set of development
    wordings; those of neighbours and of spreading from two draws of the demo's questions each; the
    others are first guesses that were not searched.
    """

    seed: int = 20_261_122
    num_folds: int = 4
    #: Dimensions of the static table.
    dim: int = 128
    #: Length of the embedding beside the grams, whose length is one.
    dense_norm: float = 0.5
    #: The same for MiniLM, which knows more.
    minilm_dense_norm: float = 2.0
    l2: float = 1e-5
    minilm_l2: float = 3e-5
    #: MiniLM gets so many questions at most, evenly chosen: it embeds about a hundred a second.
    minilm_questions: int = 6300
    #: Weight of all unknown prompts together; all known ones weigh one.
    unknown_weight: float = 0.4
    #: Length of the embedding beside the sketch of the grams, where neighbours are looked for.
    nearest_dense_norm: float = 1.4
    #: Columns of that sketch.
    sketch_width: int = 128
    #: Prompts that a classifier by neighbours keeps; a decision is compared with each.
    nearest_prompts: int = 20_000
    #: The same where labels are spread: nobody waits for it, and neighbours are told better.
    spreading_sketch_width: int = 1024
    spreading: Spreading = field(default_factory=Spreading)
    window: WindowPart = field(default_factory=lambda: WindowPart(head=280, tail=280, lead=200))
    grams: GramsPart = field(
        default_factory=lambda: GramsPart(
            bits=14, char_lengths=(3, 4), word_lengths=(1, 2), word_share=0.5
        )
    )


DEFAULTS = Settings()


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSet:
    """Questions with their labels, and texts without."""

    known: tuple[Question, ...]
    unknown: tuple[Question, ...]
    categories: tuple[str, ...]
    #: Texts that labels are spread over.
    unlabelled: tuple[str, ...] = ()

    @property
    def texts(self) -> list[str]:
        """Known questions first, then unknown ones, then those without a label."""
        return [question.text for question in self.known + self.unknown] + list(self.unlabelled)

    @property
    def labels(self) -> NDArray[np.int64]:
        """Category of each known question, shape [n_known]."""
        number = {name: i for i, name in enumerate(self.categories)}
        return np.array([number[question.skill] for question in self.known])

    def at_most(self, number: int) -> TrainingSet:
        """Every n-th text of each kind, so that about `number` are left; the same categories."""
        stride = max(1, -(-len(self.texts) // number))
        return TrainingSet(
            known=self.known[::stride],
            unknown=self.unknown[::stride],
            categories=self.categories,
            unlabelled=self.unlabelled[::stride],
        )

    def folds(self, num_folds: int, seed: int) -> NDArray[np.int64]:
        """Fold of every question with a label, shape [n]; questions of one frame share theirs."""
        keys = [f"{seed}:{question.frame}" for question in self.known + self.unknown]
        return np.array([zlib.crc32(key.encode()) % num_folds for key in keys])

    def given(self, is_in: NDArray[np.bool_]) -> NDArray[np.int64]:
        """What is told of each text: its category, `len(categories)` for none, else `UNLABELLED`.

        Args:
            is_in: shape [n_known + n_unknown]; the others are left out of the fit.
        """
        told = np.full(len(self.texts), UNLABELLED)
        told[: len(self.known)] = self.labels
        told[len(self.known) : len(is_in)] = len(self.categories)
        told[: len(is_in)][~is_in] = UNLABELLED
        return told


def training_set(
    known: Sequence[Question], unknown: Sequence[Question], unlabelled: Sequence[str] = ()
) -> TrainingSet:
    """Questions ready to fit on; texts without a label that have one elsewhere are left out.

    Raises:
        RouterError: A question is both known and unknown.
    """
    texts = {question.text for question in known}
    if both := [question.text for question in unknown if question.text in texts]:
        raise RouterError(f"question {both[0]!r} is in the known and in the unknown questions")
    texts |= {question.text for question in unknown}
    categories = tuple(sorted({question.skill for question in known}))
    return TrainingSet(
        known=tuple(known),
        unknown=tuple(unknown),
        categories=categories,
        unlabelled=tuple(text for text in dict.fromkeys(unlabelled) if text not in texts),
    )
