"""Brings what experts need onto this machine: absent, downloading, verified."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from orchestrator.checkpoints.chosen import chosen
from orchestrator.checkpoints.copying import copy
from orchestrator.checkpoints.hub_cache import files_in
from orchestrator.checkpoints.library import Library
from orchestrator.checkpoints.manifest import Manifest, partial
from orchestrator.checkpoints.opening import open_origin
from orchestrator.checkpoints.origin import Listing, Origin, Remote
from orchestrator.checkpoints.outline import write_outline
from orchestrator.checkpoints.shelf import Shelf
from orchestrator.checkpoints.sources import Wanted, is_hub_id, is_remote
from orchestrator.checkpoints.space import Room, require_room
from orchestrator.checkpoints.verifying import Inspect
from orchestrator.errors import ModelError, TransferError, WeightsError

_logger = logging.getLogger(__name__)


def _never() -> bool:
    return False


def free_bytes_at(folder: Path) -> int:
    """What the disk under `folder`, which need not exist yet, has free."""
    there = next(path for path in (folder, *folder.parents) if path.is_dir())
    return shutil.disk_usage(there).free


@dataclass(frozen=True, slots=True, kw_only=True)
class Librarian:
    """Fetches and verifies for one library; any number of processes may do so at once.

    Whoever comes first takes a model's lock; the others wait and find it done.
    """

    library: Library
    #: Reads the headers of a folder's weights.
    inspect: Inspect
    open_origin: Callable[[Wanted, Library], Origin] = open_origin
    free_bytes: Callable[[Path], int] = free_bytes_at
    pause: Callable[[float], None] = time.sleep
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    #: Asked between chunks.
    is_cancelled: Callable[[], bool] = _never
    #: What `models gc` would free, where the caller knows which models are in use.
    reclaimable_bytes: int | None = None

    def bring(self, wanted: Wanted) -> Path:
        """The folder of what is wanted: fetched if it is absent, and verified.

        A folder of the registry's own is verified where the registry gives hashes. What was
        verified once and has not been touched is not read again.

        Raises:
            ModelError: it cannot be had.
            WeightsError: it is not what it should be.
        """
        shelf = self._shelf(wanted)
        known = shelf.verified()
        if known is not None:
            return Path(known.folder)
        if not is_remote(wanted.source):
            return self._own_folder(shelf)
        with shelf.locked(self.is_cancelled):
            known = shelf.verified()  # perhaps another process was at it
            return Path((known or self._fetch(shelf)).folder)

    def outline(self, wanted: Wanted) -> Path:
        """A folder with what tells an engine from another: see `outline`; the weights stay away.

        Raises:
            ModelError: it cannot be had.
            WeightsError: its weights are none.
        """
        shelf = self._shelf(wanted)
        there = self.library.snapshot(wanted.source, wanted.revision)
        there = there or self.library.outline(wanted.source, wanted.revision)
        if there is not None:
            return there
        if self.library.is_offline:
            raise shelf.is_away()
        with shelf.locked(self.is_cancelled):
            there = self.library.outline(wanted.source, wanted.revision)
            if there is not None:
                return there
            origin = self.open_origin(wanted, self.library)
            return write_outline(shelf.entry, origin, chosen(origin.listing(), wanted))

    def verify(self, wanted: Wanted) -> Manifest | None:
        """Read every file anew; `None` for a folder that the registry gives no hashes of.

        Raises:
            ModelError: it is not here.
            WeightsError: it is not what it should be; what is of the library is fetched anew by
                the next `bring`.
        """
        shelf = self._shelf(wanted)
        if not is_remote(wanted.source):
            self._own_folder(shelf, anew=True)
            return shelf.manifest()
        with shelf.locked(self.is_cancelled):
            known = shelf.manifest()
            if known is None or known.state != "verified":
                raise ModelError(f"{shelf} is not on this machine; run `orchestrator models pull`")
            files = [
                Remote(name=one.name, num_bytes=one.num_bytes, sha256=one.sha256)
                for one in known.files
            ]
            return shelf.finish(
                known.commit, files, Path(known.folder), is_ours=shelf.is_ours(known)
            )

    def _fetch(self, shelf: Shelf) -> Manifest:
        if self.library.is_offline:
            return self._from_cache(shelf, shelf.wanted.revision)
        origin = self.open_origin(shelf.wanted, self.library)
        try:
            listing = origin.listing()
        except TransferError as exc:
            return self._while_away(shelf, exc)
        files = chosen(listing, shelf.wanted)
        return self._adopted(shelf, listing, files) or self._copied(shelf, origin, listing, files)

    def _copied(
        self, shelf: Shelf, origin: Origin, listing: Listing, files: Sequence[Remote]
    ) -> Manifest:
        with shelf.counting():
            coming = shelf.begin(listing.commit, files)
            self._require_room(shelf, coming)
            shelf.announce(coming)
        for file in files:
            path = shelf.files_folder / file.name
            if not _is_here(path, file):
                copy(origin, file, path, is_cancelled=self.is_cancelled, pause=self.pause)
        return shelf.finish(listing.commit, files, shelf.files_folder, is_ours=True)

    def _require_room(self, shelf: Shelf, coming: Manifest) -> None:
        room = Room(
            total_bytes=coming.num_bytes,
            here_bytes=coming.bytes_here,
            free_bytes=self.free_bytes(shelf.files_folder),
            others_bytes=shelf.others_bytes(),
            budget_bytes=self.library.budget_bytes,
            reclaimable_bytes=self.reclaimable_bytes,
        )
        require_room(room, what=str(shelf))

    def _adopted(self, shelf: Shelf, listing: Listing, files: Sequence[Remote]) -> Manifest | None:
        """The hub's own snapshot of this commit, if it has every file as it should be."""
        snapshot = self._cached(shelf, listing.commit)
        if snapshot is None or not all((snapshot / file.name).is_file() for file in files):
            return None
        try:
            return shelf.finish(listing.commit, files, snapshot, is_ours=False)
        except WeightsError as exc:
            _logger.warning("%s; the hub's cache is not used, it is fetched anew", exc.message)
            return None

    def _while_away(self, shelf: Shelf, exc: TransferError) -> Manifest:
        """Use what the hub's own cache has while the hub does not answer."""
        snapshot = self._cached(shelf, shelf.wanted.revision)
        if snapshot is None:
            raise exc
        _logger.warning("%s; %s of its own cache is used", exc.message, snapshot.name)
        return self._from_cache(shelf, shelf.wanted.revision)

    def _from_cache(self, shelf: Shelf, revision: str | None) -> Manifest:
        snapshot = self._cached(shelf, revision)
        if snapshot is None:
            raise shelf.is_away()
        listing = Listing(commit=snapshot.name, files=files_in(snapshot))
        files = chosen(listing, shelf.wanted)
        return shelf.finish(listing.commit, files, snapshot, is_ours=False)

    def _cached(self, shelf: Shelf, revision: str | None) -> Path | None:
        source = shelf.wanted.source
        return self.library.hub_cache.snapshot(source, revision) if is_hub_id(source) else None

    def _own_folder(self, shelf: Shelf, *, anew: bool = False) -> Path:
        folder = Path(shelf.wanted.source)
        if not folder.is_dir():
            raise ModelError(f"{shelf} is no folder on this machine")
        if shelf.wanted.sha256:
            with shelf.locked(self.is_cancelled):
                if anew or shelf.verified() is None:
                    names = sorted(shelf.wanted.sha256)
                    files = [Remote(name=name, num_bytes=None) for name in names]
                    shelf.finish("local", files, folder, is_ours=False)
        return folder

    def _shelf(self, wanted: Wanted) -> Shelf:
        return Shelf(library=self.library, wanted=wanted, inspect=self.inspect, now=self.now)


def _is_here(path: Path, file: Remote) -> bool:
    """Whether a whole file is there; whether it is the right one, its hash will say."""
    return not partial(path).exists() and path.is_file() and path.stat().st_size == file.num_bytes
