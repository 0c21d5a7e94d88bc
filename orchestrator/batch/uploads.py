"""Contents on their way into the storage: counted, in large pieces, and gone if given up."""

from __future__ import annotations

import hashlib
from types import TracebackType

from orchestrator.batch.files import contents_of
from orchestrator.batch.storage import Storage, Writing
from orchestrator.errors import BodyTooLargeError

#: What the storage is given at a time: a step into a thread costs as much as this takes to write.
_PIECE_BYTES = 256 * 1024


class Upload:
    """The contents of one file; whatever ends it before `finish`, nothing of it stays.

    Args:
        storage: takes them.
        file_id: whose contents they are.
        max_bytes: a longer file is refused.
        is_digested: whether the contents are to be known again.
    """

    def __init__(
        self, storage: Storage, file_id: str, *, max_bytes: int, is_digested: bool = False
    ) -> None:
        self._storage = storage
        self._path = contents_of(file_id)
        self._max_bytes = max_bytes
        self._held = bytearray()
        self._writing: Writing | None = None
        self.num_bytes = 0
        self._digest = hashlib.sha256() if is_digested else None

    @property
    def sha256(self) -> str:
        """Of what was passed on, in hex; empty where nobody asked for it."""
        return "" if self._digest is None else self._digest.hexdigest()

    async def __aenter__(self) -> Upload:
        """Begin; the storage hears of it with the first piece."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give it up, unless it is finished."""
        if self._writing is not None:
            await self._writing.abort()

    async def write(self, data: bytes) -> None:
        """Append; waits for the storage, so that whoever sends does.

        Raises:
            BodyTooLargeError: the file is longer than allowed.
            StorageError: it cannot be stored.
        """
        self.num_bytes += len(data)
        if self.num_bytes > self._max_bytes:
            raise BodyTooLargeError(
                f"the file has more than {self._max_bytes} bytes, the most that is taken "
                "(max_file_bytes); split it",
                param="file",
            )
        self._held += data
        if len(self._held) >= _PIECE_BYTES:
            await self._pass_on()

    async def finish(self) -> None:
        """Store it for good.

        Raises:
            StorageError: it cannot be stored.
        """
        await self._pass_on()
        assert self._writing is not None, "passing on opens it"
        await self._writing.commit()

    async def _pass_on(self) -> None:
        if self._writing is None:
            self._writing = await self._storage.open_write(self._path)
        held, self._held = bytes(self._held), bytearray()
        if self._digest is not None:
            self._digest.update(held)
        await self._writing.write(held)
