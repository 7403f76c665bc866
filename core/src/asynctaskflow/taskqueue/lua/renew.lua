#!lua flags=allow-oom
-- renew: a worker's heartbeat; extends the leases of all its running tasks, and forgets workers long gone.
-- KEYS[17]: worker hash, KEYS[18]: workers set
-- ARGV: worker id, lease in ms, lifetime of the worker's record in ms, number of record fields f, then f names
--   and values, then per task two: uuid, lease
-- Returns: {revision of the function's spec or '', uuids whose lease is lost...}
-- Invariant: only a lease that is still the current one is extended.
local FORGOTTEN_MS, FORGOTTEN_EACH = 3600000, 10
local worker, lease_ms, fields = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[4])
local answer = {call('HGET', FUNCTION, 'revision') or ''}
for i = 5 + 2 * fields, #ARGV, 2 do
  local uuid, lease = ARGV[i], ARGV[i + 1]
  local r = call('HMGET', TASK .. uuid, 'state', 'lease')
  if r[1] == 'ACTIVE' and r[2] == lease then
    call('ZADD', INDEX.ACTIVE, 'XX', NOW + lease_ms, uuid)
  else
    answer[#answer + 1] = uuid
  end
end
call('HSET', KEYS[17], 'seen', NOW, unpack(ARGV, 5, 4 + 2 * fields))
call('PEXPIRE', KEYS[17], ARGV[3])
call('ZADD', KEYS[18], NOW, worker)
call('PEXPIRE', KEYS[18], FORGOTTEN_MS) -- a heartbeat after the function's end leaves nothing for good
for _, gone in ipairs(call('ZRANGEBYSCORE', KEYS[18], '-inf', NOW - FORGOTTEN_MS, 'LIMIT', 0, FORGOTTEN_EACH)) do
  call('ZREM', KEYS[18], gone)
  call('HDEL', CLAIMS, gone)
end
return answer
