"""The registry file of a running service: saving it is enough.

The file is taken when its content changed since it was last read, and never because it differs
from what is live: a rollback stands until the file is saved again.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from orchestrator.errors import ConflictError, RegistryError, StoreError
from orchestrator.registry.attempt import Attempt
from orchestrator.registry.contents import ContentsError, opened
from orchestrator.registry.edit import Edit, SoundEdit, sha256_of
from orchestrator.registry.file_events import hints
from orchestrator.registry.models import Registry
from orchestrator.registry.rollout import Rollout, Settled
from orchestrator.registry.settling import Content, Missing, Patience, Settling
from orchestrator.registry.status import FileState

_LOG = logging.getLogger(__name__)

#: Waits for some seconds.
Pause = Callable[[float], Awaitable[None]]

#: What rounding leaves of a wait is not waited for bit by bit.
_SHORTEST_S = 0.001


class RegistryFile:
    """Reads the file and offers what it says to the rollout.

    Args:
        path: the file; it need not exist yet.
        rollout: takes its edits.
        patience: when a file that is being written is taken for written.
        clock: Unix time, seconds.
        monotonic: seconds that never go back, by which a content stays.
        pause: waits for some seconds.
    """

    def __init__(
        self,
        path: Path,
        rollout: Rollout,
        *,
        patience: Patience = Patience(),  # noqa: B008 - frozen
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        pause: Pause = asyncio.sleep,
    ) -> None:
        self.path = path.absolute()
        self._rollout = rollout
        self._patience = patience
        self._clock = clock
        self._monotonic = monotonic
        self._pause = pause
        self._taken: Content | None = None
        self._begun: Attempt | None = None
        self._registry: Registry | None = None
        self._trouble: str | None = None
        self._read_s: float | None = None

    @property
    def sha256(self) -> str | None:
        """Of the content that was taken last."""
        return sha256_of(self._taken) if isinstance(self._taken, bytes) else None

    def state(self) -> FileState:
        """The file, as it was last read."""
        live = self._rollout.live
        return FileState(
            path=str(self.path),
            sha256=self.sha256,
            read_s=self._read_s,
            differs=self.differs_from(None if live is None else live.registry),
            trouble=self._trouble,
        )

    def differs_from(self, registry: Registry | None) -> bool:
        """Whether the file was read and says something else than `registry`."""
        return self._taken is not None and (self._registry is None or self._registry != registry)

    async def follow(self, events: AsyncIterator[None] | None = None) -> None:
        """Take every change, for ever.

        Args:
            events: hints to look; those of the file system by default.
        """
        async for _ in hints(self.path) if events is None else events:
            try:
                await self._rollout.settle()
                await self.look()
            except StoreError as error:
                # Told where it began; the next hint is a second away.
                _LOG.info("the registry file waits for the store: %s", error.message)

    async def look(self) -> Attempt | Settled | None:
        """Read the file, and offer it if it changed since it was last taken.

        Raises:
            StoreError: the store is away; the file counts as not taken.
        """
        if self._begun is not None and self._begun.has_lost_the_store:
            self._begun = self._taken = None
        content = await self._read()
        while content != self._taken:
            settling = Settling(content, patience=self._patience, now_s=self._monotonic())
            content = await self._settled(settling)
            try:
                edit = await self._examined(content)
            except RegistryError as error:
                now = await self._settled(settling, is_faulty=True)
                if now == content:
                    self._refuse(content, error)
                content = now
            else:
                return await self._take(content, edit)
        return None

    async def reload(self, *, expected: str | None = None) -> tuple[SoundEdit, Attempt | Settled]:
        """Read the file now and offer what it says, changed or not.

        Raises:
            RegistryError: it has faults or cannot be read.
            ConflictError: see `Rollout.offer`.
            StoreError: the store is away.
        """
        content = await self._read()
        try:
            edit = await self._examined(content)
        except RegistryError as error:
            self._refuse(content, error)
            raise
        begun = await self._rollout.offer(edit, expected=expected)
        self._note(content, edit.registry, begun=begun)
        return edit, begun

    async def examine(self) -> SoundEdit:
        """Check what the file says now, and report nothing.

        Raises:
            RegistryError: it has faults or cannot be read.
        """
        return await self._examined(await self._read())

    async def _take(self, content: Content, edit: SoundEdit) -> Attempt | Settled | None:
        live = self._rollout.live
        if self._taken is None and live and live.file_sha256 == edit.edit.file_sha256:
            self._note(content, edit.registry)  # dealt with by whoever ran before
            return None
        try:
            begun = await self._rollout.offer(edit)
        except ConflictError:
            begun = None  # a newer edit stands
        self._note(content, edit.registry, begun=begun)
        return begun

    async def _settled(self, settling: Settling, *, is_faulty: bool = False) -> Content:
        """The content once it stayed; with `is_faulty`, another one as soon as there is one."""
        before = settling.content
        while wait_s := settling.wait_s(now_s=self._monotonic(), is_faulty=is_faulty):
            await self._pause(max(wait_s, _SHORTEST_S))
            settling.observe(await self._read(), now_s=self._monotonic())
            if is_faulty and settling.content != before:
                break
        return settling.content

    async def _examined(self, content: Content) -> SoundEdit:
        if isinstance(content, Missing):
            raise RegistryError(
                f"registry file {str(self.path)!r}: {content.reason}; what is live serves on"
            )
        return await self._rollout.examine(self._edit(content))

    def _edit(self, content: bytes) -> Edit:
        return Edit(
            content=content,
            name=str(self.path),
            folder=str(self.path.parent),
            source="file",
            file_sha256=sha256_of(content),
        )

    def _refuse(self, content: Content, error: RegistryError) -> None:
        self._note(content, None, trouble=error.message)
        self._rollout.refuse(self._edit(b""), error)

    def _note(
        self,
        content: Content,
        registry: Registry | None,
        *,
        trouble: str | None = None,
        begun: Attempt | Settled | None = None,
    ) -> None:
        self._begun = begun if isinstance(begun, Attempt) else None
        self._taken, self._registry, self._trouble = content, registry, trouble
        self._read_s = self._clock()

    async def _read(self) -> Content:
        return await asyncio.to_thread(read_content, self.path)


def read_content(path: Path) -> Content:
    """What the file says, or why it cannot be read."""
    try:
        with opened(path) as found:
            return found.read()
    except ContentsError as exc:
        return Missing(reason=str(exc))
