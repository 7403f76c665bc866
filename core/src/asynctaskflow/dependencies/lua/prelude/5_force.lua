-- Prelude, part 5: what a person's word does to the breaker; 1 if it turned.
local function force(override, reason)
  if override == breaker.override and override ~= 'Auto' then return 0 end
  local status = override == 'ForceOpen' and 'open' or 'closed'
  breaker.override = override
  call('HSET', BREAKER, 'override', override)
  if status ~= breaker.status then
    turn(status, override .. ': ' .. reason)
    return 1
  end
  if status == 'closed' then clear_window() end
  return 0
end
