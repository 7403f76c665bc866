-- admit: let one call through if the breaker and the bucket both do, else take a place in the line or neither.
-- KEYS[9]: the call's grant. ARGV: nonce, tokens, ms waited so far, most ms to wait from now (-1: as the spec says)
-- Returns: {GRANTED | WAIT | BUSY | OPEN | UNKNOWN | OVER, ms until asking again makes sense, 1 if a probe,
--   1 if the breaker turned}. WAIT: a place is kept. BUSY: the wait would be too long. OVER: the call has ended.
-- Invariant: tokens granted in any window of length t <= capacity + rate * t; half open, permits and successes
--   together <= probes. A repeated request gets the answer of the first and is charged once.
local nonce, tokens, waited, longest = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local member = nonce .. ':' .. ARGV[2]
local grant = call('GET', KEYS[9])
if grant == DONE then return {OVER, 0, 0, 0} end
if grant then return {GRANTED, 0, tonumber(string.match(grant, ':(%d)$')), 0} end
if not rules.window then return {UNKNOWN, 0, 0, 0} end
local spare = math.max(0, rules.max_wait - waited)
longest = longest < 0 and spare or math.min(longest, spare)

local function refuse(code, wait)
  if call('ZREM', LINE, member) == 0 then call('HINCRBY', BUCKET, 'throttled', 1) end
  return {code, wait, 0, 0}
end

local probe, away = consult()
if away then return refuse(OPEN, away) end
refill()
local asleep, short, enough, waiting = stand(member, tokens)
if not enough or asleep > 0 then
  local wait = math.max(1, asleep + short)
  store_bucket()
  if wait > longest then return refuse(BUSY, wait) end
  if not waiting then call('HINCRBY', BUCKET, 'throttled', 1) end
  call('ZADD', LINE, NOW + wait, member)
  call('PEXPIRE', LINE, LINE_KEPT_MS)
  return {WAIT, wait, 0, 0}
end

call('ZREM', LINE, member)
if limit then bucket.tokens = bucket.tokens - tokens end
store_bucket()
local turned = breaker.status == 'open'
if turned then turn('half_open', 'open time is over') end
if probe then
  call('ZADD', PROBES, NOW + rules.permit, nonce)
  call('HINCRBY', BREAKER, 'probes', 1)
end
call('HINCRBY', BUCKET, 'grants', 1)
call('SET', KEYS[9], string.format('%.0f:%d', breaker.epoch, probe and 1 or 0), 'PX', GRANT_KEPT_MS)
return {GRANTED, 0, probe and 1 or 0, turned and 1 or 0}
