-- reserve(<those of places.lua>, waiting; queue, reserve_ms, candidates)
--
--   waiting     sorted set: the jobs that wait in the queue
--   candidates  JSON array of {id, type, concurrency key or '', {{limit, places that it has}, ...}}, in their order
--
-- Promise: the first candidate that each of its limits has a place for gets them, for reserve_ms; those before it are
-- parked, each at the first of its limits that is full. Who waits no more, or is being begun by another, is passed over.
-- Returns {which candidate, 0 for none; how many of those looked at wait no more; the queues to ring for}.
local function begun_elsewhere(id, limits)
  for _, limit in ipairs(limits) do
    if (tonumber(redis.call('ZSCORE', KEYS[4] .. limit[1], id) or '0')) > now() then return true end
  end
end

local function full(limits)
  for _, limit in ipairs(limits) do
    if taken(limit[1]) >= limit[2] then return limit[1] end
  end
end

-- A job that lacks only its type keeps the call that it had for its key: one called in its stead would lack it too.
local function set_aside(id, place, lacking, limits, kind, key)
  redis.call('ZREM', KEYS[7], id)
  park(id, place, lacking, ARGV[1], kind, key)
  redis.call('ZREM', KEYS[4] .. lacking, id)
  local first = limits[1][1]
  for _, limit in ipairs(limits) do
    if lacking == first and limit[1] ~= first and redis.call('ZREM', KEYS[4] .. limit[1], id) == 1 then
      call_back(limit[1])
    end
  end
end

local gone = 0
for i, candidate in ipairs(cjson.decode(ARGV[3])) do
  local id, kind, key, limits = unpack(candidate)
  local place = redis.call('ZSCORE', KEYS[7], id)
  if not place then
    gone = gone + 1
  elseif not begun_elsewhere(id, limits) then
    local lacking = full(limits)
    if not lacking then
      for _, limit in ipairs(limits) do
        redis.call('ZADD', KEYS[4] .. limit[1], now() + ARGV[2], id)
        use(limit[1])
      end
      return {i, gone, rings}
    end
    set_aside(id, place, lacking, limits, kind, key)
    gone = gone + 1
  end
end
return {0, gone, rings}
