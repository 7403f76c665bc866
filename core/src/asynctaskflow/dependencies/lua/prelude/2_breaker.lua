-- Prelude, part 2: the breaker of resilience/breaker.py. Its window is a ring of hash fields w0..w9, each
-- "<index>:<calls>:<failures>"; its probe permits are a sorted set nonce -> end of the permit.
local SLICES, TRANSITIONS_KEPT = 10, 50
local rules, breaker = {}, {}
rules.window, rules.min_calls, rules.ratio, rules.open, rules.probes, rules.permit, rules.max_wait =
  numbers(SPEC, 'window_ms', 'min_calls', 'failure_ratio', 'open_ms', 'probes', 'permit_ms', 'max_wait_ms')
local stored = call('HMGET', BREAKER, 'status', 'override', 'epoch', 'until', 'good')
breaker.status, breaker.override = stored[1] or 'closed', stored[2] or 'Auto'
breaker.epoch, breaker.till, breaker.good = tonumber(stored[3] or 0), tonumber(stored[4] or 0), tonumber(stored[5] or 0)

local function clear_window()
  call('HDEL', BREAKER, 'w0', 'w1', 'w2', 'w3', 'w4', 'w5', 'w6', 'w7', 'w8', 'w9')
end

local function turn(status, reason, till)
  call('LPUSH', HISTORY, string.format('%.0f|%s|%s|%s', NOW, breaker.status, status, reason))
  call('LTRIM', HISTORY, 0, TRANSITIONS_KEPT - 1)
  call('DEL', PROBES)
  breaker.status, breaker.epoch, breaker.till, breaker.good = status, breaker.epoch + 1, till or 0, 0
  call('HSET', BREAKER, 'status', status, 'epoch', breaker.epoch, 'until', breaker.till, 'good', 0,
    'since', NOW)
  if status == 'closed' then clear_window() end
end

local function window()
  local last, calls, failures = math.floor(NOW * SLICES / rules.window), 0, 0
  for _, slice in ipairs(call('HMGET', BREAKER, 'w0', 'w1', 'w2', 'w3', 'w4', 'w5', 'w6', 'w7', 'w8', 'w9')) do
    local index, n, bad = string.match(slice or '', '^(%d+):(%d+):(%d+)$')
    index = tonumber(index)
    if index and index > last - SLICES and index <= last then
      calls, failures = calls + n, failures + bad
    end
  end
  return calls, failures
end

-- A clock that stepped back must not hold permits or the open state longer than they were meant to last.
local function cut_times()
  call('ZREMRANGEBYSCORE', PROBES, '-inf', NOW)
  for _, nonce in ipairs(call('ZRANGEBYSCORE', PROBES, string.format('(%.0f', NOW + rules.permit), '+inf')) do
    call('ZADD', PROBES, NOW + rules.permit, nonce)
  end
  if breaker.till > NOW + rules.open then
    breaker.till = NOW + rules.open
    call('HSET', BREAKER, 'until', breaker.till)
  end
end

-- (whether a call would be a probe, ms to stay away or nil)
local function consult()
  cut_times()
  if breaker.override == 'ForceOpen' then return false, rules.open end
  if breaker.status == 'open' and NOW < breaker.till then return false, breaker.till - NOW end
  if breaker.status == 'half_open' and breaker.good + call('ZCARD', PROBES) >= rules.probes then
    return false, math.min(5000, math.max(200, math.floor(rules.open / 10)))
  end
  return breaker.status ~= 'closed', nil
end
