-- read(head, log, checkpoint; limit, after)
--
-- Promise: up to limit events after seq after (where it is '', after the last checkpoint, which then comes along), read
-- in one moment, and also by a Redis that has no memory left; keys as in append.lua.
-- Returns nil where there is no job, else {epoch, seq, head_json, oldest_seq_id, checkpoint_json, entries}.
local at = redis.call('HMGET', KEYS[1], 'e', 's', 'h', 'c')
if not at[1] then return false end
local after, checkpoint = ARGV[2], ''
if after == '' then after, checkpoint = at[4] or '0', redis.call('GET', KEYS[3]) or '' end
local first = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)
local entries = redis.call('XRANGE', KEYS[2], '(' .. after .. '-0', '+', 'COUNT', ARGV[1])
return {at[1], at[2], at[3], first[1] and first[1][1] or '0-0', checkpoint, entries}
