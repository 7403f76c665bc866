-- Prelude of every queue script, part 1: names for KEYS[1..16] (keys.function_keys), return codes, Redis
-- time, and how transitions are published. Task keys start at KEYS[17]. A script reads and checks all it
-- needs of a task before its first write to it: Lua has no rollback.
local call = redis.call
local EVENTS, WAKEUP, PRIMARY, RETRY, FUNCTION, ALL, FOREIGN, ERRORS, CLAIMS = unpack(KEYS, 1, 9)
local INDEX = {
  PENDING = KEYS[10], ACTIVE = KEYS[11], SCHEDULED = KEYS[12], COMPLETED = KEYS[13],
  FAILED = KEYS[14], DLQ = KEYS[15], CANCELLED = KEYS[16],
}
local TAG = string.match(EVENTS, '{.-}')
local TASK = 'task:' .. TAG .. ':'
local EVENTS_KEPT, EVENTS_EACH, HISTORY_KEPT, BATCH = 10000, 32, 20, 100
local CREATED, REPLAYED, CONFLICT, FULL = 1, 2, -1, -2
local OK, ALREADY, LOST, MISSING, REFUSED = 1, 2, 0, -3, -4
local clock = call('TIME')
local NOW = clock[1] * 1000 + math.floor(clock[2] / 1000)
local NOW_TEXT = string.format('%.0f', NOW) -- numbers given to redis.call are printed anew each time

-- An event is one line: kind uuid old new attempt worker class, '-' for none. Scripts over many tasks
-- collect lines and publish them together: a stream entry costs as much as all the rest of a transition.
local function line(uuid, kind, old, new, attempt, worker, class)
  return kind .. ' ' .. uuid .. ' ' .. old .. ' ' .. new .. ' ' .. (attempt or '0') .. ' ' .. (worker or '-')
    .. ' ' .. (class or '-')
end

local function publish(lines)
  for first = 1, #lines, EVENTS_EACH do
    local last = math.min(first + EVENTS_EACH - 1, #lines)
    call('XADD', EVENTS, 'MAXLEN', '~', EVENTS_KEPT, '*', 't', table.concat(lines, '\n', first, last))
  end
end

local function emit(...)
  publish({line(...)})
end

local function wake()
  call('ZADD', WAKEUP, 0, 1)
end

local function append(list, first, second)
  list[#list + 1] = first
  list[#list + 1] = second
end

-- Creation time of a task: a version 7 UUID carries it, so that an id prefix is a time range; other ids are
-- also kept by their spelling.
local function birth(uuid)
  if string.sub(uuid, 15, 15) == '7' then
    return string.format('%.0f', tonumber(string.sub(uuid, 1, 8) .. string.sub(uuid, 10, 13), 16))
  end
  call('ZADD', FOREIGN, 0, uuid)
  return NOW_TEXT
end
