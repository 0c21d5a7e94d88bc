"""What Redis does by itself to count what a key takes.

KEYS of all: requests and tokens of the last seconds (hashes by second), leases (when they end),
what was spent (a hash of days and `all`), and what is set aside by one hold. Numbers of days come
from seconds by arithmetic: Redis has no calendar.
"""

from __future__ import annotations

#: Shared by the scripts: the time, and the day of UTC in the form 20261122.
_CLOCK = """
local function now()
  if ARGV[1] ~= '' then return tonumber(ARGV[1]) end
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
local function day(now_ms)
  local z = math.floor(now_ms / 86400000) + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524)
                          - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local d = doy - math.floor((153 * mp + 2) / 5) + 1
  local m = mp < 10 and mp + 3 or mp - 9
  local y = yoe + era * 400 + (m <= 2 and 1 or 0)
  return string.format('%04d%02d%02d', y, m, d)
end
"""

#: ARGV: now, requests, their bound, lease, bound, ms; hold, tokens, bound, nano-USD, bound a day,
#: bound in all, seconds of a hold, window, days kept. Replies: what was exceeded or nothing, what
#: there was of it, ms until it may be granted or -1, now, requests, ms, tokens, ms.
TAKE = (
    _CLOCK
    + """
local now_ms = now()
local now_s = math.floor(now_ms / 1000)
local window_s = tonumber(ARGV[14])

local function seen(key)
  local raw = redis.call('HGETALL', key)
  local total, latest, stale, buckets = 0, -1, {}, {}
  for i = 1, #raw, 2 do
    local at, num = tonumber(raw[i]), tonumber(raw[i + 1])
    if at <= now_s - window_s or at > now_s + window_s then
      stale[#stale + 1] = raw[i]
    else
      total = total + num
      buckets[#buckets + 1] = {at, num}
      if num > 0 and at > latest then latest = at end
    end
  end
  if #stale > 0 then redis.call('HDEL', key, unpack(stale)) end
  return {total = total, latest = latest, buckets = buckets}
end

local function resets_ms(latest)
  return latest < 0 and 0 or (latest + window_s) * 1000 - now_ms
end

local function frees_ms(window, num)
  table.sort(window.buckets, function(a, b) return a[1] < b[1] end)
  local freed = 0
  for _, bucket in ipairs(window.buckets) do
    freed = freed + bucket[2]
    if freed >= num then return (bucket[1] + window_s) * 1000 - now_ms end
  end
  return resets_ms(window.latest)
end

local wanted = {tonumber(ARGV[2]), tonumber(ARGV[8])}
local limits = {tonumber(ARGV[3]), tonumber(ARGV[9])}
local names = {'requests', 'tokens'}
local windows = {{total = 0, latest = -1}, {total = 0, latest = -1}}
for i = 1, 2 do
  if limits[i] >= 0 then windows[i] = seen(KEYS[i]) end
end

local refused, available, retry_ms = '', 0, -1
for i = 1, 2 do
  local free = limits[i] - windows[i].total
  if refused == '' and limits[i] >= 0 and wanted[i] > 0 and wanted[i] > free then
    refused, available = names[i], math.max(free, 0)
    if wanted[i] <= limits[i] then retry_ms = frees_ms(windows[i], wanted[i] - free) end
  end
end

local lease, max_leases = ARGV[4], tonumber(ARGV[5])
if refused == '' and lease ~= '' and max_leases >= 0 then
  redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now_ms)
  if redis.call('ZCARD', KEYS[3]) >= max_leases then
    refused, retry_ms = 'concurrent', 1000
  end
end

local hold, nano = ARGV[7], tonumber(ARGV[10])
local today = day(now_ms)
if refused == '' and hold ~= '' then
  for _, one in ipairs({{'all', 'all', tonumber(ARGV[12])}, {'day', today, tonumber(ARGV[11])}}) do
    local limit = one[3]
    if refused == '' and limit >= 0 then
      local spent = tonumber(redis.call('HGET', KEYS[4], one[2]) or '0')
      if spent >= limit or spent + nano > limit then
        refused, available = one[1], math.max(limit - spent, 0)
        if one[1] == 'day' and nano <= limit then retry_ms = 0 end
      end
    end
  end
end

if refused == '' then
  for i = 1, 2 do
    if limits[i] >= 0 and wanted[i] > 0 then
      redis.call('HINCRBY', KEYS[i], now_s, wanted[i])
      redis.call('EXPIRE', KEYS[i], window_s * 2)
      windows[i].total = windows[i].total + wanted[i]
      windows[i].latest = math.max(windows[i].latest, now_s)
    end
  end
  if lease ~= '' then
    redis.call('ZADD', KEYS[3], now_ms + tonumber(ARGV[6]), lease)
    redis.call('PEXPIRE', KEYS[3], tonumber(ARGV[6]) * 2)
  end
  if hold ~= '' then
    redis.call('HINCRBY', KEYS[4], 'all', ARGV[10])
    if redis.call('HINCRBY', KEYS[4], today, ARGV[10]) == nano then
      local days = redis.call('HKEYS', KEYS[4])
      table.sort(days)
      for i = 1, #days - 1 - tonumber(ARGV[15]) do redis.call('HDEL', KEYS[4], days[i]) end
    end
    redis.call('SET', KEYS[5], table.concat({ARGV[8], ARGV[10], now_s, today}, ' '),
               'EX', ARGV[13])
  end
end
return {refused, available, retry_ms, now_ms, windows[1].total, resets_ms(windows[1].latest),
        windows[2].total, resets_ms(windows[2].latest)}
"""
)

#: KEYS: of each settlement its hold, behind the first four. ARGV: now, window; of each settlement
#: lease, hold, tokens and nano-USD. Without its hold nothing is settled, nor of a key that was
#: forgotten since.
SETTLE = (
    _CLOCK
    + """
local since_s = math.floor(now() / 1000) - tonumber(ARGV[2])

local function settled(key, took_tokens, took_nano)
  local held = redis.call('GET', key)
  if not held then return end
  redis.call('DEL', key)
  if redis.call('HEXISTS', KEYS[4], 'all') == 0 then return end
  local tokens, nano, at_s, day = string.match(held, '^(%d+) (%d+) (%d+) (%d+)$')
  local back = tonumber(nano) - took_nano
  if back > 0 then
    local less = string.format('%.0f', -back)
    redis.call('HINCRBY', KEYS[4], 'all', less)
    if redis.call('HEXISTS', KEYS[4], day) == 1 then redis.call('HINCRBY', KEYS[4], day, less) end
  end
  local more = took_tokens - tonumber(tokens)
  if more ~= 0 and since_s < tonumber(at_s) and redis.call('HEXISTS', KEYS[2], at_s) == 1 then
    redis.call('HINCRBY', KEYS[2], at_s, more)
  end
end

for i = 5, #KEYS do
  local at = 3 + (i - 5) * 4
  if ARGV[at] ~= '' then redis.call('ZREM', KEYS[3], ARGV[at]) end
  if ARGV[at + 1] ~= '' then settled(KEYS[i], tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])) end
end
return #KEYS - 4
"""
)

#: KEYS: leases. ARGV: now, ms, and which.
RENEW = (
    _CLOCK
    + """
local ends_ms = now() + tonumber(ARGV[2])
for i = 3, #ARGV do redis.call('ZADD', KEYS[1], 'XX', ends_ms, ARGV[i]) end
redis.call('PEXPIRE', KEYS[1], tonumber(ARGV[2]) * 2)
return #ARGV - 2
"""
)
