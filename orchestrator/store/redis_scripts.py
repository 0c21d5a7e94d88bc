"""Scripts that Redis runs by itself, known to it by their digests."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from redis.exceptions import NoScriptError

from orchestrator.store.link import RedisLink


class LaneScript:
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

    async def run(self, keys: Sequence[str], *args: str | int) -> Any:
        """Run it once, before what is asked later; whoever stops waiting does not stop it.

        Raises:
            StoreError: Redis is away; it may have run or not.
        """
        asked = (len(keys), *keys, *args)
        with self._link.doing(self._what):
            try:
                return await self._link.lane.ask("EVALSHA", self._sha, *asked)
            except NoScriptError:  # Redis has forgotten it, so it did not run
                return await self._link.lane.ask("EVAL", self._text, *asked)
