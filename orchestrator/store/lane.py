"""One connection to Redis that all who ask share: nobody waits for another's answer to ask.

What a caller waits for goes this way. A pool's connection is lent, checked, waited on and given
back for each command, which takes several times as long as to write it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from math import inf
from typing import Any

from hiredis import pack_command
from redis.asyncio.connection import AbstractConnection, ConnectionPool
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError, ResponseError

from orchestrator.store.ending import ended


@dataclass(slots=True, kw_only=True)
class _Line:
    """A connection, and the answers that are awaited of it, in the order in which they come."""

    connection: AbstractConnection
    asked: deque[asyncio.Future[Any]] = field(default_factory=deque)


class Lane:
    """Sends commands as they come, in their order, and hands out answers as they come.

    Nothing is sent twice. What was sent is carried out before what is sent later, whether or not
    anybody still waits for it.

    Args:
        pool: makes the connection; lends none.
        timeout_s: for each answer. A Redis that keeps one waiting has all others fail as well.
    """

    def __init__(self, pool: ConnectionPool, *, timeout_s: float) -> None:
        self._pool = pool
        self._timeout_s = timeout_s
        self._line: _Line | None = None
        self._connecting: asyncio.Task[_Line] | None = None
        self._reading: asyncio.Task[None] | None = None

    async def ask(self, *command: str | bytes | int) -> Any:
        """Send one command; returns its answer.

        Raises:
            ResponseError: Redis refused it.
            RedisError: it could not be sent, or no answer came: it may have been carried out.
            TimeoutError: as before, within `timeout_s`.
        """
        line = self._line
        if line is None or not line.connection.is_connected:
            line = await self._connected()
        done = asyncio.get_running_loop().create_future()
        line.asked.append(done)
        try:
            async with asyncio.timeout(self._timeout_s):
                # The connection packs in Python, which takes six times as long.
                packed = pack_command(command)  # type: ignore[arg-type]  # of any length
                await line.connection.send_packed_command(packed, check_health=False)
                return await done
        except TimeoutError:
            await line.connection.disconnect(nowait=True)
            raise
        finally:
            done.cancel()  # nobody waits for it any longer

    async def close(self) -> None:
        """Close the connection; who waits for an answer waits in vain."""
        if self._connecting is not None:
            await ended([self._connecting])
        if self._line is not None:
            await self._line.connection.disconnect()
        if self._reading is not None:
            await ended([self._reading])

    async def _connected(self) -> _Line:
        """A line that is up: all who ask while there is none wait for the same one."""
        if self._connecting is None:
            self._connecting = asyncio.create_task(self._connect())
        return await asyncio.shield(self._connecting)

    async def _connect(self) -> _Line:
        try:
            connection: AbstractConnection = self._pool.make_connection()  # type: ignore[no-untyped-call]
            await connection.connect()  # type: ignore[no-untyped-call]
        finally:
            self._connecting = None
        # Its own deadline would be begun for every write; here the one of the answer is enough.
        connection.socket_timeout = None
        line = self._line = _Line(connection=connection)
        self._reading = asyncio.create_task(_read(line))
        return line


async def _read(line: _Line) -> None:
    """Hand out answers until the connection ends; what is still awaited then fails."""
    connection, asked = line.connection, line.asked
    error: Exception = RedisConnectionError("the connection was closed")
    try:
        while True:
            try:
                answer = await connection.read_response(timeout=inf, disconnect_on_error=False)
            except ResponseError as refused:
                _end(asked.popleft(), refused)
            else:
                if not (done := asked.popleft()).done():
                    done.set_result(answer)
    except (RedisError, OSError) as broken:
        error = broken
    finally:
        await connection.disconnect(nowait=True)
        while asked:
            _end(asked.popleft(), error)


def _end(done: asyncio.Future[Any], error: Exception) -> None:
    if not done.done():
        done.set_exception(error)
