-- Prelude, part 2: how many tasks ended, counted by time (model/ended.py reads it). A hash holds 30 steps of at most
-- four states each: few enough fields that Redis keeps it packed.

-- Tasks have entered a state; nothing is counted of one that is no end. Never an error, for a transition must not break
-- on its count: the hash is not among KEYS, since its name comes from Redis' clock, and a slot on its way to another
-- node refuses it while it is new.
local function ended(state, number)
  local letter = ({COMPLETED = 'C', FAILED = 'F', DLQ = 'D', CANCELLED = 'X'})[state]
  if not letter then return end
  local function count(grain, step_ms, kept_ms)
    local step = math.floor(NOW / step_ms)
    local key = 'tasks:ended:' .. TAG .. ':' .. grain .. ':' .. math.floor(step / 30)
    if redis.pcall('HINCRBY', key, step % 30 .. letter, number) == number then redis.pcall('PEXPIRE', key, kept_ms) end
  end
  count('30s', 30000, 4500000)
  count('12m', 720000, 90000000)
end
