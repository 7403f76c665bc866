-- Prelude, part 4: where a call stands in the line of those who wait for tokens.

-- (ms asleep, ms until its tokens are there, whether they are there now, whether it has a place already).
-- The first in the line is kept whole, so that many small calls do not starve a large one; others ahead
-- count as one token. A full bucket serves whoever has waited, so that the dead ahead cannot block it.
local function stand(member, tokens)
  call('ZREMRANGEBYSCORE', LINE, '-inf', string.format('(%.0f', NOW - LINE_GRACE_MS))
  local asleep, rank = math.max(0, bucket.sleep_until - NOW), call('ZRANK', LINE, member)
  if not limit then return asleep, 0, true, rank end
  local ahead, need = rank or call('ZCARD', LINE), math.min(tokens, limit.capacity)
  if ahead > 0 then
    need = tokens + string.match(call('ZRANGE', LINE, 0, 0)[1], ':(%d+)$') + ahead - 1
  end
  local full = bucket.tokens >= limit.capacity and (rank or ahead == 0)
  local short = math.ceil(math.max(0, need - bucket.tokens) * limit.interval / limit.requests)
  return asleep, short, bucket.tokens >= need or full, rank
end
