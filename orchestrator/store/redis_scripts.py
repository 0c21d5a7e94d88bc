"""Runs of one script that are asked for together go to Redis together, over one connection."""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from collections.abc import Sequence
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import NoScriptError

from orchestrator.store.link import RedisLink

#: Runs that travel together at most: their answers are waited for together.
_MAX_TOGETHER = 256


class TogetherScript:
    """One script; a thousand who ask at once need one connection, not a thousand.

    Args:
        link: the Redis.
        text: of the script, Lua.
        what: the action, as in "could not `what`".
    """

    def __init__(self, link: RedisLink, text: str, *, what: str) -> None:
        self._link = link
        self._text = text
        self._sha = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
        self._what = what
        self._waiting: deque[tuple[tuple[Any, ...], asyncio.Future[Any]]] = deque()
        self._task: asyncio.Task[None] | None = None

    async def run(self, keys: Sequence[str], *args: Any) -> Any:
        """Run it once; whoever stops waiting does not stop it.

        Raises:
            StoreError: Redis is away; it may have run or not.
        """
        done = asyncio.get_running_loop().create_future()
        self._waiting.append(((len(keys), *keys, *args), done))
        if self._task is None:
            self._task = asyncio.create_task(self._run_all())
        return await done

    async def _run_all(self) -> None:
        try:
            while self._waiting:
                num = min(len(self._waiting), _MAX_TOGETHER)
                await self._run_some([self._waiting.popleft() for _ in range(num)])
        finally:
            self._task = None

    async def _run_some(self, some: list[tuple[tuple[Any, ...], asyncio.Future[Any]]]) -> None:
        try:
            with self._link.doing(self._what):
                answers = await self._answers([arguments for arguments, _ in some])
        except BaseException as error:
            for _, done in some:
                if not done.done():
                    done.set_exception(error)
            if not isinstance(error, Exception):
                raise
            return
        for (_, done), answer in zip(some, answers, strict=True):
            if not done.done():
                done.set_result(answer)

    async def _answers(self, runs: list[tuple[Any, ...]]) -> list[Any]:
        """Of all runs; a script that Redis has forgotten did not run, and is told again."""
        client = self._link.once
        answers = await _sent(client, [("EVALSHA", self._sha, *run) for run in runs])
        again = [at for at, one in enumerate(answers) if isinstance(one, NoScriptError)]
        if again:
            told = await _sent(client, [("EVAL", self._text, *runs[at]) for at in again])
            for at, answer in zip(again, told, strict=True):
                answers[at] = answer
        for one in answers:
            if isinstance(one, Exception):
                raise one
        return answers


async def _sent(client: Redis, commands: list[tuple[Any, ...]]) -> list[Any]:
    if len(commands) == 1:
        try:
            done = client.execute_command(*commands[0])  # type: ignore[no-untyped-call]
            return [await done]
        except NoScriptError as error:
            return [error]
    async with client.pipeline(transaction=False) as pipe:
        for command in commands:
            pipe.execute_command(*command)
        return await pipe.execute(raise_on_error=False)
