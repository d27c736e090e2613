"""Until when a job may be held by who runs it, or go unwatched: deadlines by Redis's own clock."""

from collections.abc import Mapping, Sequence
from typing import Any

import redis

from jobs import keys
from jobs.clock import Clock
from jobs.limits import names
from jobs.redis_log import available

#: lease(key; lease_ms, mode, id, ...): sets, or with mode XX only renews, deadlines by Redis's own clock.
#: Returns those ids that were not there to be renewed.
_LEASE = """
local time = redis.call('TIME')
local deadline = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[1]
local gone = {}
for i = 3, #ARGV do
  if ARGV[2] == 'XX' and not redis.call('ZSCORE', KEYS[1], ARGV[i]) then
    gone[#gone + 1] = ARGV[i]
  elseif ARGV[2] ~= 'NX' or not redis.call('ZSCORE', KEYS[1], ARGV[i]) then
    redis.call('ZADD', KEYS[1], deadline, ARGV[i])
  end
end
return gone
"""

#: hold(leases; lease_ms, id): sets the job's lease, unless it has one that has not run out. Returns 1 where it was set.
_HOLD = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if tonumber(redis.call('ZSCORE', KEYS[1], ARGV[2]) or '0') > now then return 0 end
return redis.call('ZADD', KEYS[1], 'CH', now + ARGV[1], ARGV[2])
"""

#: overdue(key; limit): the ids whose deadline has passed, by Redis's own clock.
_OVERDUE = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[1])
"""

#: watched(key; id, ms, ...): gives each id that is there at least ms from now on, by Redis's own clock.
_WATCHED = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for i = 1, #ARGV, 2 do redis.call('ZADD', KEYS[1], 'XX', 'GT', now + ARGV[i + 1], ARGV[i]) end
"""


#: pending(key, ...; 'now', ms or '', ...): whether each key holds anything by Redis's clock, by ms, or at all.
_PENDING = """
local time = redis.call('TIME')
local now, found = time[1] * 1000 + math.floor(time[2] / 1000), {}
for i, key in ipairs(KEYS) do
  local by = ARGV[i] == 'now' and now or ARGV[i]
  found[i] = by == '' and redis.call('EXISTS', key) or redis.call('ZCOUNT', key, '-inf', by)
end
return found
"""

#: By Redis's own clock; however late.
NOW, EVER = "now", ""


class Deadlines:
    """The leases, and those whom somebody has to watch. Every call may raise LogUnavailable."""

    def __init__(self, client: redis.Redis, *, lease_seconds: float, clock: Clock) -> None:
        #: redis-py's answers are typed for both of its clients at once; this one is not asynchronous.
        self._client: Any = client
        self._clock = clock
        self.lease_ms = round(lease_seconds * 1000)
        self._lease = client.register_script(_LEASE)
        self._hold = client.register_script(_HOLD)
        self._overdue = client.register_script(_OVERDUE)
        self._watched = client.register_script(_WATCHED)
        self._pending = client.register_script(_PENDING)

    def pending(self, until: Mapping[str, str | int]) -> set[str]:
        """Of the keys of *until* those that hold anything by then (ms, NOW, EVER): a look at them all in one call."""
        with available():
            found = self._pending(list(until), list(until.values()))
        return {key for key, count in zip(until, found, strict=True) if count}

    def lease(self, job_ids: Sequence[str], *, mode: str = "") -> list[str]:
        """Sets the leases of *job_ids*; mode ``XX`` renews only and returns those that had none, ``NX`` keeps."""
        if not job_ids:
            return []
        with available():
            return names(self._lease([keys.LEASES], [self.lease_ms, mode, *job_ids]))

    def hold(self, job_id: str) -> bool:
        """Sets the lease of a job that is about to be begun; False where somebody else is about to begin it."""
        with available():
            return bool(self._hold([keys.LEASES], [self.lease_ms, job_id]))

    def overdue(self, key: str = keys.LEASES, limit: int = 100) -> list[str]:
        """Ids of LEASES or UNWATCHED whose time is over."""
        with available():
            return names(self._overdue([key], [limit]))

    def lapsed(self, since_ms: int) -> bool:
        """Whether a lease, or a place, that was taken at *since_ms* is too old to begin a job by."""
        return self._clock() - since_ms > self.lease_ms // 2

    def watched(self, allowed_ms: Mapping[str, int]) -> None:
        """Each of these jobs, if it is to end unwatched at all, does so no sooner than in so many ms."""
        if allowed_ms:
            words = [word for pair in allowed_ms.items() for word in pair]
            with available():
                self._watched([keys.UNWATCHED], words)
