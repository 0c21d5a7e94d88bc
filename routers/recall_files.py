"""Known answers as a folder: one JSON file, and a manifest that says how alike is alike enough."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field, TypeAdapter, ValidationError

from .base import Router
from .fit_recall import fit_recall
from .recall import MAX_KNOWN, Answer, Memory, RecallRouter
from .sealed import Part, Seal, read_sealed, write_sealed

ANSWERS = "answers.json"


class AnswerPart(Part):
    """A question whose answer is known."""

    question: str = Field(min_length=1)
    answer: str
    sources: tuple[str, ...] = ()


_ADAPTER = TypeAdapter(tuple[AnswerPart, ...])


class RecallManifest(Seal):
    """How many answers are known, and from which likeness on one is taken."""

    kind: Literal["recall"] = "recall"
    num_known: int = Field(ge=1, le=MAX_KNOWN)
    precision: float = Field(gt=0, lt=1, description="What was asked for.")
    least_likeness: float | None = Field(
        ge=0, le=1, description="None: no likeness is as precise, only repeats are answered."
    )


def write_recall(answers: Sequence[Answer], folder: Path, *, precision: float) -> RecallManifest:
    """Fit the likeness and write the artifact to `folder`.

    Raises:
        RouterError: nothing is known, or too much; the precision is none.
    """
    fitted = fit_recall(answers, precision=precision)
    parts = tuple(
        AnswerPart(question=one.question, answer=one.answer, sources=one.sources)
        for one in fitted.answers
    )
    blob = _ADAPTER.dump_json(parts, indent=1)
    manifest = RecallManifest(
        data_sha256=hashlib.sha256(blob).hexdigest(),
        seed=0,
        metrics={name: round(value, 4) for name, value in fitted.metrics.items()},
        num_known=len(parts),
        precision=precision,
        least_likeness=fitted.least_likeness,
    )
    return write_sealed(folder, manifest, blobs={ANSWERS: blob})


def load_recall(folder: str | Path, *, then: Router) -> RecallRouter:
    """The router of an artifact, ready to route.

    Args:
        folder: written by `orchestrator fit recall`.
        then: chooses for what is not known.

    Raises:
        RouterError: the folder is missing, stale, incomplete or inconsistent.
    """
    sealed = read_sealed(folder, RecallManifest, kind="recall")
    try:
        parts = _ADAPTER.validate_json(sealed.blob(ANSWERS))
    except ValidationError as exc:
        raise sealed.refusal(f"has a bad {ANSWERS}: {exc}") from exc
    if len(parts) != sealed.manifest.num_known:
        raise sealed.refusal(f"has {len(parts)} answers, not {sealed.manifest.num_known}")
    answers = [
        Answer(question=one.question, answer=one.answer, sources=one.sources) for one in parts
    ]
    return RecallRouter(
        fitted=sealed.version,
        memory=Memory.of(answers),
        least_likeness=sealed.manifest.least_likeness,
        then=then,
    )
