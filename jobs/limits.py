"""How many jobs may run at a time, by type and by concurrency key: who has a place, and who is parked for one.

A claim reserves a place of each limit before it begins a job (reserve.lua); filing the job turns that into a place held
or gives it up, and then calls back who is parked for it (file.lua). What a crash left is put right by the sweep.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
import redis

from jobs import keys
from jobs.catalogue import TypeEntry
from jobs.head import Head
from jobs.redis_log import available, script

#: The keys that places.lua knows by their place; every script that it stands in front of begins with them.
KEYS = (keys.PARKED, keys.LIMITS, keys.CATALOGUE, keys.places(""), keys.parked_at(""), keys.waiting(""))

#: in_use(limits; count): the limits that have not been looked at for the longest, noted as looked at now.
_IN_USE = """
local time = redis.call('TIME')
local found = redis.call('ZRANGE', KEYS[1], 0, ARGV[1] - 1)
for _, limit in ipairs(found) do
  redis.call('ZADD', KEYS[1], time[1] * 1000 + math.floor(time[2] / 1000), limit)
end
return found
"""

#: parked(<those of places.lua>; id, ...): {id, limit, rank, places taken, places in all} of each that is parked.
_PARKED = """
local found = {}
for _, id in ipairs(ARGV) do
  local record = redis.call('HGET', KEYS[1], id)
  if record then
    local limit, _, kind = unpack(cjson.decode(record))
    local rank = redis.call('ZRANK', KEYS[5] .. limit, id)
    found[#found + 1] = {id, limit, rank, taken(limit), math.min(size_of(limit, kind), 2^31)}
  end
end
return found
"""

#: forget(<those of places.lua>; id, ...): none of them is parked any more.
_FORGET = """
for _, id in ipairs(ARGV) do
  local record = redis.call('HGET', KEYS[1], id)
  if record then
    local limit = cjson.decode(record)[1]
    unpark(id, limit)
    tidy(limit)
  end
end
"""


class Turn(NamedTuple):
    """What a claim found among its candidates."""

    #: The index of the one whose turn it is: its places are reserved.
    first: int | None
    #: How many of those looked at wait no more, parked by this look or gone before it.
    gone: int
    #: Queues to ring for, once for each job that was called back to it.
    rings: list[str]


class Parked(NamedTuple):
    """Where a parked job stands."""

    #: ``type:<job type>`` or ``key:<concurrency key>``.
    limit: str
    #: 1 for the job that gets the next place.
    position: int
    #: Places that are taken now, and that there are in all for jobs of its type.
    taken: int
    places: int


class Limits:
    """Places and parked jobs in Redis. Every call may raise LogUnavailable."""

    def __init__(self, client: redis.Redis, *, reserve_ms: int) -> None:
        self._client: Any = client
        self._reserve_ms = reserve_ms
        self._in_use = client.register_script(_IN_USE)
        self._reserve = client.register_script(with_places(script("reserve.lua")))
        self._vacate = client.register_script(with_places(script("vacate.lua")))
        self._parked = client.register_script(with_places(_PARKED))
        self._forget = client.register_script(with_places(_FORGET))

    def reserve(self, queue: str, candidates: Sequence[tuple[Head, TypeEntry]]) -> Turn:
        """Whose turn it is of *candidates*, which wait in *queue*, best first; those that may not begin are parked."""
        wishes = [(head.id, head.type, head.concurrency_key or "", sizes(head, kind)) for head, kind in candidates]
        if not wishes or not wishes[0][-1]:
            return Turn(0 if wishes else None, 0, [])
        words: list[str | int | bytes] = [queue, self._reserve_ms, msgspec.json.encode(wishes)]
        with available():
            first, gone, rings = self._reserve([*KEYS, keys.waiting(queue)], words)
        return Turn(first - 1 if first else None, gone, names(rings))

    def parked(self, job_ids: Sequence[str]) -> dict[str, Parked]:
        """Those of *job_ids* that are parked, and where; one call however many they are."""
        if not job_ids:
            return {}
        with available():
            rows = self._parked(KEYS, job_ids)
        return {job_id.decode(): Parked(limit.decode(), rank + 1, *more) for job_id, limit, rank, *more in rows}

    # What the sweep puts right --------------------------------------------------------------------------------

    def in_use(self, count: int) -> list[str]:
        """The next *count* limits, going round all of them call after call."""
        with available():
            return names(self._in_use([keys.LIMITS], [count]))

    def places(self, limit: str, count: int) -> dict[str, bool]:
        """Up to *count* jobs that have a place, and whether they hold it; those that do not come first."""
        with available():
            found = self._client.zrange(keys.places(limit), 0, count - 1, withscores=True)
        return {job_id.decode(): until == float("inf") for job_id, until in found}

    def vacate(self, limit: str, job_ids: Sequence[str]) -> list[str]:
        """Takes their places from jobs that are gone; the queues to ring for, of those that are called back."""
        with available():
            return names(self._vacate(KEYS, [limit, *job_ids]))

    def forget(self, job_ids: Sequence[str]) -> None:
        with available():
            self._forget(KEYS, job_ids)


def with_places(text: str) -> str:
    return script("places.lua") + text


def limits_of(head: Head) -> list[str]:
    """The limits that a job counts for while it runs, the narrow one first."""
    key = [] if head.concurrency_key is None else [f"key:{head.concurrency_key}"]
    return [*key, f"type:{head.type}"]


def sizes(head: Head, kind: TypeEntry) -> list[tuple[str, int]]:
    """The limits that may keep a job from beginning, and the places that each has for it."""
    most = {"key": kind.max_running_per_key, "type": kind.max_running}
    return [(limit, size) for limit in limits_of(head) if (size := most[limit.partition(":")[0]]) is not None]


def names(found: Sequence[bytes]) -> list[str]:
    return [name.decode() for name in found]
