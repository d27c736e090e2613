-- stands(head, log, head, log, ...)
--
-- Promise: of each pair of keys (as in append.lua) where that log stands, read in one moment, and also by a Redis that
-- has no memory left: {epoch, seq, head_json, oldest_seq_id}, or nil where there is no such job.
local found = {}
for at = 1, #KEYS, 2 do
  local stand = redis.call('HMGET', KEYS[at], 'e', 's', 'h')
  if stand[1] then
    local first = redis.call('XRANGE', KEYS[at + 1], '-', '+', 'COUNT', 1)
    stand[4] = first[1] and first[1][1] or '0-0'
  else
    stand = false
  end
  found[#found + 1] = stand
end
return found
