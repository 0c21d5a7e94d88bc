"""Answers that are told again: values by key, bounded in bytes and in time, shared by gateways.

Time is a parameter: the Unix time of whoever asks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

#: Bytes of all answers; beyond it those that were used longest ago go.
MAX_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """What is kept at present."""

    num_answers: int
    num_bytes: int


class Answers(Protocol):
    """Where answers are kept. Every method raises `StoreError` when the store is away."""

    async def find(self, key: str, *, now_s: float) -> bytes | None:
        """The value of `key`, which counts as used now; `None` where it has none, or it ended."""
        ...

    async def put(self, key: str, value: bytes, *, now_s: float, expires_s: float) -> None:
        """Keep a value for `expires_s`, in the place of an earlier one.

        One that is longer than all may be is not kept.
        """
        ...

    async def holdings(self) -> Holdings:
        """How much is kept."""
        ...
