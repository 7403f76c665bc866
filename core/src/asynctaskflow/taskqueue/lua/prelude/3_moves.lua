-- Prelude, part 3: the moves that several transitions share.

-- Leave one state's index and enter another's; score is the due time or the lease's end where that counts.
local function move(uuid, old, new, score)
  call('ZREM', INDEX[old], uuid)
  call('ZADD', INDEX[new], score or NOW, uuid)
end

-- The task's bounded history with one entry more, as JSON lines.
local function remembered(history, entry)
  entry.at = NOW
  local lines, kept = (history or '') .. cjson.encode(entry) .. '\n', 0
  for _ in string.gmatch(lines, '\n') do kept = kept + 1 end
  if kept > HISTORY_KEPT then lines = string.sub(lines, string.find(lines, '\n') + 1) end
  return lines
end

-- End a task with an error, or schedule it again: to is FAILED, DLQ or SCHEDULED.
local function settle_error(uuid, old, to, entry, delay)
  local key = TASK .. uuid
  local due = to == 'SCHEDULED' and NOW + delay or nil
  local alike = to == 'DLQ' and fingerprint(entry.message)
  entry.next = due
  call('HSET', key, 'state', to, 'updated', NOW, 'error', entry.message, 'error_class', entry.class, 'due', due or 0,
    'history', remembered(call('HGET', key, 'history'), entry), unpack(alike and {'fingerprint', alike} or {}))
  move(uuid, old, to, due)
  call('ZADD', ERRORS, 0, error_member(uuid, to, entry.class, NOW),
    unpack(alike and {0, error_member(uuid, to, entry.class .. '/' .. alike, NOW)} or {}))
  emit(uuid, entry.event, old, to, entry.attempt, entry.worker, entry.class)
  ended(to, 1)
end

-- Remove every trace of a task; returns its blob references.
local function erase(uuid)
  local key = TASK .. uuid
  local r = call('HMGET', key, 'state', 'error_class', 'updated', 'input_ref', 'result_ref', 'fingerprint')
  call('DEL', key, key .. ':input', key .. ':result')
  unindex_error(uuid, r[1], r[2], r[3], r[6])
  if INDEX[r[1]] then call('ZREM', INDEX[r[1]], uuid) end
  call('ZREM', ALL, uuid)
  call('ZREM', FOREIGN, uuid)
  emit(uuid, 'deleted', r[1] or '-', '-')
  return r[4] or '', r[5] or ''
end

-- Queue again at the front (crashes, hand-backs) or the back of a list.
local function queue(uuid, old, list, command)
  call(command, list, uuid)
  move(uuid, old, 'PENDING')
  wake()
end
