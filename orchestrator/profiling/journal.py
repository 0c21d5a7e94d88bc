"""The file that outcomes are appended to as they come: killed anywhere, it is gone on with."""

from __future__ import annotations

import fcntl
import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from orchestrator.errors import SetupError
from routers.base import RouterError
from routers.dataset_files import read_outcomes
from routers.datasets import Example, Outcome

#: Of every line that is written here, so that no other file is ever cut.
_BEGIN = b'{"asked": '


class Journal:
    """JSON lines of outcomes; what is appended is in the file before the next is asked for."""

    def __init__(self, path: Path, *, descriptor: int, outcomes: Sequence[Outcome]) -> None:
        self._path = path
        self._descriptor = descriptor
        self.outcomes = list(outcomes)

    @property
    def done(self) -> set[tuple[str, str, int]]:
        """Id of the question, expert and sample of every outcome."""
        return {(one.id, one.expert, one.sample) for one in self.outcomes}

    def append(self, outcome: Outcome) -> None:
        """Keep one outcome.

        Raises:
            SetupError: the file cannot be written to.
        """
        told = {"asked": outcome.asked, **asdict(outcome)}
        told = {name: value for name, value in told.items() if value not in (None, "")}
        if math.isnan(outcome.score):  # nobody graded it, and JSON knows no such number
            del told["score"]
        line = json.dumps(told).encode() + b"\n"
        try:
            while line:
                line = line[os.write(self._descriptor, line) :]
        except OSError as exc:
            raise SetupError(f"{str(self._path)!r} cannot be written: {exc}") from exc
        self.outcomes.append(outcome)

    def check(self, *, asked: str, version_by_expert: Mapping[str, str]) -> None:
        """Refuse to go on where what is here was asked otherwise.

        Args:
            asked: how questions are put now.
            version_by_expert: of the experts that are asked now.

        Raises:
            SetupError: it was, or an expert was another one then.
        """
        other = "; give another --out, or the same settings"
        for one in self.outcomes:
            if one.asked != asked:
                raise SetupError(
                    f"{str(self._path)!r} holds outcomes asked with {one.asked!r}, not with "
                    f"{asked!r}{other}"
                )
            version = version_by_expert.get(one.expert, one.version)
            if one.version != version:
                raise SetupError(
                    f"{str(self._path)!r} holds outcomes of expert {one.expert!r} as it was "
                    f"(version {one.version!r}, now {version!r}); give another --out"
                )


@contextmanager
def opened(path: Path, examples: Sequence[Example], *, is_graded: bool = True) -> Iterator[Journal]:
    """The journal at `path`, made where there is none; a line that was torn off is dropped.

    Args:
        path: of the file.
        examples: all questions of the data set: what is here must be of it.
        is_graded: whether what is here must have scores.

    Raises:
        SetupError: another process writes to it, or it holds something else.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
    except OSError as exc:
        raise SetupError(f"{str(path)!r} cannot be written: {exc}") from exc
    try:
        _lock(path, descriptor)
        _drop_torn_line(path, descriptor)
        yield Journal(path, descriptor=descriptor, outcomes=_read(path, examples, is_graded))
    finally:
        os.close(descriptor)


def _read(path: Path, examples: Sequence[Example], is_graded: bool) -> Sequence[Outcome]:
    if not path.stat().st_size:
        return ()
    try:
        return read_outcomes([path], examples=examples, is_graded=is_graded)
    except RouterError as exc:
        raise SetupError(f"{exc}; give another --out") from exc


def _lock(path: Path, descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as exc:
        raise SetupError(f"another process is writing to {str(path)!r}: wait for it") from exc


def _drop_torn_line(path: Path, descriptor: int) -> None:
    """A process that was killed while it wrote leaves a line without its end."""
    text = path.read_bytes()
    whole = text.rfind(b"\n") + 1
    torn = text[whole:]
    if not torn:
        return
    if torn[: len(_BEGIN)] != _BEGIN[: len(torn)]:
        raise SetupError(f"{str(path)!r} holds something else than outcomes; give another --out")
    os.ftruncate(descriptor, whole)
