"""Which form the data of a service has, so that an older program does not misread newer data."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

import orchestrator
from orchestrator.errors import SetupError

#: What this program writes, and the newest that it reads. It is counted up where an older program
#: would misread what this one stores: values that it refuses by their own version need no new one.
FORMAT = 1
NAME = "format.json"


class _Stamp(BaseModel):
    """The file in the folder."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    format: int
    #: Of the program that wrote there last.
    version: str = "unknown"


class _Whole(_Stamp):
    """As this program writes it."""

    kind: Literal["orchestrator data"] = "orchestrator data"


def claim(folder: Path) -> None:
    """Mark a data folder as one that this version writes to; nothing else of it is touched.

    A folder without the mark is new, or of a version before there was one, which this one reads.

    Raises:
        SetupError: a newer version wrote there, or the mark is damaged.
    """
    file = folder / NAME
    if file.exists():
        _require_known(_read(file), folder)
    folder.mkdir(parents=True, exist_ok=True)
    aside = folder / f"{NAME}.new"
    whole = _Whole(format=FORMAT, version=orchestrator.__version__)
    aside.write_text(whole.model_dump_json() + "\n")
    aside.replace(file)


def _read(file: Path) -> _Stamp:
    try:
        return _Stamp.model_validate_json(file.read_bytes())
    except (OSError, ValidationError) as exc:
        raise SetupError(
            f"the mark '{file}' cannot be read, so nobody knows which version wrote this data: "
            f'restore it, or write {{"format": {FORMAT}}} if it was this one'
        ) from exc


def _require_known(stamp: _Stamp, folder: Path) -> None:
    if stamp.format > FORMAT:
        raise SetupError(
            f"the data in '{folder}' was written by orchestrator {stamp.version} in format "
            f"{stamp.format}; this is orchestrator {orchestrator.__version__}, which reads "
            f"formats up to {FORMAT}: run {stamp.version} or newer, or give another --data-dir. "
            "Nothing was changed"
        )
