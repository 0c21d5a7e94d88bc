"""The pairs that roles are trained on; without torch, so that composing them is quick to test."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """What a role is asked, as its prompt template writes it, and what it should reply."""

    prompt: str
    answer: str
    system: str | None = None
