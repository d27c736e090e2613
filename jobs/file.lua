-- file(<those of places.lua>, filed, queues, leases, unwatched, list_1, list_2, ..., waiting;
--      id, epoch, seq, queue, lease_ms, unwatched_ms, limits, score_1, score_2, ..., place)
--
--   filed      hash: job id → <epoch>-<seq> of the head that it was last filed by
--   queues     set of queue names; leases, unwatched, list_n, waiting  sorted sets of job ids
--   limits     list: the limits that the job falls under
--
-- Promise: the job stands in those lists that a score is given for and in no other, but with a place in the queue it
-- stays parked where it is; it keeps the lease and the time to be unwatched that it has, or gets one of lease_ms and
-- unwatched_ms, and with '' has none. With a lease it holds a place of each limit, waiting it keeps none but one that is
-- reserved or that it was called back for, else it has none; who is parked for a place given up here is called back.
-- All of it or, where a later head of the same epoch was filed, nothing.
-- Returns {the queues to ring for, once for each job that was called back; its rank in the queue, -1 without one}.
local id, epoch, seq, place = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[#ARGV]
local filed = redis.call('HGET', KEYS[7], id)
local at_epoch, at_seq = string.match(filed or '', '^(.*)-(%d+)$')
if at_epoch == epoch and tonumber(at_seq) > seq then return {{}, -1} end
redis.call('HSET', KEYS[7], id, epoch .. '-' .. ARGV[3])

-- With its first event alone, and never filed before, it stands nowhere yet: nothing is to be taken away.
local new = not filed and seq == 1
local record = not new and redis.call('HGET', KEYS[1], id)
local at = record and cjson.decode(record)[1]
if at and place ~= '' then
  redis.call('ZADD', KEYS[5] .. at, place, id)
  use(at)
elseif at then
  unpark(id, at)
  tidy(at)
end
for i = 11, #KEYS do
  local score = ARGV[i - 3]
  if score ~= '' and not (i == #KEYS and at) then
    redis.call('ZADD', KEYS[i], score, id)
  elseif not new then
    redis.call('ZREM', KEYS[i], id)
  end
end
if place ~= '' then redis.call('SADD', KEYS[8], ARGV[4]) end
for i, ms in ipairs({ARGV[5], ARGV[6]}) do
  if ms ~= '' then
    redis.call('ZADD', KEYS[8 + i], 'NX', now() + ms, id)
  elseif not new then
    redis.call('ZREM', KEYS[8 + i], id)
  end
end

for _, limit in ipairs(ARGV[7]) do
  local places = KEYS[4] .. limit
  local until_when = not new and redis.call('ZSCORE', places, id)
  if ARGV[5] ~= '' then
    redis.call('ZADD', places, '+inf', id)
    use(limit)
  elseif until_when and (place == '' or until_when == 'inf') then
    redis.call('ZREM', places, id)
    call_back(limit)
  end
end
return {rings, place ~= '' and redis.call('ZRANK', KEYS[#KEYS], id) or -1}
