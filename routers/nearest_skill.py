"""Reads a skill that nobody measured as the known one that is nearest in meaning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .embeddings import Embedder, Embeddings

_MAX_SKILL_CHARS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class NearestSkill:
    """Maps a skill that no profile knows to the known one that is nearest in meaning."""

    skills: tuple[str, ...]
    #: Shape [n_skills, dim], rows of unit norm.
    vectors: Embeddings
    embedder: Embedder

    @classmethod
    def of(cls, skills: Sequence[str], embedder: Embedder) -> NearestSkill:
        """For the skills of a profile."""
        return cls(skills=tuple(skills), vectors=embedder.embed(list(skills)), embedder=embedder)

    def known(self, skills: Sequence[str]) -> list[str | None]:
        """Of each skill the nearest known one; None where no word of it is known."""
        if not skills:
            return []
        # A skill is a few words; lone surrogates are no text that an embedder takes.
        texts = [it[:_MAX_SKILL_CHARS].encode("utf-8", "replace").decode("utf-8") for it in skills]
        near = self.embedder.embed(texts) @ self.vectors.T
        return [self.skills[int(row.argmax())] if row.any() else None for row in near]
