-- reap_expired: take back tasks whose lease ran out, at most BATCH, and end the oldest queued ones that
-- are past their maximum age.
-- ARGV: max_deliveries
-- Returns: {queued again, sent to the DLQ, expired}
-- Invariant: the old lease is void before anyone else can hold one.
local max_deliveries = tonumber(ARGV[1])
local again, dead, expired = 0, 0, 0

local function void_lease(uuid)
  local key = TASK .. uuid
  local r = call('HMGET', key, 'attempt', 'worker', 'deliveries', 'history', 'state')
  if r[5] ~= 'ACTIVE' then return call('ZREM', INDEX.ACTIVE, uuid) end
  call('HSET', key, 'lease', '')
  if tonumber(r[3] or 0) >= max_deliveries then
    settle_error(uuid, 'ACTIVE', 'DLQ', {event = 'lease_expired', attempt = tonumber(r[1]), worker = r[2],
      class = 'worker_lost', message = 'lost ' .. r[3] .. ' workers in a row while it ran'})
    dead = dead + 1
  else
    call('HSET', key, 'state', 'PENDING', 'updated', NOW, 'history', remembered(r[4],
      {event = 'lease_expired', attempt = tonumber(r[1]), worker = r[2], message = 'the worker stopped renewing'}))
    queue(uuid, 'ACTIVE', RETRY, 'LPUSH')
    emit(uuid, 'lease_expired', 'ACTIVE', 'PENDING', r[1], r[2])
    again = again + 1
  end
end

for _, uuid in ipairs(call('ZRANGEBYSCORE', INDEX.ACTIVE, '-inf', NOW, 'LIMIT', 0, BATCH)) do void_lease(uuid) end
for _, uuid in ipairs(call('ZRANGE', INDEX.PENDING, 0, 9)) do
  if is_expired(uuid, call('HGET', TASK .. uuid, 'expires')) then expired = expired + 1 end
end
promote()
return {again, dead, expired}
