-- Counts one finished call and moves the service's state by what it showed.
-- KEYS[1] state hash  KEYS[2] prefix of metrics hashes  KEYS[3] prefix of error lists  KEYS[4] nonce key
-- ARGV[1] state that the call shows: 'active', another one, or '' (says nothing of the service)
-- ARGV[2] error class, '' on success  ARGV[3] message  ARGV[4] error entry: JSON object, '' on success
-- ARGV[5] patience: failures in a row before the state is believed  ARGV[6] sleep asked for, ms, 0: none
-- ARGV[7] prompt tokens  ARGV[8] completion tokens  ARGV[9] cost, US dollars  ARGV[10] credential
-- returns 1 if counted, 0 if this nonce was counted before
-- Invariant: each call is counted once; success leaves no trace of old errors in the state.
local patience, sleep_ms = tonumber(ARGV[5]), tonumber(ARGV[6])
local prompt, completion, cost = tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9])
local entry = ARGV[4] ~= '' and cjson.decode(ARGV[4]) or nil
if not redis.call('SET', KEYS[4], 1, 'NX', 'EX', MINUTE) then return 0 end
local now = now_ms()
local date = utc_date(now)

redis.call('HSET', KEYS[1], 'last_api_call', digits(now))
if ARGV[1] == 'active' then
  redis.call('HSET', KEYS[1], 'state', 'active', 'message', ARGV[3], 'credential', ARGV[10],
    'consecutive_failures', 0, 'last_success', digits(now))
  redis.call('HDEL', KEYS[1], 'error_details', 'rate_limit_reset', 'last_failure', 'check_failures')
elseif ARGV[1] ~= '' then
  local failures = redis.call('HINCRBY', KEYS[1], 'consecutive_failures', 1)
  redis.call('HSET', KEYS[1], 'last_failure', digits(now))
  if failures >= patience then
    redis.call('HSET', KEYS[1], 'state', ARGV[1], 'message', ARGV[3], 'error_details', entry.message,
      'credential', ARGV[10])
    redis.call('HDEL', KEYS[1], 'rate_limit_reset')
  end
  if sleep_ms > 0 then redis.call('HSET', KEYS[1], 'rate_limit_reset', digits(now + sleep_ms)) end
end
redis.call('EXPIRE', KEYS[1], STATE_TTL_S)

local metrics = KEYS[2] .. date
redis.call('HINCRBY', metrics, 'total_calls', 1)
redis.call('HINCRBY', metrics, entry and 'failed_calls' or 'successful_calls', 1)
local state = redis.call('HGET', KEYS[1], 'state')
if state then redis.call('HINCRBY', metrics, 'state_' .. state, 1) end
if prompt > 0 then redis.call('HINCRBY', metrics, 'prompt_tokens', prompt) end
if completion > 0 then redis.call('HINCRBY', metrics, 'completion_tokens', completion) end
if cost > 0 then redis.call('HINCRBYFLOAT', metrics, 'cost_usd', ARGV[9]) end
if entry then
  redis.call('HINCRBY', metrics, 'error_' .. ARGV[2], 1)
  entry.time_ms = now
  local errors = KEYS[3] .. date
  redis.call('LPUSH', errors, cjson.encode(entry))
  redis.call('LTRIM', errors, 0, 999)
  redis.call('EXPIRE', errors, ERRORS_TTL_S)
end
redis.call('EXPIRE', metrics, METRICS_TTL_S)
return 1
