"""Files and batches that their callers named by an idempotency key, so that each is made once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from orchestrator.batch.batch import Batch
from orchestrator.batch.stored_file import StoredFile
from orchestrator.errors import KeyReusedError

#: How long a name stands for what was made by it, seconds.
NAMED_S = 24 * 3600.0
#: What a file or a batch that is asked for again has as it had it.
_SAME: dict[type, tuple[str, ...]] = {
    StoredFile: ("filename", "purpose", "num_bytes", "sha256"),
    Batch: (
        "input_file_id",
        "endpoint",
        "completion_window",
        "metadata",
        "output_expires_after_s",
    ),
}

M = TypeVar("M", Batch, StoredFile)


def made_before(made: M, known: Iterable[M], *, now_s: float) -> M | None:
    """What was made by the same name, if anything was.

    Args:
        made: what would be made now.
        known: all there are.
        now_s: Unix time.

    Raises:
        KeyReusedError: the name stands for something else.
    """
    if not made.once:
        return None
    same = (
        one
        for one in known
        if (one.once, one.owner) == (made.once, made.owner) and one.created_at > now_s - NAMED_S
    )
    found = next(same, None)
    if found is None:
        return None
    other = next((n for n in _SAME[type(made)] if getattr(found, n) != getattr(made, n)), None)
    if other is not None:
        raise KeyReusedError(
            f"this idempotency-key stands for {found.id!r}, whose {other!r} is another one: send "
            "what it was first sent with, or take a new key",
            param="idempotency-key",
        )
    return found
