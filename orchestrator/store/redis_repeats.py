"""Keys of requests in Redis: hashes by key, and when each ends; every step is one script."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import cast

from orchestrator.store.link import RedisLink
from orchestrator.store.repeats import MAX_BYTES, Claim, Outcome

#: Longer than any reply is kept: all of it is gone when nobody has sent a key for so long, seconds.
_IDLE_S = 7 * 24 * 3600
#: Entries that have ended and are swept by one claim: each step stays short.
_SWEPT = 20

#: KEYS of every script: owners, fingerprints, replies, when each key ends, when each reply ends,
#: bytes of all replies. ARGV[1] is the key, ARGV[2] its owner.
_SHARED = """
local function forget(key)
  local size = redis.call('HSTRLEN', KEYS[3], key)
  if size > 0 then redis.call('DECRBY', KEYS[6], size) end
  for i = 1, 3 do redis.call('HDEL', KEYS[i], key) end
  redis.call('ZREM', KEYS[4], key)
  redis.call('ZREM', KEYS[5], key)
end
local function is_own()
  return redis.call('HGET', KEYS[1], ARGV[1]) == ARGV[2]
    and redis.call('HEXISTS', KEYS[3], ARGV[1]) == 0
end
"""
#: ARGV: key, owner, fingerprint, now, end of the lease, entries to sweep, seconds idle.
_CLAIM = (
    _SHARED
    + """
local ended = redis.call('ZRANGEBYSCORE', KEYS[4], '-inf', ARGV[4], 'LIMIT', 0, ARGV[6])
for _, key in ipairs(ended) do forget(key) end
local ends = redis.call('ZSCORE', KEYS[4], ARGV[1])
if ends and tonumber(ends) <= tonumber(ARGV[4]) then forget(ARGV[1]); ends = false end
if not ends then
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
  redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
  redis.call('ZADD', KEYS[4], ARGV[5], ARGV[1])
  for _, key in ipairs(KEYS) do redis.call('EXPIRE', key, ARGV[7]) end
  return {'yours'}
end
if redis.call('HGET', KEYS[2], ARGV[1]) ~= ARGV[3] then return {'differs'} end
local reply = redis.call('HGET', KEYS[3], ARGV[1])
if reply then return {'answered', reply} end
return {'under_way'}
"""
)
#: ARGV: key, owner, end of the lease.
_RENEW = (
    _SHARED
    + """
if not is_own() then return 0 end
redis.call('ZADD', KEYS[4], ARGV[3], ARGV[1])
return 1
"""
)
#: ARGV: key, owner, reply, its end, bytes of all, seconds idle.
_KEEP = (
    _SHARED
    + """
if not is_own() then return 0 end
redis.call('HSET', KEYS[3], ARGV[1], ARGV[3])
redis.call('ZADD', KEYS[4], ARGV[4], ARGV[1])
redis.call('ZADD', KEYS[5], ARGV[4], ARGV[1])
local size = redis.call('INCRBY', KEYS[6], #ARGV[3])
while size > tonumber(ARGV[5]) do
  local first = redis.call('ZRANGE', KEYS[5], 0, 0)[1]
  if not first then break end
  forget(first)
  size = tonumber(redis.call('GET', KEYS[6]))
end
for _, key in ipairs(KEYS) do redis.call('EXPIRE', key, ARGV[6]) end
return 1
"""
)
#: ARGV: key, owner.
_RELEASE = (
    _SHARED
    + """
if is_own() then forget(ARGV[1]) end
return 0
"""
)


class RedisRepeats:
    """`Repeats` on the Redis behind `link`, which others may share.

    Args:
        link: the Redis.
        max_bytes: of replies that are kept.
    """

    def __init__(self, link: RedisLink, *, max_bytes: int = MAX_BYTES) -> None:
        self._link = link
        self._max_bytes = max_bytes

    async def claim(
        self, key: str, *, owner: str, fingerprint: str, now_s: float, lease_s: float
    ) -> Claim:
        """See `Repeats.claim`."""
        ends_s = now_s + lease_s
        given = (key, owner, fingerprint, now_s, ends_s, _SWEPT, _IDLE_S)
        found = cast("list[bytes]", await self._done("claim an idempotency key", _CLAIM, *given))
        outcome = cast("Outcome", found[0].decode())
        return Claim(outcome=outcome, reply=found[1] if len(found) > 1 else None)

    async def renew(self, key: str, *, owner: str, now_s: float, lease_s: float) -> bool:
        """See `Repeats.renew`."""
        what = "hold an idempotency key"
        return bool(await self._done(what, _RENEW, key, owner, now_s + lease_s))

    async def keep(
        self, key: str, *, owner: str, reply: bytes, now_s: float, expires_s: float
    ) -> bool:
        """See `Repeats.keep`."""
        given = (key, owner, reply, now_s + expires_s, self._max_bytes, _IDLE_S)
        return bool(await self._done("keep the reply of an idempotency key", _KEEP, *given))

    async def release(self, key: str, *, owner: str) -> None:
        """See `Repeats.release`."""
        await self._done("release an idempotency key", _RELEASE, key, owner)

    async def _done(self, what: str, script: str, *given: str | bytes | float) -> object:
        prefix = f"{self._link.prefix}repeats:"
        parts = ("owners", "fingerprints", "replies", "ends", "kept", "bytes")
        keys = [prefix + part for part in parts]
        with self._link.doing(what):
            done = self._link.once.eval(script, len(keys), *keys, *given)
            return await cast("Awaitable[object]", done)
