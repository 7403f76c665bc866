-- Prelude, part 6: calls by day (UTC), for a week; see days_key. Beyond FIELDS, new error classes count as `other`.
local DAY_MS, DAYS_KEPT, FIELDS = 86400000, 7, 200

local function begin_day(day)
  for _, field in ipairs(call('HKEYS', DAYS)) do
    if tonumber(string.match(field, '^%d+')) <= day - DAYS_KEPT then call('HDEL', DAYS, field) end
  end
  call('PEXPIRE', DAYS, (DAYS_KEPT + 1) * DAY_MS)
end

-- One more call that ran; class: '' if it went well.
local function count_today(class)
  local day = math.floor(NOW / DAY_MS)
  local prefix = string.format('%d:', day)
  if call('HINCRBY', DAYS, prefix .. 'calls', 1) == 1 then begin_day(day) end
  if class == '' then return end
  call('HINCRBY', DAYS, prefix .. 'failed', 1)
  local field = prefix .. 'e:' .. class
  if call('HEXISTS', DAYS, field) == 0 and call('HLEN', DAYS) >= FIELDS then field = prefix .. 'e:other' end
  call('HINCRBY', DAYS, field, 1)
end
