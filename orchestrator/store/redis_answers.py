"""Answers in Redis: a hash of values, when each was used and when it ends; a script a step."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import cast

from orchestrator.store.answers import MAX_BYTES, Holdings
from orchestrator.store.link import RedisLink

#: All of it is gone when nothing was kept for so long, seconds.
_IDLE_S = 7 * 24 * 3600
#: Ended values that are swept by one that is put: each step stays short.
_SWEPT = 20

#: KEYS of every script: values, when each was used, when each ends, bytes of all.
_SHARED = """
local function forget(key)
  local size = redis.call('HSTRLEN', KEYS[1], key)
  if size > 0 then redis.call('DECRBY', KEYS[4], size) end
  redis.call('HDEL', KEYS[1], key)
  redis.call('ZREM', KEYS[2], key)
  redis.call('ZREM', KEYS[3], key)
end
"""
#: ARGV: key, now.
_FIND = (
    _SHARED
    + """
local ends = redis.call('ZSCORE', KEYS[3], ARGV[1])
if not ends then return false end
if tonumber(ends) <= tonumber(ARGV[2]) then forget(ARGV[1]); return false end
redis.call('ZADD', KEYS[2], ARGV[2], ARGV[1])
return redis.call('HGET', KEYS[1], ARGV[1])
"""
)
#: ARGV: key, value, now, its end, bytes of all, entries to sweep, seconds idle.
_PUT = (
    _SHARED
    + """
local ended = redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', ARGV[3], 'LIMIT', 0, ARGV[6])
for _, key in ipairs(ended) do forget(key) end
forget(ARGV[1])
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
redis.call('ZADD', KEYS[3], ARGV[4], ARGV[1])
local size = redis.call('INCRBY', KEYS[4], #ARGV[2])
while size > tonumber(ARGV[5]) do
  forget(redis.call('ZRANGE', KEYS[2], 0, 0)[1])
  size = tonumber(redis.call('GET', KEYS[4]))
end
for _, key in ipairs(KEYS) do redis.call('EXPIRE', key, ARGV[7]) end
return size
"""
)


class RedisAnswers:
    """`Answers` on the Redis behind `link`, which others may share.

    Args:
        link: the Redis.
        max_bytes: of all values.
    """

    def __init__(self, link: RedisLink, *, max_bytes: int = MAX_BYTES) -> None:
        self._link = link
        self._max_bytes = max_bytes
        prefix = f"{link.prefix}answers:"
        self._keys = [prefix + part for part in ("values", "used", "ends", "bytes")]

    async def find(self, key: str, *, now_s: float) -> bytes | None:
        """See `Answers.find`."""
        with self._link.doing("look for an answer"):
            done = self._link.client.eval(_FIND, len(self._keys), *self._keys, key, now_s)
            return await cast("Awaitable[bytes | None]", done)

    async def put(self, key: str, value: bytes, *, now_s: float, expires_s: float) -> None:
        """See `Answers.put`."""
        if len(value) > self._max_bytes:
            return
        given = (key, value, now_s, now_s + expires_s, self._max_bytes, _SWEPT, _IDLE_S)
        with self._link.doing("keep an answer"):
            done = self._link.client.eval(_PUT, len(self._keys), *self._keys, *given)
            await cast("Awaitable[int]", done)

    async def holdings(self) -> Holdings:
        """See `Answers.holdings`."""
        with self._link.doing("count the answers"):
            num_answers = await self._link.client.hlen(self._keys[0])
            num_bytes = await self._link.client.get(self._keys[3])
        return Holdings(num_answers=num_answers, num_bytes=int(num_bytes or 0))
