"""The file one slot's costs are kept in across restarts; its worker alone writes it.

It is replaced as a whole, so whoever is killed while writing leaves the file of before. One that is
damaged, or of other hardware, is worth a line in the log and the priors.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from orchestrator.checkpoints.manifest import replacing
from orchestrator.costs.note import CostNote
from orchestrator.costs.prior import Of

#: Most that is kept, notes: a slot of a thousand experts has some four each.
MAX_NOTES = 16_384
#: Larger files are not of ours, bytes.
_MAX_BYTES = 16 * 2**20
#: How long measured bandwidths are believed, seconds: disks and neighbours change.
_FRESH_S = 7 * 24 * 3600.0

_LOG = logging.getLogger(__name__)


class Measured(BaseModel):
    """Bandwidths that were measured, GiB/s; `None` for what could not be."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    read_gib_per_s: float | None = Field(None, gt=0)
    disk_gib_per_s: float | None = Field(None, gt=0)
    copy_gib_per_s: float | None = Field(None, gt=0)
    compute_gib_per_s: float | None = Field(None, gt=0)
    #: When, seconds since 1970.
    at_s: float

    def is_fresh(self, now_s: float) -> bool:
        """Whether it need not be measured anew; a clock that was set back makes it old."""
        return 0 <= now_s - self.at_s < _FRESH_S


class Kept(BaseModel):
    """What a slot knows of its costs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    #: What it was learned on, in words; never a name of the machine.
    hardware: str
    measured: Measured | None = None
    notes: tuple[CostNote, ...] = Field((), max_length=MAX_NOTES)


class CostFile:
    """Reads and writes one slot's file; what cannot be is told in the log and done without.

    Args:
        folder: holds the files of a service's slots on this machine.
        slot: the slot's name.
        hardware: what it runs on: costs of other hardware are none.
    """

    def __init__(self, folder: Path, slot: str, *, hardware: str) -> None:
        self.path = folder / f"{slot}.json"
        self._hardware = hardware

    def read(self) -> Kept:
        """What was kept; nothing, where there is no file or one of no use.

        To be called before the first `write`: what a killed writer left half done is removed.
        """
        for draft in self.path.parent.glob(f".{self.path.name}.*"):
            draft.unlink(missing_ok=True)
        return _read(self.path, self._hardware) or Kept(hardware=self._hardware)

    def write(self, measured: Measured | None, notes: Iterable[CostNote]) -> None:
        """Replace what is kept."""
        newest = tuple(notes)[-MAX_NOTES:]
        kept = Kept(hardware=self._hardware, measured=measured, notes=newest)
        try:
            with replacing(self.path) as draft:
                draft.write_text(kept.model_dump_json() + "\n", encoding="utf-8")
        except OSError as exc:
            _LOG.warning("%s cannot be written, costs are learnt anew: %s", self.path, exc)

    def told_s(self) -> Mapping[tuple[Of, str], float]:
        """What the other slots of this service have seen on equal hardware, seconds."""
        others = (path for path in sorted(self.path.parent.glob("*.json")) if path != self.path)
        files = [kept for path in others if (kept := _read(path, self._hardware)) is not None]
        notes: dict[tuple[Of, str], list[CostNote]] = {}
        for kept in files:
            for note in kept.notes:
                notes.setdefault((note.of, note.expert), []).append(note)
        return {key: _mean_s(found) for key, found in notes.items()}


def _read(path: Path, hardware: str) -> Kept | None:
    try:
        with path.open("rb") as file:
            kept = Kept.model_validate_json(file.read(_MAX_BYTES))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValidationError) as exc:
        _LOG.warning("%s is no file of costs, which are learnt anew: %s", path, exc)
        return None
    if kept.hardware != hardware:
        _LOG.info("%s is of %s, not of %s: its costs are left", path, kept.hardware, hardware)
        return None
    return kept


def _mean_s(notes: list[CostNote]) -> float:
    total = sum(note.num_seen for note in notes)
    return sum(note.mean_s * note.num_seen for note in notes) / total
