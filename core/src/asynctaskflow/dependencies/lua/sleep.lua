-- sleep: grant nobody anything for a while (a 429 with Retry-After), then start from an empty bucket.
-- ARGV: ms
-- Returns: ms until the sleep ends
-- Invariant: a shorter sleep never ends a longer one.
local ms = tonumber(ARGV[1])
refill()
if NOW + ms > bucket.sleep_until then
  bucket.sleep_until, bucket.sleep_ms, bucket.at = NOW + ms, ms, NOW + ms
  if bucket.tokens then bucket.tokens = math.min(0, bucket.tokens) end
end
store_bucket()
return bucket.sleep_until - NOW
