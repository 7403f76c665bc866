-- Reads the service's state, and takes the right to check it if it is not fresh and nobody has it.
-- KEYS[1] state hash  KEYS[2] lock
-- ARGV[1] token: random per caller; '' only looks
-- ARGV[2] fresh_ms: a check this young is fresh; -1: none is
-- ARGV[3] not_before_ms: a check before this time is not fresh
-- ARGV[4] lock_ms: time after which a lost owner's lock falls
-- returns {now_ms, acquired 0|1, field, value, ...}
-- Invariant: at most one token holds the lock; a resent call with the same token gets the same answer.
local fresh_ms, not_before_ms, lock_ms = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local now = now_ms()
local last_check = tonumber(redis.call('HGET', KEYS[1], 'last_check') or '')
local fresh = last_check and last_check >= not_before_ms and now - last_check <= fresh_ms
local acquired = 0
if ARGV[1] ~= '' and not fresh then
  if redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', lock_ms) or redis.call('GET', KEYS[2]) == ARGV[1] then
    acquired = 1
  end
end
return {digits(now), acquired, unpack(redis.call('HGETALL', KEYS[1]))}
