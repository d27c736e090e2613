-- vacate(<those of places.lua>; limit, id_1, ..., id_n)
--
-- Promise: the jobs have no place of the limit any more, and who is parked at it is called back where it has room.
-- Returns the queues to ring for, once for each job that was called back.
for i = 2, #ARGV do redis.call('ZREM', KEYS[4] .. ARGV[1], ARGV[i]) end
call_back(ARGV[1])
return rings
