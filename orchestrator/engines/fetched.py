"""Models that are fetched, as engines see them: where they lie, and bringing them here.

Each process looks into the library of its own environment: a lineage travels between machines,
the folder of a fetched model does not.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Iterable
from pathlib import Path

from orchestrator.checkpoints.library import Library
from orchestrator.checkpoints.sources import Wanted, is_remote, safe
from orchestrator.engines import notes
from orchestrator.engines.canary import Conditions
from orchestrator.engines.notes import LoadKind, Notebook
from orchestrator.engines.weights import fingerprint
from orchestrator.errors import ModelError, OrchestratorError, SwapError
from orchestrator.registry.models import Expert
from orchestrator.registry.origins import all_wanted
from orchestrator.registry.weights import read_checkpoint

_GIB = 2**30

_logger = logging.getLogger(__name__)


def library() -> Library:
    """The library of this process."""
    return Library.of(os.environ)


def notebook() -> Notebook:
    """What was learnt of weights on this machine."""
    return Notebook(library().folder / notes.FOLDER)


def fetched_folder(expert: Expert) -> Path | None:
    """Where the fetched model of an expert lies, `None` where it is not on this machine."""
    if expert.model is None or not is_remote(expert.model):
        return None
    if expert.adapter is not None:
        # `revision` is of the adapter; its base brought the model.
        return library().any_snapshot(expert.model)
    return library().snapshot(expert.model, expert.revision)


def fetched_adapter(expert: Expert) -> Path | None:
    """Where the fetched adapter of an expert lies, `None` where it is not on this machine."""
    if expert.adapter is None or not is_remote(expert.adapter):
        return None
    return library().snapshot(expert.adapter, expert.revision)


def outline_folder(expert: Expert) -> Path | None:
    """Configuration and headers of an expert's model that is still to be fetched; see `sketch`."""
    if expert.model is None or not is_remote(expert.model):
        return None
    return library().outline(expert.model, expert.revision)


def sketch(experts: Iterable[Expert]) -> None:
    """Fetch the outlines of models that are not here, so that siblings are recognised.

    Where a source does not answer, its expert gets an engine of its own, which a warning says.
    """
    remote = [one for one in all_wanted(experts) if is_remote(one.source)]
    if not remote:
        return
    from orchestrator.checkpoints.librarian import Librarian

    librarian = Librarian(library=library(), inspect=read_checkpoint)
    for one in remote:
        try:
            librarian.outline(one)
        except OrchestratorError as exc:
            _logger.warning("expert %r gets an engine of its own: %s", one.expert_id, exc.message)


def needed(experts: Iterable[Expert]) -> tuple[Wanted, ...]:
    """What must be fetched or hashed before an engine reads it."""
    return tuple(one for one in all_wanted(experts) if is_remote(one.source) or one.sha256)


def bring(experts: Iterable[Expert], *, is_cancelled: threading.Event | None = None) -> None:
    """Fetch and verify what engines of these experts read; takes as long as it takes.

    Raises:
        ModelError: a model cannot be had.
        WeightsError: it is not what it should be.
    """
    asked = needed(experts)
    if not asked:
        return
    # Imported where something is fetched: most registries have folders alone.
    from orchestrator.checkpoints.librarian import Librarian

    cancelled = is_cancelled or threading.Event()
    librarian = Librarian(library=library(), inspect=read_checkpoint, is_cancelled=cancelled.is_set)
    for one in asked:
        _logger.info("expert %r: %s is fetched if absent", one.expert_id, safe(one.source))
        librarian.bring(one)


def bring_for_swap(expert: Expert) -> None:
    """`bring` what joined the lineage of a live engine after that was started.

    Raises:
        SwapError: it cannot be had; the engine goes on with what it holds.
    """
    try:
        bring([expert])
    except ModelError as exc:
        raise SwapError(exc.message) from exc


async def note_load(
    folder: Path | None, kind: LoadKind, *, conditions: Conditions, seconds: float
) -> None:
    """Keep what it took to load the weights in `folder`."""
    if folder is None:
        return

    def write() -> None:
        notebook().add_load(fingerprint(folder), kind, conditions=conditions, seconds=seconds)

    await asyncio.to_thread(write)


async def brought(experts: Iterable[Expert]) -> None:
    """`bring` in a thread; cancelled, it ends with the chunk at hand and keeps what came.

    Raises:
        ModelError: a model cannot be had.
        WeightsError: it is not what it should be.
    """
    asked = tuple(experts)
    if not needed(asked):
        return
    cancelled = threading.Event()
    try:
        await asyncio.to_thread(bring, asked, is_cancelled=cancelled)
    finally:
        cancelled.set()


def doing(experts: Iterable[Expert]) -> str | None:
    """How far the fetching is, for the operator; `None` where everything is here."""
    for one in needed(experts):
        try:
            known = library().manifest(one.source, one.revision)
        except ModelError:
            continue
        if known is not None and known.state == "downloading":
            here_gib, total_gib = known.bytes_here / _GIB, known.num_bytes / _GIB
            return (
                f"fetching {known.source} for expert {one.expert_id!r}: {here_gib:.2f} of "
                f"{total_gib:.2f} GiB"
            )
    return None
