"""What was learnt of weights on this machine: their canaries, and the seconds their loads took.

One file a fingerprint of weights, in the library of models: folders of experts may be read-only,
and what a load takes is no property of the weights alone.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from filelock import FileLock
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from orchestrator.checkpoints.manifest import replacing
from orchestrator.engines.canary import Canary, Conditions, store_canary
from orchestrator.engines.weights import fingerprint

FOLDER = "notes"
#: Weight of the newest load in the moving average.
_NEWEST = 0.3

#: How weights came into an engine: with it, in place of a sibling's, from host memory, on a base.
LoadKind = Literal["start", "reload", "wake", "adapter"]

_logger = logging.getLogger(__name__)


class Load(BaseModel):
    """What one kind of load took, under equal conditions."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: LoadKind
    conditions: Conditions
    #: The last one, and a moving average of all.
    last_s: float = Field(ge=0)
    mean_s: float = Field(ge=0)
    num_loads: int = Field(ge=1)

    def after(self, seconds: float) -> Load:
        """This, with one more load."""
        mean_s = self.mean_s + _NEWEST * (seconds - self.mean_s)
        return self.model_copy(
            update={"last_s": seconds, "mean_s": mean_s, "num_loads": self.num_loads + 1}
        )


class Notes(BaseModel):
    """What is known of one set of weights."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    #: See `weights.fingerprint`.
    weights: str
    canaries: tuple[Canary, ...] = ()
    loads: tuple[Load, ...] = ()

    def canary(self, conditions: Conditions) -> Canary | None:
        """The canary that was recorded from a fresh engine under these conditions."""
        return next((one for one in self.canaries if one.conditions == conditions), None)

    def with_canary(self, canary: Canary) -> Notes:
        """These, with this canary for its conditions."""
        others = (one for one in self.canaries if one.conditions != canary.conditions)
        return self.model_copy(update={"canaries": (*others, canary)})

    def with_load(self, kind: LoadKind, conditions: Conditions, seconds: float) -> Notes:
        """These, with one more load."""
        key = (kind, conditions)
        known = [one for one in self.loads if (one.kind, one.conditions) == key]
        others = [one for one in self.loads if (one.kind, one.conditions) != key]
        first = Load(kind=kind, conditions=conditions, last_s=seconds, mean_s=seconds, num_loads=1)
        load = known[0].after(seconds) if known else first
        return self.model_copy(update={"loads": (*others, load)})


def keep_canary(
    folder: Path, canary: Canary, notebook: Notebook, *, base: Path | None = None
) -> None:
    """Write a canary beside its weights or, where their folder is read-only, into the notes.

    An adapter's is of the weights in `base` too.
    """
    try:
        store_canary(folder, canary, base=base)
    except OSError as exc:
        _logger.warning("%s cannot be written, the canary is kept in the notes: %s", folder, exc)
        notebook.add_canary(fingerprint(folder, base=base), canary)


class Notebook:
    """Reads and writes notes; several processes may.

    What cannot be written is lost, with a warning: an engine serves without notes.

    Args:
        folder: holds them.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, weights: str) -> Notes:
        """What is known of these weights; nothing, where there is no file or one of no sense."""
        path = self.path(weights)
        try:
            return Notes.model_validate_json(path.read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            pass
        except (OSError, ValidationError) as exc:
            _logger.warning("%s is no file of notes and is written anew: %s", path, exc)
        return Notes(weights=weights)

    def add_canary(self, weights: str, canary: Canary) -> None:
        """Keep a canary that a fresh engine gave."""
        self._change(weights, lambda notes: notes.with_canary(canary))

    def add_load(
        self, weights: str, kind: LoadKind, *, conditions: Conditions, seconds: float
    ) -> None:
        """Keep what a load took."""
        self._change(weights, lambda notes: notes.with_load(kind, conditions, seconds))

    def _change(self, weights: str, change: Callable[[Notes], Notes]) -> None:
        path = self.path(weights)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with FileLock(path.with_suffix(".lock")), replacing(path) as draft:
                text = change(self.read(weights)).model_dump_json(indent=1)
                draft.write_text(text + "\n", encoding="utf-8")
        except OSError as exc:
            _logger.warning("%s cannot be written, what was learnt is lost: %s", path, exc)

    def path(self, weights: str) -> Path:
        """Where notes on these weights are kept."""
        return self._folder / f"{weights}.json"
