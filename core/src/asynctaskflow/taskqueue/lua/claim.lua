-- claim: promote what is due, then lease up to n queued tasks to one worker.
-- ARGV: worker id, nonce (becomes the lease token), n (0..1000; 0: only tell what this nonce has taken; it takes nothing
--   any more), lease in ms, how many to prefer from the retry list, deliveries so far that make the next one the last,
--   how many tasks on their last delivery to take (0 or 1)
-- Returns: {1 if paused + 2 if the nonce is used up + 4 if the worker is marked draining, ms to the next due task or -1,
--   retry depth, task...}, each {uuid, attempt, failures, deliveries, max_attempts, created ms, input, input_ref, traceparent}
-- Invariant: an ACTIVE task has a lease and a deadline in the active set; the same nonce gives the same tasks, and one
--   older than its worker's last claim gives none (16 characters name who counts, the next 8 are the count).
local worker, nonce, n, lease_ms, from_retry = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local answer, pick = {}, {chosen = {}, seen = {}, moved = false, last_delivery = tonumber(ARGV[6]), suspects = tonumber(ARGV[7])}

local function hand_out(uuid, r, attempt, deliveries)
  answer[#answer + 1] = {uuid, attempt, tonumber(r[3] or 0), deliveries, tonumber(r[5] or 0), tonumber(r[6]),
    r.input, r[8] or '', r[9] or ''}
end

local function start()
  local uuids, deadlines, lines, deadline = {}, {}, {}, string.format('%.0f', NOW + lease_ms)
  for i, pair in ipairs(pick.chosen) do
    local uuid, r = pair[1], pair[2]
    local attempt, deliveries = (r[2] or 0) + 1, (r[4] or 0) + 1
    hand_out(uuid, r, attempt, deliveries)
    attempt = tostring(attempt)
    call('HSET', TASK .. uuid, 'state', 'ACTIVE', 'updated', NOW_TEXT, 'started', NOW_TEXT, 'lease', nonce,
      'worker', worker, 'attempt', attempt, 'deliveries', deliveries)
    uuids[i], deadlines[2 * i - 1], deadlines[2 * i] = uuid, deadline, uuid
    lines[i] = line(uuid, 'claimed', 'PENDING', 'ACTIVE', attempt, worker)
  end
  if #uuids == 0 then return end
  call('ZREM', INDEX.PENDING, unpack(uuids))
  call('ZADD', INDEX.ACTIVE, unpack(deadlines))
  call('HSET', CLAIMS, worker, nonce .. table.concat(uuids, ' '))
  publish(lines)
end

local last = call('HGET', CLAIMS, worker) or ''
local repeated = string.sub(last, 1, #nonce) == nonce
local older = string.sub(last, 1, 16) == string.sub(nonce, 1, 16) and string.sub(last, 17, 24) > string.sub(nonce, 17, 24)
local f = call('HMGET', FUNCTION, 'paused', 'draining')
local paused, drained = f[1] == '1', tonumber(f[2] or 0) > NOW
if drained then drained = tonumber(call('ZSCORE', 'workers:draining:' .. TAG, worker) or 0) > NOW end
local due = call('ZRANGE', INDEX.SCHEDULED, 0, 0, 'WITHSCORES')
if repeated then
  for uuid in string.gmatch(string.sub(last, #nonce + 1), '%S+') do
    local r = read_queued(uuid)
    if r[10] == nonce and r[1] == 'ACTIVE' then hand_out(uuid, r, tonumber(r[2]), tonumber(r[4])) end
  end
elseif n == 0 then call('HSET', CLAIMS, worker, nonce)
elseif not paused and not older and not drained then
  if due[2] and tonumber(due[2]) <= NOW then due = promote() end
  local retries = call('LLEN', RETRY)
  if retries > 0 then choose(pick, RETRY, from_retry) end
  choose(pick, PRIMARY, n - #pick.chosen)
  if retries > 0 then choose(pick, RETRY, n - #pick.chosen) end
  start()
end
-- A claim that waited has taken the marker: whatever it left needs another.
if (pick.moved or repeated or older or drained) and not paused and call('EXISTS', PRIMARY, RETRY) > 0 then wake() end
local flags = (paused and 1 or 0) + ((repeated or n == 0) and 2 or 0) + (drained and 4 or 0)
return {flags, due[2] and math.max(0, due[2] - NOW) or -1, call('LLEN', RETRY), unpack(answer)}
