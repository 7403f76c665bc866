-- Gives back the right to check, without a finding.
-- KEYS[1] lock
-- ARGV[1] token
-- returns 1 if it was held, else 0
-- Invariant: nobody releases another's lock.
if redis.call('GET', KEYS[1]) == ARGV[1] then
  return redis.call('DEL', KEYS[1])
end
return 0
