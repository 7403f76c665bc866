#!lua flags=no-writes
-- group: tell which dead letters of one error class are alike.
-- ARGV: error class, how many groups to look at one after the other, and then at how many places, evenly apart
-- Returns: {tasks of the class, then per group {fingerprint, tasks, message of the newest, time:uuid of the oldest,
--   then of the newest 3}}; those that were dead-lettered before there were fingerprints are one group with ''
-- Invariant: the cost is bounded, however many tasks and groups there are; a group with more than this share of its
--   class is never missed.
local NEWEST, ENTRY_CHARS, UUID_CHARS = 3, 51, 36
local stem, most = 'DLQ:' .. ARGV[1], tonumber(ARGV[2])

-- How many members stand before what begins so: the rank of the first that does not.
local function before(bound)
  return call('ZLEXCOUNT', ERRORS, '-', '(' .. bound)
end

-- The group whose members have the ranks from first up to, not with, behind.
local function told(fingerprint, first, behind)
  local group = {fingerprint, behind - first, '', string.sub(call('ZRANGE', ERRORS, first, first)[1], -ENTRY_CHARS)}
  local newest = call('ZRANGE', ERRORS, math.max(first, behind - NEWEST), behind - 1)
  for i = #newest, 1, -1 do group[#group + 1] = string.sub(newest[i], -ENTRY_CHARS) end
  local message = redis.pcall('HGET', TASK .. string.sub(newest[#newest], -UUID_CHARS), 'error')
  if type(message) == 'string' then group[3] = message end -- a damaged record says nothing
  return group
end

local class, rank, last = before(stem .. ':'), before(stem .. '/'), before(stem .. '0')
local total, printed = before(stem .. ';') - class, last - rank
local answer = {total}
if total > printed then answer[2] = told('', class, class + total - printed) end

-- Tell the group that stands at the rank, and go behind it.
local function look()
  local fingerprint = string.match(call('ZRANGE', ERRORS, rank, rank)[1], '/(%x+):')
  local group = stem .. '/' .. fingerprint
  local behind = before(group .. ';')
  answer[#answer + 1] = told(fingerprint, before(group .. ':'), behind)
  rank = behind
end

for _ = 1, most do
  if rank < last then look() end
end
local apart = math.ceil((last - rank) / most)
while apart > 0 and rank + apart <= last do
  rank = rank + apart - 1
  look()
end
return answer
