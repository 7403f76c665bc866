-- Prelude, part 3: the token bucket of resilience/bucket.py. The line is a sorted set "<nonce>:<tokens>" -> turn.
local LINE_GRACE_MS, LINE_KEPT_MS = 1000, 3600000
local limit, bucket = nil, {}
bucket.tokens, bucket.at, bucket.sleep_until, bucket.sleep_ms =
  numbers(BUCKET, 'tokens', 'at', 'sleep_until', 'sleep_ms')
bucket.sleep_until, bucket.sleep_ms = bucket.sleep_until or 0, bucket.sleep_ms or 0

local function read_limit()
  local requests, interval, size = numbers(CONFIG, 'requests', 'interval_ms', 'capacity')
  limit = requests and {
    requests = requests, interval = interval, capacity = math.max(1, size > 0 and size or requests),
  }
end
read_limit()

-- Brings tokens and times up to now; a clock that stepped back adds and frees nothing.
local function refill()
  bucket.sleep_until = math.min(bucket.sleep_until, NOW + bucket.sleep_ms)
  if not limit then
    bucket.tokens = nil
  elseif not bucket.tokens then
    bucket.tokens, bucket.at = limit.capacity, NOW
  elseif bucket.sleep_until > NOW then
    bucket.at = bucket.sleep_until
  else
    local gained = math.max(0, NOW - bucket.at) * limit.requests / limit.interval
    bucket.tokens, bucket.at = math.min(limit.capacity, bucket.tokens + gained), NOW
  end
end

local function store_bucket()
  call('HSET', BUCKET, 'sleep_until', bucket.sleep_until, 'sleep_ms', bucket.sleep_ms)
  if bucket.tokens then
    call('HSET', BUCKET, 'tokens', bucket.tokens, 'at', bucket.at)
  else
    call('HDEL', BUCKET, 'tokens', 'at')
  end
end

-- Another limit from now on (requests 0: none); what was saved up stays as far as the new bucket holds it.
local function set_limit(requests, interval, size, source)
  refill()
  if tonumber(requests) > 0 then
    call('HSET', CONFIG, 'requests', requests, 'interval_ms', interval, 'capacity', size, 'source', source,
      'updated', NOW)
  else
    call('DEL', CONFIG)
  end
  read_limit()
  if bucket.tokens then bucket.tokens = limit and math.min(bucket.tokens, limit.capacity) or nil end
  store_bucket()
end
