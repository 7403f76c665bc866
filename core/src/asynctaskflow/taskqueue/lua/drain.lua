-- drain: mark workers, so that they claim nothing until the mark ends; marking again sets a new end.
-- KEYS[17]: drain marks
-- ARGV: lifetime of the marks in ms, 1 to mark only workers that hold no task (0: all), then worker ids
-- Returns: ids of the workers that are marked now and, if only idle ones were wanted, hold no task; nobody if the
--   function is gone: its scaling may still be about to act, and nothing of it may come back
-- Invariant: a worker that was idle when it was marked holds no lease as long as the mark lasts.
local SCANNED = 5000 -- more running tasks would hold up the server for too long: then nobody counts as idle
local lifetime, only_idle = tonumber(ARGV[1]), ARGV[2] == '1'
local busy, marked = {}, {}

if call('EXISTS', FUNCTION) == 0 then return marked end
if only_idle then
  if call('ZCARD', INDEX.ACTIVE) > SCANNED then return marked end
  for _, uuid in ipairs(call('ZRANGE', INDEX.ACTIVE, 0, -1)) do
    local worker = redis.pcall('HGET', TASK .. uuid, 'worker') -- a damaged record names nobody
    if type(worker) == 'string' then busy[worker] = true end
  end
end
call('ZREMRANGEBYSCORE', KEYS[17], '-inf', NOW)
for i = 3, #ARGV do
  if not busy[ARGV[i]] then
    call('ZADD', KEYS[17], NOW + lifetime, ARGV[i])
    marked[#marked + 1] = ARGV[i]
  end
end
local last = call('ZRANGE', KEYS[17], -1, -1, 'WITHSCORES')[2]
if last then
  call('HSET', FUNCTION, 'draining', last)
  call('PEXPIREAT', KEYS[17], last)
end
return marked
