-- undrain: take marks off, so that the workers claim again.
-- KEYS[17]: drain marks
-- ARGV: worker ids
-- Returns: how many of them were marked
-- Invariant: tasks that wait are handed out again, although the marked workers did not wait for them.
local freed = call('ZREM', KEYS[17], unpack(ARGV))
if call('EXISTS', KEYS[17]) == 0 then call('HDEL', FUNCTION, 'draining') end
if freed > 0 and call('EXISTS', PRIMARY, RETRY) > 0 then wake() end
return freed
