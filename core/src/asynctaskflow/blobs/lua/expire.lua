-- expire: give every part of a blob the same new lifetime.
-- KEYS: the description, then each chunk. ARGV: lifetime in ms
-- Returns: number of parts that are still there
-- Invariant: all parts get the lifetime, or, when one is missing, none does.
for i = 1, #KEYS do
  if redis.call('EXISTS', KEYS[i]) == 0 then return i - 1 end
end
for i = 1, #KEYS do
  redis.call('PEXPIRE', KEYS[i], ARGV[1])
end
return #KEYS
