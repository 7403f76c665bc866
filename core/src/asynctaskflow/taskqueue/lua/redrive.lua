-- redrive: queue dead-lettered or failed tasks again.
-- ARGV: nonce, 1 to forget past failures (0 keeps the count), then uuids
-- Returns: per task OK | ALREADY | MISSING | REFUSED
-- Invariant: a task leaves the DLQ in the same step that queues it; its error leaves the error index.
local answers = {}

local function redrive(uuid)
  local key = TASK .. uuid
  local r = call('HMGET', key, 'state', 'nonce', 'attempt', 'error_class', 'updated', 'history', 'redrives',
    'fingerprint')
  if not r[1] then return MISSING end
  if r[2] == ARGV[1] then return ALREADY end
  if r[1] ~= 'DLQ' and r[1] ~= 'FAILED' then return REFUSED end
  unindex_error(uuid, r[1], r[4], r[5], r[8])
  call('HSET', key, 'state', 'PENDING', 'updated', NOW, 'expires', 0, 'deliveries', 0, 'lease', '',
    'nonce', ARGV[1], 'redrives', (r[7] or 0) + 1, 'fingerprint', '',
    'history', remembered(r[6], {event = 'redriven', attempt = tonumber(r[3] or 0)}))
  if ARGV[2] == '1' then call('HSET', key, 'failures', 0) end
  queue(uuid, r[1], RETRY, 'RPUSH')
  emit(uuid, 'redriven', r[1], 'PENDING', r[3])
  return OK
end

for i = 3, #ARGV do answers[i - 2] = redrive(ARGV[i]) end
return answers
