"""The store on Redis."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import cast

from redis.asyncio.client import PubSub

from orchestrator.store.link import RedisLink
from orchestrator.store.memory import checked_expiry

#: KEYS: the key. ARGV: whether a value is expected, that value, the new value.
_COMPARE_AND_SET = """
local held = redis.call('GET', KEYS[1])
if ARGV[1] == '0' then
  if held then return 0 end
elseif held ~= ARGV[2] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[3])
return 1
"""


class RedisStore:
    """A `Store` on the Redis behind `link`, which others may share."""

    def __init__(self, link: RedisLink) -> None:
        self._link = link

    async def get(self, key: str) -> bytes | None:
        """See `Store.get`."""
        with self._link.doing(f"read {key!r}"):
            return cast("bytes | None", await self._link.client.get(self._name(key)))

    async def set(self, key: str, value: bytes, *, expires_s: float | None = None) -> None:
        """See `Store.set`."""
        expires_ms = None if expires_s is None else max(1, round(checked_expiry(expires_s) * 1000))
        with self._link.doing(f"write {key!r}"):
            await self._link.client.set(self._name(key), value, px=expires_ms)

    async def compare_and_set(self, key: str, *, expected: bytes | None, value: bytes) -> bool:
        """See `Store.compare_and_set`."""
        arguments = (b"0", b"") if expected is None else (b"1", expected)
        with self._link.doing(f"compare and write {key!r}"):
            done = self._link.once.eval(_COMPARE_AND_SET, 1, self._name(key), *arguments, value)
            return bool(await cast("Awaitable[int]", done))

    async def delete(self, key: str) -> bool:
        """See `Store.delete`."""
        with self._link.doing(f"delete {key!r}"):
            return bool(await self._link.client.delete(self._name(key)))

    async def publish(self, channel: str, message: bytes) -> None:
        """See `Store.publish`."""
        with self._link.doing(f"publish to {channel!r}"):
            await self._link.client.publish(self._name(channel), message)

    @asynccontextmanager
    async def subscribe(self, channel: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """See `Store.subscribe`."""
        async with self._link.once.pubsub() as pubsub:
            with self._link.doing(f"subscribe to {channel!r}"):
                await pubsub.subscribe(self._name(channel))
                # Redis has the subscription once it says so; a message before that is missed.
                await pubsub.parse_response(block=True)
            yield self._messages(pubsub, channel)

    async def ping(self) -> None:
        """See `Store.ping`."""
        with self._link.doing("answer a ping"):
            await self._link.client.ping()

    async def close(self) -> None:
        """See `Store.close`."""
        await self._link.close()

    async def _messages(self, pubsub: PubSub, channel: str) -> AsyncIterator[bytes]:
        with self._link.doing(f"go on reading {channel!r}"):
            async for message in pubsub.listen():
                if message["type"] == "message":
                    yield message["data"]

    def _name(self, key: str) -> str:
        return self._link.prefix + key
