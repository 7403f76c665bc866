-- The server's clock, for every script of this package.
local MINUTE, HOUR, DAY = 60, 3600, 86400
local STATE_TTL_S, METRICS_TTL_S, ERRORS_TTL_S = 10 * MINUTE, 30 * DAY, 7 * DAY

local function now_ms()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

-- 14 digits and more lose precision in Lua's own conversion.
local function digits(number) return string.format('%.0f', number) end

-- YYYY-MM-DD (UTC) of a time in ms: the proleptic Gregorian calendar in 400-year eras from 1 March 0000.
local function utc_date(ms)
  local days = math.floor(ms / (DAY * 1000)) + 719468
  local era = math.floor(days / 146097)
  local of_era = days - era * 146097
  local year = math.floor((of_era - math.floor(of_era / 1460) + math.floor(of_era / 36524)
    - math.floor(of_era / 146096)) / 365)
  local of_year = of_era - (365 * year + math.floor(year / 4) - math.floor(year / 100))
  local march_month = math.floor((5 * of_year + 2) / 153)
  local day = of_year - math.floor((153 * march_month + 2) / 5) + 1
  local month = march_month < 10 and march_month + 3 or march_month - 9
  local civil_year = year + era * 400 + (month <= 2 and 1 or 0)
  return string.format('%04d-%02d-%02d', civil_year, month, day)
end
