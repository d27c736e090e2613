-- Stands in front of file.lua, reserve.lua and vacate.lua: what they share of the places that limits have.
--
--   KEYS[1] parked     hash: job id → {limit, queue, type, concurrency key or ''} of a parked job, as JSON
--   KEYS[2] limits     sorted set: the limits in use, by the time of the last look at them
--   KEYS[3] catalogue  hash: job type → its entry as JSON
--   KEYS[4], KEYS[5]   what the keys of a limit's places and of the jobs parked at it begin with
--   KEYS[6]            what the key of a queue's waiting jobs begins with
--
-- A place is a member of its limit's sorted set: +inf held by a job that runs, a time to come reserved by a claim until
-- then, a time gone by called back (or a reservation that came to nothing): the job waits in its queue again. Such a
-- call keeps others from being called in its stead, for CALLED ms; it keeps nobody from beginning.
local CALLED, LOOK, MOVES = 30000, 20, 1000
local rings, sizes = {}, {}

-- Asked for where it is needed: a job that begins to wait has no need of it.
local moment
local function now()
  if not moment then
    local clock = redis.call('TIME')
    moment = clock[1] * 1000 + math.floor(clock[2] / 1000)
  end
  return moment
end

local function taken(limit) return redis.call('ZCOUNT', KEYS[4] .. limit, '(' .. now(), '+inf') end

-- How many places *limit* has for jobs of type *kind*, as the catalogue says today.
local function size_of(limit, kind)
  if not sizes[kind] then
    local entry = redis.call('HGET', KEYS[3], kind)
    sizes[kind] = entry and cjson.decode(entry) or {}
  end
  if string.sub(limit, 1, 4) == 'key:' then return sizes[kind].max_running_per_key or 1 end
  local size = sizes[kind].max_running
  return (size == nil or size == cjson.null) and math.huge or size
end

local function use(limit) redis.call('ZADD', KEYS[2], 'NX', now(), limit) end

local function tidy(limit)
  if redis.call('EXISTS', KEYS[4] .. limit, KEYS[5] .. limit) == 0 then redis.call('ZREM', KEYS[2], limit) end
end

local function park(id, place, limit, queue, kind, key)
  redis.call('HSET', KEYS[1], id, cjson.encode({limit, queue, kind, key}))
  redis.call('ZADD', KEYS[5] .. limit, place, id)
  use(limit)
end

local function unpark(id, limit)
  redis.call('HDEL', KEYS[1], id)
  redis.call('ZREM', KEYS[5] .. limit, id)
end

-- Sends the best of those parked at *limit* back to their queues, as many as it has room for, and notes the queues in
-- *rings*. Whoever would find its concurrency key full there is parked at that instead.
local function call_back(limit)
  local places, parked = KEYS[4] .. limit, KEYS[5] .. limit
  local room = redis.call('ZCOUNT', places, now() - CALLED, '+inf')
  local moves, settled = 0, 0
  repeat
    local best = redis.call('ZRANGE', parked, settled, settled + LOOK - 1, 'WITHSCORES')
    for i = 1, #best, 2 do
      local id, record = best[i], redis.call('HGET', KEYS[1], best[i])
      -- A job without its record would stop every filing at this limit; it is filed into its queue again by the sweep.
      local _, queue, kind, key = unpack(record and cjson.decode(record) or {})
      local own = 'key:' .. (key or '')
      if not record then
        redis.call('ZREM', parked, id)
      elseif room >= size_of(limit, kind) then
        settled = settled + 1
      elseif key ~= '' and own ~= limit and taken(own) >= size_of(own, kind) then
        unpark(id, limit)
        park(id, best[i + 1], own, queue, kind, key)
        moves = moves + 1
      else
        unpark(id, limit)
        redis.call('ZADD', KEYS[6] .. queue, best[i + 1], id)
        redis.call('ZADD', places, now(), id)
        room, moves = room + 1, moves + 1
        rings[#rings + 1] = queue
      end
    end
  until #best == 0 or settled >= LOOK or moves >= MOVES
  tidy(limit)
end
