-- Prelude of every dependency script, part 1: names for KEYS[1..8] (dependency_keys), answers, Redis time.
local call = redis.call
local SPEC, BREAKER, CONFIG, BUCKET, PROBES, HISTORY, LINE, DAYS = unpack(KEYS, 1, 8)
local GRANTED, WAIT, BUSY, OPEN, UNKNOWN, OVER = 1, 0, -1, -2, -3, -4
local DONE, DONE_KEPT_MS, GRANT_KEPT_MS = 'done', 60000, 3600000
local clock = call('TIME')
local NOW = clock[1] * 1000 + math.floor(clock[2] / 1000)

local function numbers(key, ...)
  local found = call('HMGET', key, ...)
  for i = 1, select('#', ...) do found[i] = tonumber(found[i]) end
  return unpack(found, 1, select('#', ...))
end
