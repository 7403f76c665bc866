#!lua flags=allow-oom
-- settle_completed: store results and end tasks COMPLETED, if the caller still holds the lease.
-- KEYS[17..]: per task its hash, its result
-- ARGV: per task five: uuid, lease, result, checksum of the result, result_ref
-- Returns: per task OK | ALREADY | LOST
-- Invariant: one accepted result per task; only the holder of the current lease writes it.
local answers, left, entered, lines = {}, {}, {}, {}

local function settle(i, uuid, lease, result, sha, ref)
  local key = KEYS[17 + 2 * i]
  local r = call('HMGET', key, 'lease', 'state', 'attempt', 'worker', 'error_class')
  if r[1] ~= lease then return LOST end
  if r[2] ~= 'ACTIVE' then return ALREADY end
  if result ~= '' then call('SET', KEYS[18 + 2 * i], result) end
  call('HSET', key, 'state', 'COMPLETED', 'updated', NOW_TEXT, 'result_bytes', #result, 'result_sha256', sha)
  if ref ~= '' then call('HSET', key, 'result_ref', ref) end
  if r[5] then call('HDEL', key, 'error', 'error_class') end
  left[#left + 1] = uuid
  entered[#entered + 1] = NOW_TEXT
  entered[#entered + 1] = uuid
  lines[#lines + 1] = line(uuid, 'completed', 'ACTIVE', 'COMPLETED', r[3], r[4])
  return OK
end

for i = 0, #ARGV / 5 - 1 do
  answers[i + 1] = settle(i, unpack(ARGV, 5 * i + 1, 5 * i + 5))
end
if #left > 0 then
  call('ZREM', INDEX.ACTIVE, unpack(left))
  call('ZADD', INDEX.COMPLETED, unpack(entered))
  publish(lines)
  ended('COMPLETED', #left)
end
return answers
