"""Judgements in Redis: a hash by id, their order by time, and a word for each change."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import cast
from uuid import uuid4

from orchestrator.store.judgements import (
    MAX_JUDGEMENTS,
    RETENTION_S,
    StoredJudgement,
    readable,
)
from orchestrator.store.link import RedisLink

#: Judgements read at once.
_PAGE = 500
#: KEYS: the hash, the order, the revision. ARGV: id, JSON, time, bound, seconds until all of it is
#: gone, the new revision.
_PUT = """
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
local num_over = redis.call('ZCARD', KEYS[2]) - tonumber(ARGV[4])
if num_over > 0 then
  for _, id in ipairs(redis.call('ZRANGE', KEYS[2], 0, num_over - 1)) do
    redis.call('HDEL', KEYS[1], id)
  end
  redis.call('ZREMRANGEBYRANK', KEYS[2], 0, num_over - 1)
end
redis.call('SET', KEYS[3], ARGV[6])
for _, key in ipairs(KEYS) do redis.call('EXPIRE', key, ARGV[5]) end
return num_over
"""
#: KEYS as above. ARGV: id, the new revision.
_REMOVE = """
local had = redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('ZREM', KEYS[2], ARGV[1])
if had == 1 then redis.call('SET', KEYS[3], ARGV[2], 'KEEPTTL') end
return had
"""


class RedisJudgements:
    """`Judgements` on the Redis behind `link`, which others may share.

    Args:
        link: the Redis.
        max_judgements: kept at most; beyond it the oldest go.
    """

    def __init__(self, link: RedisLink, *, max_judgements: int = MAX_JUDGEMENTS) -> None:
        self._link = link
        self._max_judgements = max_judgements

    async def put(self, judgement: StoredJudgement) -> None:
        """See `Judgements.put`."""
        content = judgement.model_dump_json()
        bounds = (judgement.at_s, self._max_judgements, RETENTION_S)
        with self._link.doing(f"keep judgement {judgement.id!r}"):
            done = self._link.once.eval(
                _PUT, 3, *self._keys, judgement.id, content, *bounds, uuid4().hex
            )
            await cast("Awaitable[int]", done)

    async def find(self, judgement_id: str) -> StoredJudgement | None:
        """See `Judgements.find`."""
        with self._link.doing(f"find judgement {judgement_id!r}"):
            done = self._link.client.hget(self._keys[0], judgement_id)
            raw = await cast("Awaitable[bytes | None]", done)
        return None if raw is None else next(iter(readable([raw])), None)

    async def remove(self, judgement_id: str) -> bool:
        """See `Judgements.remove`."""
        with self._link.doing(f"forget judgement {judgement_id!r}"):
            done = self._link.once.eval(_REMOVE, 3, *self._keys, judgement_id, uuid4().hex)
            return bool(await cast("Awaitable[int]", done))

    async def every(self) -> list[StoredJudgement]:
        """See `Judgements.every`."""
        # In pages: thousands at once would keep this process from all else for too long. What
        # changes meanwhile changes the revision, too, by which one knows to ask again.
        found: dict[str, StoredJudgement] = {}
        cursor, is_begun = 0, False
        while cursor or not is_begun:
            with self._link.doing("read the judgements"):
                done = self._link.client.hscan(self._keys[0], cursor, count=_PAGE)
                cursor, page = await cast("Awaitable[tuple[int, dict[bytes, bytes]]]", done)
            found |= {one.id: one for one in readable(page.values())}
            is_begun = True
        return list(found.values())

    async def revision(self) -> str:
        """See `Judgements.revision`."""
        with self._link.doing("see whether judgements changed"):
            raw = cast("bytes | None", await self._link.client.get(self._keys[2]))
        return "" if raw is None else raw.decode()

    @property
    def _keys(self) -> tuple[str, str, str]:
        prefix = f"{self._link.prefix}judgements"
        return prefix, f"{prefix}:order", f"{prefix}:revision"
