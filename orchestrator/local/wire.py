"""Values between this process and one of our own: whole, in order, over one socket.

They are pickled, so neither end may be anybody else's: the socket is a pair that one process made
and the other inherited, and has no name.
"""

from __future__ import annotations

import asyncio
import copyreg
import io
import pickle
import socket
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

#: Of a value's length, before it.
_LENGTH_BYTES = 8
#: What may be asked of a slot's process; each is a method of `service.slot_worker.SlotWorker`.
Method = Literal["generate", "embed", "hint", "steer", "describe"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A question, answered by one `Said` or more with its number."""

    number: int
    method: Method
    argument: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveUp:
    """Nobody waits for the answer to this question any more."""

    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A part of an answer; the last one has nothing else."""

    number: int
    item: Any = None
    is_last: bool = False


class Wire:
    """One end.

    Args:
        reader: what comes.
        writer: what goes.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def over(cls, end: socket.socket) -> Wire:
        """The wire over this end of a pair."""
        return cls(*await asyncio.open_connection(sock=end))

    def send(self, value: object) -> None:
        """Send a value; one sent to a process that has ended is lost."""
        data = _pickled(value)
        if not self._writer.is_closing():
            self._writer.writelines((len(data).to_bytes(_LENGTH_BYTES), data))

    async def sent(self) -> None:
        """Wait until the other end has room for more.

        Raises:
            ConnectionError: it has ended.
        """
        await self._writer.drain()

    async def receive(self) -> Any:
        """The next value, `None` where the other end has ended."""
        try:
            head = await self._reader.readexactly(_LENGTH_BYTES)
            return pickle.loads(  # noqa: S301 - of a process of our own
                await self._reader.readexactly(int.from_bytes(head))
            )
        except (asyncio.IncompleteReadError, ConnectionError):
            return None

    async def close(self) -> None:
        """Hang up."""
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except ConnectionError:
            return  # the other end was first


def _pickled(value: object) -> bytes:
    buffer = io.BytesIO()
    pickler = pickle.Pickler(buffer, protocol=pickle.HIGHEST_PROTOCOL)
    # Reports have views of the reporter's own books, which pickle alone cannot take along.
    pickler.dispatch_table = copyreg.dispatch_table | {MappingProxyType: _of_view}
    pickler.dump(value)
    return buffer.getvalue()


def _of_view(
    view: MappingProxyType[Any, Any],
) -> tuple[type[dict[Any, Any]], tuple[dict[Any, Any]]]:
    return dict, (dict(view),)
