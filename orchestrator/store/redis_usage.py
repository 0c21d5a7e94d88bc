"""Usage in Redis: a hash a day, a field a number of a row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Iterable, Mapping
from dataclasses import astuple, fields
from typing import cast

from orchestrator.store.link import RedisLink
from orchestrator.store.redis_scripts import LaneScript
from orchestrator.store.usage import (
    KEPT_S,
    MAX_ROWS,
    NOTHING_USED,
    UsageRow,
    Used,
    others_of,
    row_of,
)

_COLUMNS = [one.name for one in fields(Used)]
#: An entry that is repeated is known for so long, seconds.
_ENTRY_S = 7 * 86_400
#: KEYS: the day, the entry. ARGV: seconds of both, fields at most, the columns in one word, the row
#: of what has no room, then rows with their numbers.
_ADD = """
if not redis.call('SET', KEYS[2], 1, 'NX', 'EX', ARGV[2]) then return 0 end
local columns = {}
for name in string.gmatch(ARGV[4], '[^ ]+') do columns[#columns + 1] = name end
local step = #columns + 1
for i = 6, #ARGV, step do
  local row = ARGV[i]
  if redis.call('HEXISTS', KEYS[1], columns[1] .. ' ' .. row) == 0
     and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[3]) then row = ARGV[5] end
  for c = 1, #columns do
    redis.call('HINCRBY', KEYS[1], columns[c] .. ' ' .. row, ARGV[i + c])
  end
end
redis.call('EXPIRE', KEYS[1], ARGV[1])
return 1
"""


class RedisUsage:
    """`UsageStore` on the Redis behind `link`, which others may share.

    Args:
        link: the Redis.
        max_rows: of one day.
    """

    def __init__(self, link: RedisLink, *, max_rows: int = MAX_ROWS) -> None:
        self._link = link
        self._max_rows = max_rows
        self._add = LaneScript(link, _ADD, what="write what was used")

    async def add(self, entry_id: str, used: Mapping[UsageRow, Used]) -> None:
        """See `UsageStore.add`."""
        by_day: dict[str, list[str | int]] = defaultdict(list)
        for row, more in used.items():
            by_day[row.day] += [row.field, *astuple(more)]
        bounds = (KEPT_S, _ENTRY_S, self._max_rows * len(_COLUMNS), " ".join(_COLUMNS))
        for day, numbers in by_day.items():
            key = self._key(day)
            keys = (key, f"{key}:entry:{entry_id}")
            await self._add.run(keys, *bounds, others_of(day).field, *numbers)

    async def read(self, days: Iterable[str]) -> dict[UsageRow, Used]:
        """See `UsageStore.read`."""
        found: dict[UsageRow, Used] = {}
        for day in days:
            with self._link.doing(f"read what was used on {day}"):
                done = self._link.client.hgetall(self._key(day))
                raw = await cast("Awaitable[dict[bytes, bytes]]", done)
            found |= _rows(day, raw)
        return found

    def _key(self, day: str) -> str:
        return f"{self._link.prefix}usage:{{{day}}}"


def _rows(day: str, raw: Mapping[bytes, bytes]) -> dict[UsageRow, Used]:
    numbers: dict[str, dict[str, int]] = defaultdict(dict)
    for name, value in raw.items():
        column, _, field = name.decode().partition(" ")
        if column in _COLUMNS:
            numbers[field][column] = int(value)
    return {row_of(day, field): NOTHING_USED.plus(Used(**by)) for field, by in numbers.items()}
