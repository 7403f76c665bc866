#!lua flags=allow-oom
-- hand_back: return unfinished tasks with no attempt burned, to the front of their list or SCHEDULED.
-- KEYS[17..]: per task its hash
-- ARGV: per task four: uuid, lease, reason, delay in ms (0 = at once)
-- Returns: per task OK | ALREADY | LOST
-- Invariant: attempt and deliveries are what they were before the claim.
local answers = {}

local function hand_back(key, uuid, lease, reason, delay)
  local r = call('HMGET', key, 'state', 'lease', 'attempt', 'worker', 'failures', 'deliveries', 'history',
    'error_class')
  if r[2] ~= lease then return LOST end
  if r[1] ~= 'ACTIVE' then return ALREADY end
  local to = delay > 0 and 'SCHEDULED' or 'PENDING'
  local due = delay > 0 and NOW + delay or 0
  call('HSET', key, 'state', to, 'updated', NOW, 'due', due, 'attempt', r[3] - 1, 'deliveries', r[6] - 1, 'history',
    remembered(r[7], {event = 'handed_back', attempt = tonumber(r[3]), worker = r[4], message = reason, next = due}))
  if to == 'PENDING' then
    queue(uuid, 'ACTIVE', tonumber(r[5] or 0) > 0 and RETRY or PRIMARY, 'LPUSH')
  else
    move(uuid, 'ACTIVE', 'SCHEDULED', due)
    if r[8] then call('ZADD', ERRORS, 0, error_member(uuid, to, r[8], NOW)) end
    wake()
  end
  emit(uuid, 'handed_back', 'ACTIVE', to, r[3] - 1, r[4])
  return OK
end

for i = 0, #ARGV / 4 - 1 do
  local uuid, lease, reason, delay = unpack(ARGV, 4 * i + 1, 4 * i + 4)
  answers[i + 1] = hand_back(KEYS[17 + i], uuid, lease, reason, tonumber(delay))
end
return answers
