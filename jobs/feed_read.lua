-- feed_read(feed, at; after, limit)
--
-- Promise: up to limit pointers that reach beyond number after, read in one moment, and also by a Redis that has no
-- memory left; keys as in feed.lua.
-- Returns nil where there is no feed, else {epoch, number, oldest pointer, pointers}.
local at = redis.call('HMGET', KEYS[2], 'e', 's')
if not at[1] then return false end
local first = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)
return {at[1], at[2], first, redis.call('XRANGE', KEYS[1], '(' .. ARGV[1] .. '-0', '+', 'COUNT', ARGV[2])}
