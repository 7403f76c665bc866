#!lua flags=allow-oom
-- settle_failed: end an execution without a result: SCHEDULED to try again, DLQ or FAILED.
-- KEYS[17..]: per task its hash
-- ARGV: per task six: uuid, lease, target state, error class, message, delay in ms
-- Returns: per task OK | ALREADY | LOST
-- Invariant: counts one settled failure; only the holder of the current lease writes.
local answers = {}

local function settle(key, uuid, lease, to, class, message, delay)
  local r = call('HMGET', key, 'state', 'lease', 'attempt', 'worker', 'failures')
  if r[2] ~= lease then return LOST end
  if r[1] ~= 'ACTIVE' then return ALREADY end
  call('HSET', key, 'failures', (r[5] or 0) + 1, 'deliveries', 0)
  settle_error(uuid, 'ACTIVE', to, {event = 'failed', attempt = tonumber(r[3]), worker = r[4], class = class,
    message = message}, tonumber(delay))
  wake()
  return OK
end

for i = 0, #ARGV / 6 - 1 do
  answers[i + 1] = settle(KEYS[17 + i], unpack(ARGV, 6 * i + 1, 6 * i + 6))
end
return answers
