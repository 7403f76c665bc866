-- report: count how an admitted call ended, once, and turn the breaker if that decides it; gives back what a
-- call held that never ran (its place in the line, its probe permit). Calls that ran are counted by day too.
-- KEYS[9]: the call's grant. ARGV: nonce, tokens, success | fault | neutral, 1 if the call ran, its
--   error class ('' if it went well)
-- Returns: {1 if it counted, 1 if the breaker turned, status}
-- Invariant: a call counts at most once, and only in the epoch that admitted it; one failed probe opens, all
--   probes must succeed to close; an expired permit counts for nothing.
local nonce, how, ran, class = ARGV[1], ARGV[3], ARGV[4] == '1', ARGV[5]
local grant = call('GET', KEYS[9])
call('SET', KEYS[9], DONE, 'PX', DONE_KEPT_MS)
call('ZREM', LINE, nonce .. ':' .. ARGV[2])
local epoch = tonumber(string.match(grant or '', '^(%d+):'))
if epoch and rules.window and ran then count_today(class) end
if not rules.window or epoch ~= breaker.epoch then return {0, 0, breaker.status} end

local function turned(status, reason, till)
  turn(status, reason, till)
  return {1, 1, status}
end

if breaker.status == 'half_open' then
  local till = tonumber(call('ZSCORE', PROBES, nonce) or 0)
  if till <= NOW then return {0, 0, breaker.status} end
  call('ZREM', PROBES, nonce)
  if how == 'fault' then return turned('open', 'a probe failed', NOW + rules.open) end
  if how == 'neutral' then return {0, 0, breaker.status} end
  local good = call('HINCRBY', BREAKER, 'good', 1)
  if good >= rules.probes then return turned('closed', string.format('probes succeeded: %d', good)) end
  return {1, 0, breaker.status}
end
if how == 'neutral' then return {0, 0, breaker.status} end

local index = math.floor(NOW * SLICES / rules.window)
local field = string.format('w%d', index % SLICES)
local old, n, bad = string.match(call('HGET', BREAKER, field) or '', '^(%d+):(%d+):(%d+)$')
if tonumber(old) ~= index then n, bad = 0, 0 end
call('HSET', BREAKER, field, string.format('%.0f:%.0f:%.0f', index, n + 1, bad + (how == 'fault' and 1 or 0)))
local calls, failures = window()
if breaker.override == 'Auto' and calls >= rules.min_calls and failures / calls >= rules.ratio then
  return turned('open', string.format('%d of %d calls failed', failures, calls), NOW + rules.open)
end
return {1, 0, breaker.status}
