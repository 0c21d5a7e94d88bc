"""Data sets as Hugging Face lays them out: a folder of files whose names say the split."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from .base import RouterError

SUFFIXES = (".parquet", ".arrow", ".jsonl", ".json", ".csv", ".tsv")
#: Descriptions that lie beside the data.
_ABOUT = frozenset({"dataset_info.json", "dataset_infos.json", "dataset_dict.json", "state.json"})
#: `train-00000-of-00003`, or `train`.
_SHARD = re.compile(r"(.+?)-[0-9]{5}-of-[0-9]{5}(?:-[0-9a-f]+)?")
#: Names of folders and files that say nothing of the split.
_PLAIN = frozenset({"data", "dataset", "cache"})


def files_of(folder: Path) -> list[tuple[Path, str]]:
    """The files of a data set with the split of each, shards in order.

    `train-00000-of-00003.parquet` and `train.jsonl` are of split train, and so is
    `train/data-00000-of-00001.arrow`.

    Raises:
        RouterError: the folder has no such file, or lacks a shard.
    """
    files = sorted(
        file
        for file in folder.rglob("*")
        if file.suffix.lower() in SUFFIXES
        and file.name not in _ABOUT
        and not any(part.startswith(".") for part in file.relative_to(folder).parts)
    )
    if not files:
        raise RouterError(
            f"folder {str(folder)!r} holds no data set: no file {', '.join(SUFFIXES)} is in it"
        )
    _check_shards(files)
    return [(file, _split_of(file, folder)) for file in files]


def check_counts(folder: Path, rows_by_split: Mapping[str, int]) -> None:
    """Refuse a folder with fewer or more rows of a split than its `dataset_info.json` says.

    Raises:
        RouterError: the counts differ, or the description cannot be read.
    """
    file = folder / "dataset_info.json"
    if not file.is_file():
        return
    try:
        about = json.loads(file.read_bytes()).get("splits") or {}
        said = {name: int(split["num_examples"]) for name, split in about.items()}
    except (ValueError, AttributeError, KeyError, TypeError) as exc:
        raise RouterError(f"{str(file)!r} is no description of a data set: {exc!r}") from exc
    for split, count in rows_by_split.items():
        if said.get(split, count) != count:
            raise RouterError(
                f"{str(folder)!r} has {count} rows of split {split!r}, its {file.name} says "
                f"{said[split]}: copy it again"
            )


def _split_of(file: Path, root: Path) -> str:
    found = _SHARD.fullmatch(file.stem)
    name = found[1] if found else file.stem
    if name not in _PLAIN:
        return name
    inside = file.parent != root and file.parent.name not in _PLAIN
    return file.parent.name if inside else ""


def _check_shards(files: list[Path]) -> None:
    here: dict[tuple[Path, str, str], set[int]] = {}
    for file in files:
        if found := re.match(r"(.+?)-([0-9]{5})-of-([0-9]{5})", file.stem):
            here.setdefault((file.parent, found[1], found[3]), set()).add(int(found[2]))
    for (parent, name, count), numbers in here.items():
        if missing := set(range(int(count))) - numbers:
            raise RouterError(
                f"{str(parent)!r} lacks shard {min(missing):05d} of {count} of {name!r}"
            )
