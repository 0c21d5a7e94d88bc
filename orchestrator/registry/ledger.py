"""Which generations exist and which is live: one small value, and what may become of it.

Pure: `generation_store` reads it, asks for the next one and writes that by compare-and-set.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from orchestrator.errors import ConflictError, NotFoundError
from orchestrator.registry.generations import KEPT, GenerationRecord, GenerationSummary, Source

#: How many proposals are kept beside what was served: one prepares, the others were given up.
MAX_PROPOSED = 3


class Entry(BaseModel):
    """What listings say of a generation without reading its record."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int
    sha256: str
    source: Source
    created_s: float
    num_experts: int
    restores: int | None = None
    #: It is or was live; otherwise it is proposed, or was given up.
    is_served: bool = False


class Ledger(BaseModel):
    """Every generation that is kept or proposed; numbers ascend and none is used twice."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    #: The highest number given out.
    last: int = 0
    live: int | None = None
    #: In the order of their numbers.
    entries: tuple[Entry, ...] = ()
    #: Left `entries`; their records may still be stored.
    discarded: tuple[int, ...] = ()

    @property
    def served(self) -> tuple[Entry, ...]:
        """Those that are or were live, in order."""
        return tuple(entry for entry in self.entries if entry.is_served)


def restored(record: GenerationRecord) -> Ledger:
    """The ledger of a store that has lost its own, with `record` live as before."""
    alone = reserved(Ledger(last=record.number - 1), record)
    return flipped(alone, record.number, expected=None)


def reserved(ledger: Ledger, record: GenerationRecord) -> Ledger:
    """The ledger with `record` proposed.

    Its number is the next, and the records that `ledger` discarded are removed.
    """
    assert record.number == ledger.last + 1
    entry = Entry(
        number=record.number,
        sha256=record.sha256,
        source=record.source,
        created_s=record.created_s,
        num_experts=len(record.registry.experts),
        restores=record.restores,
    )
    return _with(ledger, (*_without_old_proposals(ledger), entry), last=record.number)


def flipped(ledger: Ledger, number: int, *, expected: int | None) -> Ledger:
    """The ledger with `number` live, the oldest and every older proposal left out.

    Raises:
        ConflictError: `expected` is no longer live, or a newer generation is.
        NotFoundError: `number` is not in the ledger.
    """
    if ledger.live != expected or (ledger.live or 0) >= number:
        raise ConflictError(
            f"generation {number} cannot become live: {told(ledger.live)} is live, "
            f"not {told(expected)}"
        )
    if all(entry.number != number for entry in ledger.entries):
        raise not_kept(ledger, number)
    served = [
        entry.model_copy(update={"is_served": True}) if entry.number == number else entry
        for entry in ledger.entries
        if entry.is_served or entry.number == number
    ][-KEPT:]
    newer = [entry for entry in ledger.entries if entry.number > number]
    return _with(ledger, (*served, *newer), live=number)


def _without_old_proposals(ledger: Ledger) -> list[Entry]:
    proposed = [entry.number for entry in ledger.entries if not entry.is_served]
    dropped = set(proposed[: -(MAX_PROPOSED - 1)])
    return [entry for entry in ledger.entries if entry.number not in dropped]


def _with(ledger: Ledger, entries: tuple[Entry, ...], **changed: int) -> Ledger:
    """The ledger with these entries; those that it had beside them are discarded."""
    kept = {entry.number for entry in entries}
    gone = tuple(entry.number for entry in ledger.entries if entry.number not in kept)
    # What was discarded before stays named until its records are removed for sure.
    discarded = (*ledger.discarded, *gone) if "live" in changed else gone
    return ledger.model_copy(update={**changed, "entries": entries, "discarded": discarded})


def summaries(ledger: Ledger) -> list[GenerationSummary]:
    """Those served and kept, newest first."""
    return [
        GenerationSummary(
            **entry.model_dump(exclude={"is_served"}), is_live=entry.number == ledger.live
        )
        for entry in reversed(ledger.served)
    ]


def not_kept(ledger: Ledger, number: int) -> NotFoundError:
    """The error for a generation that is not in the ledger."""
    kept = [entry.number for entry in ledger.served]
    return NotFoundError(f"generation {number} is not kept; kept: {kept}")


def told(number: int | None) -> str:
    """A generation's number in a sentence."""
    return "none" if number is None else f"generation {number}"
