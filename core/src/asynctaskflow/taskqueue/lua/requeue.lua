-- requeue: put PENDING tasks that stand in no list back into the primary list (repair after foreign writes).
-- ARGV: uuids
-- Returns: number queued again
-- Invariant: a task that is queued already is not queued twice.
local queued = 0
for _, uuid in ipairs(ARGV) do
  local lost = call('HGET', TASK .. uuid, 'state') == 'PENDING'
    and not call('LPOS', PRIMARY, uuid) and not call('LPOS', RETRY, uuid)
  if lost then
    call('RPUSH', PRIMARY, uuid)
    queued = queued + 1
  end
end
wake()
return queued
