-- read: all that is known about a dependency, changing nothing.
-- Returns: {} if unknown, else {now, spec, status, epoch, since, until, good, override, calls, failures, probes in
--   flight, probes ever, tokens, requests, interval_ms, capacity, source, sleep_until, waiting, grants,
--   throttled}; '' for what there is not
-- Invariant: nothing is written.
local spec = call('HGET', SPEC, 'spec')
if not spec then return {} end
local calls, failures = window()
local more = call('HMGET', BREAKER, 'since', 'probes')
local used = call('HMGET', BUCKET, 'grants', 'throttled')
refill()
local function text(number)
  return number and string.format('%.17g', number) or ''
end
local rate = limit or {}
return {
  text(NOW), spec, breaker.status, text(breaker.epoch), more[1] or '0',
  text(math.min(breaker.till, NOW + rules.open)), text(breaker.good), breaker.override, text(calls),
  text(failures), text(call('ZCOUNT', PROBES, string.format('(%.0f', NOW), '+inf')), more[2] or '0',
  text(bucket.tokens), text(rate.requests), text(rate.interval), text(rate.capacity),
  call('HGET', CONFIG, 'source') or '', text(bucket.sleep_until),
  text(call('ZCOUNT', LINE, string.format('%.0f', NOW - LINE_GRACE_MS), '+inf')), used[1] or '0', used[2] or '0',
}
