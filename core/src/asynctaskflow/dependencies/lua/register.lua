-- register: store a dependency's spec; breaker, bucket and a person's override go on as they are.
-- ARGV: 1 to leave a registered one alone, spec as JSON, window_ms, min_calls, failure_ratio, open_ms, probes,
--   permit_ms, max_wait_ms, override of the spec, requests (0: no static limit), interval_ms, capacity
-- Returns: 1 if stored
-- Invariant: the spec's override acts only when it differs from the spec before; a limit that the provider
--   reported stays when the spec names none.
local only_new, spec, override, requests = ARGV[1] == '1', ARGV[2], ARGV[10], tonumber(ARGV[11])
local before = call('HMGET', SPEC, 'spec', 'override')
if only_new and before[1] then return 0 end
call('HSET', SPEC, 'spec', spec, 'window_ms', ARGV[3], 'min_calls', ARGV[4], 'failure_ratio', ARGV[5],
  'open_ms', ARGV[6], 'probes', ARGV[7], 'permit_ms', ARGV[8], 'max_wait_ms', ARGV[9], 'override', override)
call('HSETNX', BREAKER, 'since', NOW)
if override ~= (before[2] or 'Auto') then force(override, 'spec') end
if requests > 0 then
  set_limit(ARGV[11], ARGV[12], ARGV[13], 'spec')
elseif call('HGET', CONFIG, 'source') == 'spec' then
  set_limit(0)
end
return 1
