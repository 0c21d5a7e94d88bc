"""Recorded answers, read from a parquet file: for evaluation without a model.

The columns `model`, `prompt` and `answer` hold text; all others are left unread, but for one:
where there is `output_chars`, a null answer is one that was given and could not be read (as in
files of graded answers), and counts as the empty text. Elsewhere a null is a fault of the file.
Several rows of one model and prompt are its samples, in the order of the file.
"""

from __future__ import annotations

import difflib
import importlib.util
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from threading import Lock
from typing import Any

from orchestrator.errors import MissingExtraError, RegistryError

COLUMNS = ("model", "prompt", "answer")
#: Where it exists, null answers are answers that nobody could read.
_UNREAD = "output_chars"
_BATCH_ROWS = 65_536
_MAX_SHOWN = 5
#: Many experts of one file read it one after the other: in parallel they would hold it many times.
_READING = Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recordings:
    """All answers of one recorded model; prompts are kept as digests only."""

    path: str
    model: str
    samples: Mapping[bytes, tuple[str, ...]]

    def answers_to(self, prompt: str) -> tuple[str, ...]:
        """The recorded answers to `prompt` in their order, none where it was not recorded."""
        return self.samples.get(digest(prompt), ())


def digest(prompt: str) -> bytes:
    """What stands for a prompt in the index."""
    return blake2b(prompt.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def check_installed() -> None:
    """Raise `MissingExtraError` where parquet files cannot be read."""
    if importlib.util.find_spec("pyarrow") is None:
        raise MissingExtraError(
            "experts of engine kind 'replay' need pyarrow, which is not installed: "
            "pip install 'orchestrator[replay]'"
        )


def read_recordings(path: Path, model: str) -> Recordings:
    """Read every answer of `model`, batch by batch.

    Raises:
        RegistryError: the file is not what it should be; names columns and rows, from 0.
        MissingExtraError: pyarrow is not installed.
    """
    check_installed()
    import pyarrow

    try:
        with _READING:
            return _Reading(path, model).recordings()
    except FileNotFoundError as exc:
        raise RegistryError(f"{str(path)!r} does not exist") from exc
    except (pyarrow.ArrowException, OSError, ValueError) as exc:
        raise RegistryError(f"{str(path)!r} is no readable parquet file: {exc}") from exc


class _Reading:
    """One pass over a file."""

    def __init__(self, path: Path, model: str) -> None:
        from pyarrow import parquet

        self._path = str(path)
        self._model = model
        self._file = parquet.ParquetFile(path, memory_map=True)
        self._samples: dict[bytes, list[str]] = {}
        self._models: set[str] = set()
        self._nulls: dict[str, list[int]] = {name: [] for name in COLUMNS}

    def recordings(self) -> Recordings:
        with self._file:
            has_unread = self._checked_columns()
            for first_row, batch in self._batches():
                self._take(batch, first_row, has_unread=has_unread)
        self._check_nulls()
        if not self._samples:
            raise self._no_such_model()
        samples = {key: tuple(answers) for key, answers in self._samples.items()}
        return Recordings(path=self._path, model=self._model, samples=samples)

    def _checked_columns(self) -> bool:
        schema = self._file.schema_arrow
        missing = [name for name in COLUMNS if name not in schema.names]
        if missing:
            raise RegistryError(
                f"{self._path!r} has no column {missing}; needed are {list(COLUMNS)}, "
                f"there are {schema.names}"
            )
        for name in COLUMNS:
            if not _is_text(schema.field(name).type):
                raise RegistryError(
                    f"{self._path!r}: column {name!r} holds {schema.field(name).type}, not text"
                )
        return _UNREAD in schema.names

    def _batches(self) -> Iterator[tuple[int, Any]]:
        first_row = 0
        for batch in self._file.iter_batches(
            batch_size=_BATCH_ROWS, columns=list(COLUMNS), use_threads=False
        ):
            yield first_row, batch.select(COLUMNS)
            first_row += batch.num_rows

    def _take(self, batch: Any, first_row: int, *, has_unread: bool) -> None:
        from pyarrow import compute

        models = batch.column(0)
        self._models |= set(compute.unique(models).to_pylist()) - {None}
        self._note_nulls("model", compute.is_null(models), first_row)
        is_own = compute.equal(models, self._model)
        rows, own = compute.indices_nonzero(is_own).to_pylist(), batch.filter(is_own)
        for row, prompt, answer in zip(
            rows, own.column(1).to_pylist(), own.column(2).to_pylist(), strict=True
        ):
            if prompt is None:
                self._nulls["prompt"].append(first_row + row)
            elif answer is None and not has_unread:
                self._nulls["answer"].append(first_row + row)
            else:
                self._samples.setdefault(digest(prompt), []).append(answer or "")

    def _note_nulls(self, name: str, mask: Any, first_row: int) -> None:
        from pyarrow import compute

        rows = compute.indices_nonzero(mask).to_pylist()
        self._nulls[name] += [first_row + row for row in rows]

    def _check_nulls(self) -> None:
        for name, rows in self._nulls.items():
            if rows:
                more = f" and {len(rows) - _MAX_SHOWN} more" if len(rows) > _MAX_SHOWN else ""
                raise RegistryError(
                    f"{self._path!r}: column {name!r} is null in row {rows[:_MAX_SHOWN]}{more} "
                    "(from 0); remove these rows or fill them in"
                )

    def _no_such_model(self) -> RegistryError:
        known = sorted(self._models)
        near = difflib.get_close_matches(self._model, known, n=3, cutoff=0.5)
        hint = f"nearest: {near}" if near else f"there: {known[:20]}"
        return RegistryError(f"{self._path!r} has no answers of model {self._model!r}; {hint}")


def _is_text(kind: Any) -> bool:
    from pyarrow import types

    if types.is_dictionary(kind):
        kind = kind.value_type
    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))
