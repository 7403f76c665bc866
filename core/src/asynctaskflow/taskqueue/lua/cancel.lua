-- cancel: end a queued, scheduled or running task by request.
-- ARGV: uuid, nonce, reason
-- Returns: {OK | ALREADY | MISSING | REFUSED, state it had}
-- Invariant: a cancelled task's queue entry is a tombstone that a claim skips; a running one's lease is void.
local uuid, nonce, reason = unpack(ARGV)
local key = TASK .. uuid
local r = call('HMGET', key, 'state', 'nonce', 'attempt', 'worker', 'error_class', 'updated', 'history')
local state = r[1]
if not state then return {MISSING, ''} end
if r[2] == nonce then return {ALREADY, state} end
if state ~= 'PENDING' and state ~= 'SCHEDULED' and state ~= 'ACTIVE' then return {REFUSED, state} end
if state == 'SCHEDULED' then unindex_error(uuid, state, r[5], r[6]) end
call('HSET', key, 'state', 'CANCELLED', 'updated', NOW, 'due', 0, 'lease', '', 'nonce', nonce,
  'history', remembered(r[7], {event = 'cancelled', attempt = tonumber(r[3] or 0), message = reason}))
move(uuid, state, 'CANCELLED')
emit(uuid, 'cancelled', state, 'CANCELLED', r[3], r[4])
ended('CANCELLED', 1)
return {OK, state}
