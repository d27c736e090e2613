-- reach(waiting, leases; lease_ms, page, tail, head, log, checkpoint, types)
--
--   waiting                sorted set: the jobs that wait in the queue
--   leases                 sorted set: job id → the time (ms) until which somebody has it
--   head, log, checkpoint  what the keys of a job are called (see append.lua), with %s for its id
--   types                  table: the types that are carried; true for one that may run any number of times at once
--
-- Promise: the first of the page's jobs whose type is carried gets a lease of lease_ms, and its log is read. Who has a
-- lease is being begun by another, and passed over. Of a job that has a limit, a time to begin by, or no business in the
-- queue, nothing is done: it is looked at the long way, as is what lies behind a page that has none.
-- Returns {0} where there is none, {1} for the long way, {2, id, what read.lua returns}.
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local types = ARGV[7]
local ids = redis.call('ZRANGE', KEYS[1], 0, ARGV[2] - 1)
for _, id in ipairs(ids) do
  local head = redis.call('HGET', string.format(ARGV[4], id), 'h')
  head = head and cjson.decode(head)
  local free = head and types[head.type]
  if free == false or (free and (head.state ~= 'queued' or head.expires or head.concurrency_key)) then return {1} end
  if free and tonumber(redis.call('ZSCORE', KEYS[2], id) or '0') <= now then
    local of_job = {string.format(ARGV[4], id), string.format(ARGV[5], id), string.format(ARGV[6], id)}
    local found = read(of_job, {ARGV[3], ''})
    if not found then return {1} end
    redis.call('ZADD', KEYS[2], now + ARGV[1], id)
    return {2, id, found}
  end
end
return {#ids < tonumber(ARGV[2]) and 0 or 1}
