-- configure: the limit that the provider (or a person) states; at once, for everyone.
-- ARGV: requests (0: no limit), interval_ms, capacity (0: requests), source
-- Returns: 1 if it holds now, 0 if the spec's own limit is stronger
-- Invariant: what was saved up is kept as far as the new bucket holds it, never added to.
if ARGV[4] ~= 'spec' and call('HGET', CONFIG, 'source') == 'spec' then return 0 end
set_limit(ARGV[1], ARGV[2], ARGV[3], ARGV[4])
return 1
