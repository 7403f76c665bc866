-- progress: store and publish how far an execution is.
-- KEYS[17]: the task's hash
-- ARGV: uuid, lease, fraction 0..1, note
-- Returns: OK | LOST
-- Invariant: only the holder of the current lease writes.
local uuid, lease, fraction, note = unpack(ARGV)
local r = call('HMGET', KEYS[17], 'state', 'lease', 'attempt', 'worker')
if r[1] ~= 'ACTIVE' or r[2] ~= lease then return LOST end
call('HSET', KEYS[17], 'progress', fraction, 'note', note)
call('XADD', EVENTS, 'MAXLEN', '~', EVENTS_KEPT, '*', 't', line(uuid, 'progress', 'ACTIVE', 'ACTIVE', r[3], r[4]),
  'progress', fraction, 'note', note)
return OK
