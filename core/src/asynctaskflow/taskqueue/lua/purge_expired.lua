-- purge_expired: remove tasks of one terminal state past their lifetime, or beyond the newest kept; at most BATCH.
-- ARGV: state, lifetime in ms, number to keep (0 = no limit)
-- Returns: {number removed, blob reference...}
-- Invariant: a task that is not in that terminal state is never touched.
local index, keep = INDEX[ARGV[1]], tonumber(ARGV[3])
local doomed = call('ZRANGEBYSCORE', index, '-inf', NOW - ARGV[2], 'LIMIT', 0, BATCH)
local surplus = keep > 0 and call('ZCARD', index) - keep or 0
if #doomed == 0 and surplus > 0 then doomed = call('ZRANGE', index, 0, math.min(surplus, BATCH) - 1) end
local answer = {0}
for _, uuid in ipairs(doomed) do
  if call('HGET', TASK .. uuid, 'state') == ARGV[1] then
    for _, ref in ipairs({erase(uuid)}) do
      if ref ~= '' then answer[#answer + 1] = ref end
    end
    answer[1] = answer[1] + 1
  else
    call('ZREM', index, uuid)
  end
end
return answer
