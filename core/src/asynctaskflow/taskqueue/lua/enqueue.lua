-- enqueue: store tasks that are not there yet and queue them, or schedule those with a delay.
-- KEYS[17..]: per task its hash, whose name ends with the uuid; then the idempotency key of each task that has one
-- ARGV[1]: idempotency key lifetime in ms. Then per task: input, checksum of the input, options: '' or a JSON object of
--   delay and max_age in ms (0 = none), keyed (has a key), fields (flat list: max_attempts, input_ref, traceparent, resource)
-- Returns: per task CREATED alone if it is new and PENDING, else {CREATED | REPLAYED | CONFLICT | FULL, uuid, state}
-- Invariant: a stored task is in exactly one state index, and queued exactly when PENDING.
local sub, count, keyed, stamp, moment, known_task = string.sub, (#ARGV - 1) / 3, 16 + (#ARGV - 1) / 3, nil, nil, nil
local max_depth = tonumber(call('HGET', FUNCTION, 'max_depth') or math.huge)
local depth = max_depth < math.huge and call('ZCARD', INDEX.PENDING) + call('ZCARD', INDEX.SCHEDULED) or 0
local answers, queued, pending, scheduled, born, lines = {}, {}, {}, {}, {}, {}
-- Tasks without keys that all fit enter the index of all together: as many entered as came, so none was known.
local fresh = depth + count <= max_depth and #KEYS == keyed
for i = 1, fresh and count or 0 do
  local uuid = sub(KEYS[16 + i], -36)
  local beginning = sub(uuid, 1, 15) -- ids of one batch mostly share their version and the time they begin with
  if beginning ~= stamp then moment, stamp = birth(uuid), sub(beginning, 15) == '7' and beginning end
  append(born, moment, uuid)
end
fresh = fresh and call('ZADD', ALL, 'NX', unpack(born)) == count

if not fresh then -- made only then: to make a function costs as much as a command
  born = {}
  known_task = function(key, uuid, sha, idempotency_key)
    local named = idempotency_key and call('GET', idempotency_key)
    local state = named and call('HGET', TASK .. sub(named, 1, 36), 'state')
    if state then return {sub(named, 37) == sha and REPLAYED or CONFLICT, sub(named, 1, 36), state} end
    local known = call('HMGET', key, 'state', 'input_sha256')
    return known[1] and {known[2] == sha and REPLAYED or CONFLICT, uuid, known[1]}
  end
end

for i = 1, count do
  local key, input, sha, o = KEYS[16 + i], unpack(ARGV, 3 * i - 1, 3 * i + 1)
  local uuid, o, answer = sub(key, -36), o ~= '' and cjson.decode(o), nil
  if o and o.keyed then keyed = keyed + 1 end
  if not fresh then
    answer = known_task(key, uuid, sha, o and o.keyed and KEYS[keyed]) or depth >= max_depth and {FULL, uuid, ''}
    if not answer then append(born, birth(uuid), uuid)
    elseif answer[1] == REPLAYED then call('HSET', TASK .. answer[2], 'state', answer[3]) end -- WAIT needs a write
  end
  if not answer then
    local state, due = 'PENDING', NOW_TEXT
    if o and o.delay > 0 then state, due = 'SCHEDULED', string.format('%.0f', NOW + o.delay) end
    call('HSET', key, 'state', state, 'created', NOW_TEXT, 'input_sha256', sha, 'input_bytes', #input)
    if input ~= '' then call('SET', key .. ':input', input) end
    if o and o.max_age > 0 then append(o.fields, 'expires', NOW + o.delay + o.max_age) end
    if state == 'PENDING' then append(pending, due, uuid); queued[#queued + 1] = uuid
    else append(scheduled, due, uuid); append(o.fields, 'due', due) end
    if o and #o.fields > 0 then call('HSET', key, unpack(o.fields)) end
    if o and o.keyed then call('SET', KEYS[keyed], uuid .. sha, 'PX', ARGV[1]) end
    lines[#lines + 1], depth = line(uuid, 'enqueued', '-', state), depth + 1
    answer = state == 'PENDING' and CREATED or {CREATED, uuid, state}
  end
  answers[i] = answer
end
if #queued > 0 then call('RPUSH', PRIMARY, unpack(queued)); call('ZADD', INDEX.PENDING, unpack(pending)) end
if #scheduled > 0 then call('ZADD', INDEX.SCHEDULED, unpack(scheduled)) end
if not fresh and #born > 0 then call('ZADD', ALL, unpack(born)) end
if #lines > 0 then publish(lines); wake() end
return answers
