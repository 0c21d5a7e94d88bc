"""One line from its file to the sink: asked, tried again, stored."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import orjson

from orchestrator.batch.endpoint import Endpoint
from orchestrator.batch.executing import Work
from orchestrator.batch.line import LineFault, LineReply, LineResult
from orchestrator.batch.retrying import RetryDecision, retry
from orchestrator.errors import StorageError

_LOG = logging.getLogger(__name__)

#: Between two tries to reach the storage: the first, and the longest, seconds.
_FIRST_S, _LONGEST_S = 1.0, 30.0

_T = TypeVar("_T")

#: Waits, seconds.
Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answering:
    """Has lines answered.

    Args:
        endpoint: answers them.
        max_tries: of one line.
        sleep: between tries to reach the storage.
    """

    endpoint: Endpoint
    max_tries: int
    sleep: Sleep = asyncio.sleep

    async def answer(self, work: Work, place: int, *, num_tries: int) -> LineResult | RetryDecision:
        """Ask once.

        Args:
            work: the line's.
            place: of the line.
            num_tries: with this one.
        """
        line = await self._persistently(lambda: work.lines.read(place))
        call_id = f"{work.id}-{place}-{num_tries}"
        reply = await self.endpoint.answer(line, call_id=call_id, batch=work.id, owner=work.owner)
        again = retry(reply, num_tries=num_tries, max_tries=self.max_tries, call_id=call_id)
        if again is not None:
            return again
        return LineResult(
            place=place, custom_id=line.custom_id, reply=reply, fault=_fault(reply, num_tries)
        )

    async def store(self, work: Work, result: LineResult) -> None:
        """Returns once the result is stored."""
        await self._persistently(lambda: work.sink.put(result))

    async def _persistently(self, ask: Callable[[], Awaitable[_T]]) -> _T:
        """Ask until the storage answers: a batch waits for it, and ends by its window at last."""
        pause_s = _FIRST_S
        while True:
            try:
                return await ask()
            except StorageError as error:
                _LOG.warning("a batch waits for its storage: %s", error.message)
            await self.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_S)


def _fault(reply: LineReply, num_tries: int) -> LineFault | None:
    """Why a reply is no answer."""
    if reply.is_ok:
        return None
    error = _error(reply.body)
    tried = f" (tried {num_tries} times)" if num_tries > 1 else ""
    return LineFault(
        code=str(error.get("code") or "line_failed"),
        message=f"{error.get('message') or f'HTTP status {reply.status_code}'}{tried}",
    )


def _error(body: bytes) -> dict[str, object]:
    try:
        error = orjson.loads(body)["error"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return {}
    return error if isinstance(error, dict) else {}
