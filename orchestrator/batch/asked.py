"""What callers ask of who keeps files and batches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBatch:
    """What a caller asks for, form checked."""

    input_file_id: str
    endpoint: str
    completion_window: str
    metadata: Mapping[str, str] = field(default_factory=dict)
    output_expires_after_s: int | None = None
    #: Names it among its owner's: asked for again, it is the same batch. Empty where it has none.
    once: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Which part of a list: `limit` entries behind the one of id `after`, newest first."""

    limit: int = 20
    after: str | None = None
    is_ascending: bool = False
