"""What is known of every file: kept beside the contents, held by who keeps batches."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from pydantic import ValidationError

from orchestrator.batch.asked import Page
from orchestrator.batch.paging import page_of
from orchestrator.batch.repeated import made_before
from orchestrator.batch.storage import Storage
from orchestrator.batch.stored_file import Purpose, StoredFile
from orchestrator.errors import ConflictError, NotFoundError, NotStoredError

_LOG = logging.getLogger(__name__)
_FOLDER = "files"
_FACTS = ".json"
_CONTENTS = ".content"
#: What stands in files of this version; a later one's are left alone.
_VERSION = 1
#: A storage elsewhere takes its time for each.
_LOADED_AT_ONCE = 32
#: Contents that were uploaded and never registered are kept for, seconds.
ORPHAN_S = 24 * 3600.0


def contents_of(file_id: str) -> str:
    """Where the contents of a file lie; only of ids that are ours."""
    return f"{_FOLDER}/{file_id}{_CONTENTS}"


def _facts_of(file_id: str) -> str:
    return f"{_FOLDER}/{file_id}{_FACTS}"


class Files:
    """Every file, and whose it is.

    Args:
        storage: where facts and contents lie.
        clock: Unix time, seconds.
        used_by: which batch still needs a file; `None` where none does.
    """

    def __init__(
        self,
        storage: Storage,
        *,
        clock: Callable[[], float],
        used_by: Callable[[str], str | None] = lambda _: None,
    ) -> None:
        self._storage = storage
        self._clock = clock
        #: May be set later: who keeps batches is built with the files.
        self.used_by = used_by
        self._files: dict[str, StoredFile] = {}
        #: Held while a file that has a name is made.
        self._naming = asyncio.Lock()

    async def start(self) -> None:
        """Read what is stored; what cannot be read is told and left alone.

        Raises:
            StorageError: the storage does not answer.
        """
        found = [one.path for one in await self._storage.list(_FOLDER)]
        facts = [path for path in found if path.endswith(_FACTS)]
        for begin in range(0, len(facts), _LOADED_AT_ONCE):
            await asyncio.gather(*map(self._load, facts[begin : begin + _LOADED_AT_ONCE]))

    async def register(self, file: StoredFile) -> StoredFile:
        """Keep a file whose contents are stored; again, the same.

        Returns:
            The file, or the one that was made by the same name before: then these contents belong
            to nobody.

        Raises:
            KeyReusedError: its name stands for another file.
            NotStoredError: its contents are not there.
            StorageError: it cannot be stored now.
        """
        if not file.once:
            return await self._kept(file)
        async with self._naming:
            kept = (one for one in self._files.values() if not self._has_expired(one))
            return made_before(file, kept, now_s=self._clock()) or await self._kept(file)

    async def _kept(self, file: StoredFile) -> StoredFile:
        await self._storage.size(contents_of(file.id))
        await self._storage.write(_facts_of(file.id), file.model_dump_json().encode())
        self._files[file.id] = file
        return file

    def find(self, file_id: str, *, owner: str) -> StoredFile:
        """The file of this id.

        Raises:
            NotFoundError: there is none, or it has expired, or is another's.
        """
        found = self._files.get(file_id)
        if found is None or found.owner != owner or self._has_expired(found):
            raise NotFoundError(
                f"no file {file_id[:128]!r}: it was deleted, has expired or was never uploaded; "
                "GET /v1/files lists those that are kept",
                param="file_id",
            )
        return found

    def page(
        self, page: Page, *, owner: str, purpose: Purpose | None = None
    ) -> tuple[list[StoredFile], bool]:
        """A page of an owner's files, and whether there are more.

        Raises:
            InvalidRequestError: the id that it goes on after is none of them.
        """
        mine = (
            file
            for file in self._files.values()
            if file.owner == owner
            and purpose in (None, file.purpose)
            and not self._has_expired(file)
        )
        return page_of(mine, page)

    async def delete(self, file_id: str, *, owner: str) -> None:
        """Remove a file and its contents.

        Raises:
            NotFoundError: there is none.
            ConflictError: a batch needs it.
            StorageError: it cannot be removed now.
        """
        self.find(file_id, owner=owner)
        batch_id = self.used_by(file_id)
        if batch_id is not None:
            raise ConflictError(
                f"file {file_id!r} is in use by batch {batch_id!r}, which has not ended; cancel "
                "the batch or wait for its end",
                param="file_id",
            )
        await self._remove(file_id)

    async def sweep(self) -> int:
        """Remove files that have expired, contents that belong to none, and unfinished ones.

        Returns:
            How many objects were removed.

        Raises:
            StorageError: the storage does not answer.
        """
        expired = [
            file.id
            for file in self._files.values()
            if self._has_expired(file) and self.used_by(file.id) is None
        ]
        for file_id in expired:
            await self._remove(file_id)
        orphans = await self._orphans()
        for path in orphans:
            await self._storage.delete(path)
        unfinished = await self._storage.sweep(older_than_s=ORPHAN_S)
        return len(expired) + len(orphans) + unfinished

    async def _orphans(self) -> list[str]:
        """Contents without facts; facts that cannot be read are facts."""
        found = await self._storage.list(_FOLDER)
        known = {one.path.removesuffix(_FACTS) for one in found if one.path.endswith(_FACTS)}
        before_s = self._clock() - ORPHAN_S
        return [
            one.path
            for one in found
            if one.path.endswith(_CONTENTS)
            and one.path.removesuffix(_CONTENTS) not in known
            and one.modified_s is not None
            and one.modified_s < before_s
        ]

    async def _remove(self, file_id: str) -> None:
        # Facts first: contents without any are swept, facts without contents would be a lie.
        await self._storage.delete(_facts_of(file_id))
        self._files.pop(file_id, None)
        await self._storage.delete(contents_of(file_id))

    async def _load(self, path: str) -> None:
        try:
            file = StoredFile.model_validate_json(await self._storage.read(path))
        except NotStoredError:
            return
        except ValidationError as exc:
            _LOG.error("%s is left alone, it is damaged: %s", path, exc.errors()[0]["msg"])
            return
        if file.version > _VERSION:
            _LOG.error(
                "%s is left alone: its form is %d, and this service reads up to %d",
                path,
                file.version,
                _VERSION,
            )
            return
        self._files[file.id] = file

    def _has_expired(self, file: StoredFile) -> bool:
        return file.expires_at is not None and file.expires_at <= self._clock()
