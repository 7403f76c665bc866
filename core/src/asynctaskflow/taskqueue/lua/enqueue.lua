-- enqueue: store tasks that are not there yet and queue them, or schedule those with a delay.
-- KEYS[17..]: per task its hash, its input, its idempotency key (the hash again when it has none)
-- ARGV[1]: idempotency key lifetime in ms. Then per task nine: uuid, input, checksum of the input, input_ref,
--   delay in ms, maximum age in ms (0 = none), max_attempts (0 = the function's), fingerprint ('' = no
--   idempotency key), traceparent
-- Returns: per task {CREATED | REPLAYED | CONFLICT | FULL, uuid, state}
-- Invariant: a stored task is in exactly one state index, and queued exactly when PENDING.
local depth = call('ZCARD', INDEX.PENDING) + call('ZCARD', INDEX.SCHEDULED)
local max_depth = tonumber(call('HGET', FUNCTION, 'max_depth') or math.huge)
local answers, queued, born, lines = {}, {}, {}, {}
local entered = {PENDING = {}, SCHEDULED = {}}

local function known_by_key(idempotency_key, fingerprint)
  local known = call('GET', idempotency_key)
  if not known then return nil end
  local uuid = string.sub(known, 1, 36)
  local state = call('HGET', TASK .. uuid, 'state')
  return state and {string.sub(known, 37) == fingerprint and REPLAYED or CONFLICT, uuid, state}
end

local function known_by_uuid(uuid, sha)
  local known = call('HMGET', TASK .. uuid, 'state', 'input_sha256')
  return known[1] and {known[2] == sha and REPLAYED or CONFLICT, uuid, known[1]}
end

local function store(i, uuid, input, sha, ref, delay, max_age, max_attempts, fingerprint, trace)
  local state, due = 'PENDING', NOW_TEXT
  if delay > 0 then state, due = 'SCHEDULED', string.format('%.0f', NOW + delay) end
  local fields = {'state', state, 'created', NOW_TEXT, 'input_sha256', sha, 'input_bytes', #input}
  if max_age > 0 then append(fields, 'expires', NOW + delay + max_age) end
  if max_attempts ~= '0' then append(fields, 'max_attempts', max_attempts) end
  if ref ~= '' then append(fields, 'input_ref', ref) end
  if trace ~= '' then append(fields, 'traceparent', trace) end
  if delay > 0 then append(fields, 'due', due) end
  call('HSET', KEYS[17 + 3 * i], unpack(fields))
  if input ~= '' then call('SET', KEYS[18 + 3 * i], input) end
  if fingerprint ~= '' then call('SET', KEYS[19 + 3 * i], uuid .. fingerprint, 'PX', ARGV[1]) end
  if delay == 0 then queued[#queued + 1] = uuid end
  append(entered[state], due, uuid)
  append(born, birth(uuid), uuid)
  lines[#lines + 1] = line(uuid, 'enqueued', '-', state)
  depth = depth + 1
  return {CREATED, uuid, state}
end

for i = 0, (#ARGV - 1) / 9 - 1 do
  local uuid, input, sha, ref, delay, age, attempts, fingerprint, trace = unpack(ARGV, 9 * i + 2, 9 * i + 10)
  local answer = fingerprint ~= '' and known_by_key(KEYS[19 + 3 * i], fingerprint) or known_by_uuid(uuid, sha)
  if not answer and depth >= max_depth then answer = {FULL, uuid, ''} end
  answers[i + 1] = answer
    or store(i, uuid, input, sha, ref, tonumber(delay), tonumber(age), attempts, fingerprint, trace)
end
if #queued > 0 then call('RPUSH', PRIMARY, unpack(queued)) end
for state, entries in pairs(entered) do
  if #entries > 0 then call('ZADD', INDEX[state], unpack(entries)) end
end
if #born > 0 then call('ZADD', ALL, unpack(born)); publish(lines); wake() end
return answers
