-- Prelude, part 2, what the moves need: how errors are indexed, and which dead letters are alike.

-- Ten hexadecimal characters for the first line of a message without what differs from one task to the next: UUIDs,
-- hex and mixed ids of 8 and more, 0x…, mail addresses, what follows ? or # in a URL, numbers, and quoted text. What
-- tells errors apart stays: quoted names, URLs and HTTP status lines; a number below 1000 after http, status, code,
-- errno or signal.
local function fingerprint(message)
  local find, gsub, sub, line = string.find, string.gsub, string.sub, nil
  local function quoted(before, text)
    local tells = find(text, '^[%w_.-]+$') and #text <= 40 or find(text, '^%a+://') or find(text, '^%d%d%d [%a ]+$')
    return not tells and before .. '~' or nil
  end
  local function word(text)
    local mixed = #text >= 8 and (find(text, '%d%a+%d') or find(text, '^%x+$') and find(text, '%a'))
    return (mixed or find(text, '^0x%x')) and '0' or nil
  end
  local function number(at, digits, more)
    local name = string.match(sub(line, math.max(1, at - 12), at - 1), '(%a+)[^%w]*$')
    local short = name and #digits <= 3 and not find(more, '%d')
    local tells = short and find(' http status code errno signal ', ' ' .. string.lower(name) .. ' ', 1, true)
    return not tells and '#' or nil
  end
  line = ' ' .. sub(string.match(message, '[^\r\n]+') or '', 1, 512) -- bounds the work
  if find(line, '://', 1, true) then line = gsub(line, '(://[^%s?#\'"]*)[?#][^%s\'"]*', '%1') end
  if find(line, '\'', 1, true) then line = gsub(line, '([^%w])\'([^\']*)\'', quoted) end
  if find(line, '"', 1, true) then line = gsub(line, '(")([^"]*)"', quoted) end
  if find(line, '@', 1, true) then line = gsub(line, '%f[%w][%w.+_-]*@[%w.-]+', '@') end
  if find(line, '%d') then
    line = gsub(line, '%f[%x]%x%x%x%x%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x%x%x%x%x%x%x%x%x%x%x%x', '0')
    line = gsub(line, '%f[%w]%a*%d%w*', word)
    line = gsub(line, '()(%d+)([%d.,:]*)', number)
  end
  return sub(redis.sha1hex(sub(line, 1, 200)), 1, 10)
end

local function error_member(uuid, state, class, updated)
  return string.format('%s:%s:%014.0f:%s', state, class, updated, uuid)
end

-- alike: the fingerprint of a dead letter; tasks in other states, and those from before there were any, have none.
local function unindex_error(uuid, state, class, updated, alike)
  if not class or class == '' then return end
  local function member(name) return error_member(uuid, state, name, tonumber(updated)) end
  call('ZREM', ERRORS, member(class), unpack(alike and alike ~= '' and {member(class .. '/' .. alike)} or {}))
end
