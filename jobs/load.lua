-- load(head, log, checkpoint; limit)
--
-- Promise: the last checkpoint and up to limit events after it, read in one moment; keys as in append.lua.
-- Returns nil where there is no job, else {epoch, seq, head_json, oldest_seq_id, checkpoint_json, entries}.
local at = redis.call('HMGET', KEYS[1], 'e', 's', 'h', 'c')
if not at[1] then return false end
local first = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)
local after = at[4] or '0'
local entries = redis.call('XRANGE', KEYS[2], '(' .. after .. '-0', '+', 'COUNT', ARGV[1])
return {at[1], at[2], at[3], first[1] and first[1][1] or '0-0', redis.call('GET', KEYS[3]) or '', entries}
