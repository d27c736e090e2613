-- feed(feed, at, fed; epoch, number, fresh, max_pointers, job, job_epoch, seq)
--
--   feed  stream: entry <number>-0 {j job, a seq of its first event, z seq of its last, i epoch}, where number is that of
--         the last; its name is also the pub/sub channel
--   at    hash: e epoch, s number of the last event
--   fed   hash: job → <epoch>-<seq>-<number> of the last event pointed to
--
-- Promise: the feed points to every event of the job up to seq, each once, and where that was news it rings with the
-- cursor that it stands at; job '' is none, and only makes the feed. The epoch is a fresh one where there was no feed,
-- and where it has lost its tail: it stands behind the epoch and number that the caller knew, or the job's log went on in
-- another epoch.
-- Returns {epoch, number} of the feed.
local at = redis.call('HMGET', KEYS[2], 'e', 's')
local epoch, number = at[1], tonumber(at[2] or '0')
local fed_epoch, fed = string.match(redis.call('HGET', KEYS[3], ARGV[5]) or '-0-0', '^(.*)-(%d+)-%d+$')
local moved = ARGV[5] ~= '' and fed_epoch ~= ARGV[6]
if not epoch or (epoch == ARGV[1] and number < tonumber(ARGV[2])) or (moved and fed_epoch ~= '') then
  epoch = ARGV[3]
  redis.call('HSET', KEYS[2], 'e', epoch, 's', number)
end
local n = tonumber(ARGV[7]) - tonumber(fed)
if ARGV[5] == '' or (n <= 0 and not moved) then return {epoch, number} end
if n > 0 then
  number = number + n
  redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[4], number .. '-0',
    'j', ARGV[5], 'a', fed + 1, 'z', ARGV[7], 'i', epoch)
  redis.call('HSET', KEYS[2], 's', number)
end
redis.call('HSET', KEYS[3], ARGV[5], ARGV[6] .. '-' .. ARGV[7] .. '-' .. number)
redis.call('PUBLISH', KEYS[1], epoch .. '-' .. number)
return {epoch, number}
