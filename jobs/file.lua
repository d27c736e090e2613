-- file(filed, queues, leases, list_1, list_2, ..., waiting; id, epoch, seq, queue, lease_ms, score_1, score_2, ..., place)
--
--   filed      hash: job id → <epoch>-<seq> of the head that it was last filed by
--   queues     set of queue names; leases, list_n, waiting  sorted sets of job ids
--
-- Promise: the job stands in those lists that a score is given for and in no other; it keeps the lease that it has, or
-- gets one of lease_ms, and with '' has none. All of it or, where a later head of the same epoch was filed, nothing.
-- Returns 1 filed, 0 left as it was.
local id, epoch, seq = ARGV[1], ARGV[2], tonumber(ARGV[3])
local at_epoch, at_seq = string.match(redis.call('HGET', KEYS[1], id) or '', '^(.*)-(%d+)$')
if at_epoch == epoch and tonumber(at_seq) > seq then return 0 end
redis.call('HSET', KEYS[1], id, epoch .. '-' .. ARGV[3])
for i = 4, #KEYS do
  local score = ARGV[i + 2]
  if score == '' then redis.call('ZREM', KEYS[i], id) else redis.call('ZADD', KEYS[i], score, id) end
end
if ARGV[#KEYS + 2] ~= '' then redis.call('SADD', KEYS[2], ARGV[4]) end
if ARGV[5] == '' then
  redis.call('ZREM', KEYS[3], id)
else
  local time = redis.call('TIME')
  redis.call('ZADD', KEYS[3], 'NX', time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[5], id)
end
return 1
