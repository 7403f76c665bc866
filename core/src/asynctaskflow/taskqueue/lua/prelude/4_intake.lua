-- Prelude, part 4: what happens to queued tasks that are due, too old or unreadable.
-- Move due scheduled tasks to their list, at most BATCH; a first start goes to the primary list. Returns the next one.
local function promote()
  for _, uuid in ipairs(call('ZRANGEBYSCORE', INDEX.SCHEDULED, '-inf', NOW, 'LIMIT', 0, BATCH)) do
    local r = call('HMGET', TASK .. uuid, 'attempt', 'error_class', 'updated', 'failures')
    unindex_error(uuid, 'SCHEDULED', r[2], r[3])
    call('HSET', TASK .. uuid, 'state', 'PENDING', 'updated', NOW, 'due', 0)
    queue(uuid, 'SCHEDULED', tonumber(r[4] or 0) > 0 and RETRY or PRIMARY, 'RPUSH')
    emit(uuid, 'promoted', 'SCHEDULED', 'PENDING', r[1])
  end
  return call('ZRANGE', INDEX.SCHEDULED, 0, 0, 'WITHSCORES')
end

-- End a queued task that was not started before its deadline.
local function is_expired(uuid, expires)
  if not expires or tonumber(expires) == 0 or tonumber(expires) > NOW then return false end
  settle_error(uuid, 'PENDING', 'FAILED',
    {event = 'expired', attempt = 0, worker = '', class = 'expired', message = 'not started before its maximum age'})
  return true
end

-- A task whose record has been damaged goes to the dead-letter queue; the queue goes on.
local function quarantine(uuid)
  call('DEL', TASK .. uuid)
  call('HSET', TASK .. uuid, 'created', NOW)
  settle_error(uuid, 'PENDING', 'DLQ',
    {event = 'failed', attempt = 0, worker = '', class = 'corrupt', message = 'the record was not a hash'})
end

local function read_queued(uuid)
  local r = redis.pcall('HMGET', TASK .. uuid, 'state', 'attempt', 'failures', 'deliveries', 'max_attempts',
    'created', 'expires', 'input_ref', 'traceparent', 'lease')
  if r.err and not string.find(r.err, 'WRONGTYPE') then error(r.err) end
  r.input = not r.err and call('GET', TASK .. uuid .. ':input') or ''
  return r
end

-- Take up to count PENDING tasks off a list into pick.chosen; entries of others are dropped. Of tasks on their last
-- delivery pick.suspects are taken: a poison pill must not die among neighbours that it took down before.
local function choose(pick, list, count)
  local first, wanted, kept = 0, #pick.chosen + count, {}
  while #pick.chosen < wanted and first < count + BATCH do
    local uuids = call('LRANGE', list, first, first + wanted - #pick.chosen - 1)
    if #uuids == 0 then break end
    for _, uuid in ipairs(uuids) do
      local r = read_queued(uuid)
      local suspect = tonumber(r[4] or 0) >= pick.last_delivery
      if r.err then quarantine(uuid)
      elseif r[1] ~= 'PENDING' or pick.seen[uuid] or is_expired(uuid, r[7]) then pick.moved = true
      elseif suspect and pick.suspects == 0 then table.insert(kept, 1, uuid)
      else
        pick.seen[uuid], pick.moved, pick.suspects = true, true, pick.suspects - (suspect and 1 or 0)
        pick.chosen[#pick.chosen + 1] = {uuid, r}
      end
    end
    first = first + #uuids
  end
  if first > 0 then call('LTRIM', list, first, -1) end
  if #kept > 0 then call('LPUSH', list, unpack(kept)) end
end
