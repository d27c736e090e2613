-- append(head, log, checkpoint, kept; expect_epoch, expect_seq, epoch, batch_id, head_json, checkpoint_json,
--        expire_seconds, max_events, max_bytes, publish, n, type_1, envelope_1, ..., type_n, envelope_n, name_1, value_1, ...)
--
--   head        hash: e epoch, s seq of the last event, c seq of the checkpoint, b bytes of all envelopes, h head_json
--   log         stream: entry <seq>-0 {t type, e envelope, i epoch, b batch_id, on a batch's last entry only};
--               its name is also the pub/sub channel
--   checkpoint  string: the whole job at seq c
--   kept        hash: name → value that a later run of the job finds again
--
-- Promise: all events of the batch are stored behind expect, dense, with the head (and the checkpoint, where one is
-- given, and what is to be kept) and carried live in one message; or nothing is. A batch that is already there is told
-- as stored, also when other writers have appended since. With expire_seconds the job has ended, and needs nothing kept.
-- Of more than max_events events or max_bytes bytes the oldest go, a hundred at a time, but none behind the checkpoint.
-- Returns {1, seq} stored, {0, epoch, seq} where the log stands instead (epoch "" where there is no log).
local at = redis.call('HMGET', KEYS[1], 'e', 's', 'c', 'b')
local epoch, seq = at[1] or '', tonumber(at[2] or '0')
local checkpoint, bytes = tonumber(at[3] or '0'), tonumber(at[4] or '0')
local n = tonumber(ARGV[11])
local last = tonumber(ARGV[2]) + n
if epoch ~= ARGV[1] or seq ~= tonumber(ARGV[2]) then
  local entry = redis.call('XRANGE', KEYS[2], last .. '-0', last .. '-0')[1]
  if entry and entry[2][8] == ARGV[4] then return {1, last} end
  return {0, epoch, seq}
end
local live = {}
for i = 12, 10 + 2 * n, 2 do
  seq = seq + 1
  bytes = bytes + #ARGV[i + 1]
  redis.call('XADD', KEYS[2], seq .. '-0', 't', ARGV[i], 'e', ARGV[i + 1], 'i', ARGV[3], 'b', seq == last and ARGV[4] or '')
  live[#live + 1] = ARGV[3] .. '-' .. seq .. ' ' .. ARGV[i] .. '\n' .. ARGV[i + 1]
end
if ARGV[6] ~= '' then
  redis.call('SET', KEYS[3], ARGV[6])
  checkpoint = seq
end
local max_events, max_bytes = tonumber(ARGV[8]), tonumber(ARGV[9])
-- There are never more than the last one's number.
local count = (seq > max_events + 100 or bytes > max_bytes) and redis.call('XLEN', KEYS[2]) or 0
if count > max_events + 100 or bytes > max_bytes then
  local gone, look = nil, math.max(100, count - max_events)
  for _, old in ipairs(redis.call('XRANGE', KEYS[2], '-', checkpoint .. '-0', 'COUNT', look)) do
    if count <= max_events and bytes <= max_bytes then break end
    gone, count, bytes = old[1], count - 1, math.max(0, bytes - #old[2][4])
  end
  if gone then redis.call('XTRIM', KEYS[2], 'MINID', tonumber(string.match(gone, '%d+')) + 1) end
end
redis.call('HSET', KEYS[1], 'e', ARGV[3], 's', seq, 'c', checkpoint, 'b', bytes, 'h', ARGV[5])
for i = 12 + 2 * n, #ARGV, 2 do redis.call('HSET', KEYS[4], ARGV[i], ARGV[i + 1]) end
local expire = tonumber(ARGV[7])
if expire > 0 then
  redis.call('DEL', KEYS[4])
  for _, key in ipairs(KEYS) do redis.call('EXPIRE', key, expire) end
end
if n > 0 then redis.call(ARGV[10], KEYS[2], table.concat(live, '\n')) end
return {1, seq}
