"""The place of one model in the library: its lock, its manifest, its files."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from orchestrator.checkpoints.library import Library
from orchestrator.checkpoints.manifest import (
    KeptFile,
    Manifest,
    State,
    read_manifest,
    write_manifest,
)
from orchestrator.checkpoints.origin import Remote
from orchestrator.checkpoints.remote_code import require_no_code
from orchestrator.checkpoints.sources import Wanted, safe
from orchestrator.checkpoints.verifying import Inspect, hashed, require_equal, require_sound
from orchestrator.errors import ModelError


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """What is wanted, and what the library has of it."""

    library: Library
    wanted: Wanted
    inspect: Inspect
    now: Callable[[], datetime]

    @property
    def entry(self) -> Path:
        """The folder of this model."""
        return self.library.entry(self.wanted.source, self.wanted.revision)

    @property
    def files_folder(self) -> Path:
        """Where its files go when they are fetched."""
        return self.entry / "files"

    def __str__(self) -> str:
        return f"expert {self.wanted.expert_id!r}: {safe(self.wanted.source)}"

    def is_away(self) -> ModelError:
        """Why it cannot be had offline."""
        return ModelError(
            f"{self} is not on this machine and HF_HUB_OFFLINE or ORCHESTRATOR_OFFLINE is set: "
            "run `orchestrator models pull` once without them"
        )

    def manifest(self) -> Manifest | None:
        """What is known of it."""
        return read_manifest(self.entry)

    def verified(self) -> Manifest | None:
        """What was verified before, if it is untouched and all the registry asks for."""
        known = self.manifest()
        if known is None or known.state != "verified" or not known.is_intact:
            return None
        found = {file.name: file.sha256 for file in known.files}
        agrees = all(found.get(name) == hash_ for name, hash_ in self.wanted.sha256.items())
        has_code = known.has_code or not self.wanted.allows_code
        return known if agrees and has_code else None

    def is_ours(self, manifest: Manifest) -> bool:
        """Whether its files are the library's, not of another program or the registry."""
        return Path(manifest.folder).is_relative_to(self.library.folder)

    def begin(self, commit: str, files: Sequence[Remote]) -> Manifest:
        """What is to be fetched; pieces of another commit are removed first."""
        before = self.manifest()
        if before is None or before.commit != commit:
            # They must not become the beginning of this one's.
            shutil.rmtree(self.files_folder, ignore_errors=True)
        kept = tuple(
            KeptFile(name=one.name, num_bytes=one.num_bytes, sha256=one.sha256) for one in files
        )
        return self._draft(commit, self.files_folder, state="downloading", files=kept)

    def announce(self, manifest: Manifest) -> None:
        """Tell every process how far it is."""
        write_manifest(self.entry, manifest)

    def finish(
        self, commit: str, files: Sequence[Remote], folder: Path, *, is_ours: bool
    ) -> Manifest:
        """Verify everything, and tell every process.

        Raises:
            WeightsError: it is not what it should be.
            ModelError: it needs code of its own that the registry does not allow.
        """
        kept = hashed(folder, [file.name for file in files])
        require_equal(kept, files, self.wanted, is_ours=folder if is_ours else None)
        require_sound(folder, self.wanted, self.inspect)
        require_no_code(folder, self.wanted)
        manifest = self._draft(commit, folder, state="verified", files=kept)
        self.announce(manifest)
        return manifest

    def others_bytes(self) -> int:
        """What all other models of the library take, once those under way are here."""
        others = (self.library.at(one) for one in self.library.entries() if one != self.entry)
        return sum(one.num_bytes for one in others if one is not None and self.is_ours(one))

    def counting(self) -> AbstractContextManager[object]:
        """Be the only process that counts room, so that two do not both take the last of it."""
        return FileLock(self.library.folder / "lock")

    @contextmanager
    def locked(self, is_cancelled: Callable[[], bool]) -> Iterator[None]:
        """Be the only process that changes it.

        Raises:
            ModelError: the library's folder cannot be written.
        """
        try:
            self.entry.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise ModelError(
                f"models cannot be kept in {self.library.folder}: {exc.strerror}; set "
                "ORCHESTRATOR_MODELS_DIR to a folder that can be written"
            ) from exc
        lock = FileLock(self.entry / "lock")
        try:
            lock.acquire(cancel_check=is_cancelled)
        except Timeout as exc:
            raise ModelError(f"{self} was given up while another process fetched it") from exc
        try:
            yield
        finally:
            lock.release()

    def _draft(
        self, commit: str, folder: Path, *, state: State, files: tuple[KeptFile, ...]
    ) -> Manifest:
        return Manifest(
            source=safe(self.wanted.source),
            revision=self.wanted.revision,
            commit=commit,
            state=state,
            folder=str(folder),
            files=files,
            has_code=self.wanted.allows_code,
            at=self.now().isoformat(timespec="seconds"),
        )
