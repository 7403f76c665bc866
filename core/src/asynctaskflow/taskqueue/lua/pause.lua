-- pause: stop or resume handing out a function's tasks.
-- ARGV: 1 to pause, 0 to resume
-- Returns: OK | ALREADY, also for a function that is gone: a later one of its name must not start paused
-- Invariant: enqueueing is not affected.
if call('EXISTS', FUNCTION) == 0 then return ALREADY end
if (call('HGET', FUNCTION, 'paused') or '0') == ARGV[1] then return ALREADY end
call('HSET', FUNCTION, 'paused', ARGV[1])
emit('-', ARGV[1] == '1' and 'paused' or 'resumed', '-', '-')
wake()
return OK
