"""Keys in Redis: a hash by id, a word for each change, and a channel that tells of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from typing import cast
from uuid import uuid4

from orchestrator.store.keys import StoredKey, readable
from orchestrator.store.link import RedisLink
from orchestrator.store.redis import RedisStore

#: Keys read at once.
_PAGE = 500
_CHANNEL = "keys:changes"
#: KEYS: the hash, the revision. ARGV: id, JSON, its edition, the new revision, the channel.
_PUT = """
local held = redis.call('HGET', KEYS[1], ARGV[1])
if held == ARGV[2] then return 1 end
local edition = 0
if held then edition = cjson.decode(held)['edition'] end
if edition + 1 ~= tonumber(ARGV[3]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('SET', KEYS[2], ARGV[4])
redis.call('PUBLISH', ARGV[5], '')
return 1
"""
#: KEYS: the hash, the revision, the days. ARGV: id, the new revision, the channel.
_REMOVE = """
redis.call('HDEL', KEYS[3], ARGV[1])
local had = redis.call('HDEL', KEYS[1], ARGV[1])
if had == 1 then
  redis.call('SET', KEYS[2], ARGV[2])
  redis.call('PUBLISH', ARGV[3], '')
end
return had
"""


class RedisKeys:
    """`KeyRecords` on the Redis behind `link`, which others may share."""

    def __init__(self, link: RedisLink) -> None:
        self._link = link
        self._store = RedisStore(link)
        prefix, self._channel = f"{link.prefix}keys", link.prefix + _CHANNEL
        self._hash, self._revision, self._days = prefix, f"{prefix}:revision", f"{prefix}:days"

    async def put(self, key: StoredKey) -> bool:
        """See `KeyRecords.put`."""
        given = (key.id, key.model_dump_json(), str(key.edition), uuid4().hex, self._channel)
        with self._link.doing(f"keep key {key.id!r}"):
            done = self._link.client.eval(_PUT, 2, self._hash, self._revision, *given)
            return bool(await cast("Awaitable[int]", done))

    async def find(self, key_id: str) -> StoredKey | None:
        """See `KeyRecords.find`."""
        with self._link.doing(f"find key {key_id!r}"):
            done = self._link.client.hget(self._hash, key_id)
            raw = await cast("Awaitable[bytes | None]", done)
        return None if raw is None else next(iter(readable([raw])), None)

    async def remove(self, key_id: str) -> bool:
        """See `KeyRecords.remove`."""
        with self._link.doing(f"forget key {key_id!r}"):
            names = (self._hash, self._revision, self._days)
            done = self._link.client.eval(_REMOVE, 3, *names, key_id, uuid4().hex, self._channel)
            return bool(await cast("Awaitable[int]", done))

    async def every(self) -> list[StoredKey]:
        """See `KeyRecords.every`."""
        # In pages, so that thousands of keys keep nobody waiting. What changes meanwhile changes
        # the revision, too, by which one knows to ask again.
        found: dict[str, StoredKey] = {}
        cursor, is_begun = 0, False
        while cursor or not is_begun:
            with self._link.doing("read the keys"):
                done = self._link.client.hscan(self._hash, cursor, count=_PAGE)
                cursor, page = await cast("Awaitable[tuple[int, dict[bytes, bytes]]]", done)
            found |= {one.id: one for one in readable(page.values())}
            is_begun = True
        return list(found.values())

    async def revision(self) -> str:
        """See `KeyRecords.revision`."""
        with self._link.doing("see whether keys changed"):
            raw = cast("bytes | None", await self._link.client.get(self._revision))
        return "" if raw is None else raw.decode()

    async def changes(self) -> AsyncIterator[None]:
        """See `KeyRecords.changes`."""
        async with self._store.subscribe(_CHANNEL) as messages:
            async for _ in messages:
                yield None

    async def note_use(self, key_id: str, day: str) -> None:
        """See `KeyRecords.note_use`."""
        with self._link.doing(f"note the use of key {key_id!r}"):
            done = self._link.client.hset(self._days, key_id, day)
            await done

    async def days_used(self) -> dict[str, str]:
        """See `KeyRecords.days_used`."""
        with self._link.doing("read when keys were used"):
            done = self._link.client.hgetall(self._days)
            days = await cast("Awaitable[dict[bytes, bytes]]", done)
        return {key_id.decode(): day.decode() for key_id, day in days.items()}
