-- Stores what a check found and gives back the right to check.
-- KEYS[1] state hash  KEYS[2] lock  KEYS[3] credits hash  KEYS[4] prefix of the metrics hashes
-- ARGV[1] token  ARGV[2] finding: JSON {state, fields: {..}, credits: {..}}, flat, values are strings
-- ARGV[3] unhealthy_after: failed calls in a row that outweigh a good check
-- ARGV[4] quiet_ms: calls that failed longer ago no longer do  ARGV[5] retry_ms: sleep asked for by a 429
-- returns 1 if stored, 0 if the lock was lost (a newer check is the truth)
-- Invariant: a good check never hides what calls know better: a pause asked for, a model API that is down.
local finding = cjson.decode(ARGV[2])
local unhealthy_after, quiet_ms = tonumber(ARGV[3]), tonumber(ARGV[4])
local retry_ms = tonumber(ARGV[5])
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
local now = now_ms()
local old = redis.call('HMGET', KEYS[1], 'rate_limit_reset', 'consecutive_failures', 'last_failure', 'state')
local paused = (tonumber(old[1]) or 0) > now
local down = (tonumber(old[2]) or 0) >= unhealthy_after and now - (tonumber(old[3]) or 0) <= quiet_ms
local kept = old[4] == 'rate_limited' and paused
  or (old[4] == 'service_unavailable' or old[4] == 'error') and down

redis.call('HDEL', KEYS[1], 'balance', 'usage_today', 'usage_month')
local state = finding.state
if state == 'active' and kept then
  state = old[4]
  finding.fields.message = nil
else
  redis.call('HDEL', KEYS[1], 'error_details', 'rate_limit_reset')
end
redis.call('HSET', KEYS[1], 'state', state, 'last_check', digits(now))
if retry_ms > 0 then redis.call('HSET', KEYS[1], 'rate_limit_reset', digits(now + retry_ms)) end
for field, value in pairs(finding.fields) do redis.call('HSET', KEYS[1], field, value) end
if finding.state == 'active' then
  redis.call('HDEL', KEYS[1], 'check_failures')
else
  redis.call('HINCRBY', KEYS[1], 'check_failures', 1)
end
redis.call('EXPIRE', KEYS[1], STATE_TTL_S)

if next(finding.credits) then
  redis.call('DEL', KEYS[3])
  redis.call('HSET', KEYS[3], 'last_updated', digits(now))
  for field, value in pairs(finding.credits) do redis.call('HSET', KEYS[3], field, value) end
end
local metrics = KEYS[4] .. utc_date(now)
redis.call('HINCRBY', metrics, 'state_' .. state, 1)
redis.call('EXPIRE', metrics, METRICS_TTL_S)
return redis.call('DEL', KEYS[2])
