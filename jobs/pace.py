"""How long jobs hold a slot, by queue and type: measured by workers, read by whoever foretells a beginning."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import redis

from jobs import keys
from jobs.redis_log import available

#: A mean is plain over its first jobs; from then on it remembers so many jobs, or as many as took a slot for so many
#: seconds together, up to a limit. Less would let one odd job, or one busy moment of the machine, move every estimate;
#: more would take hours to notice that long jobs have changed.
JOBS, SECONDS, LIMIT = 20, 20, 1000
#: The mean over all types of a queue, in the place of a type's name: types have none that is empty.
ANY = ""
#: Jobs that run, seen at most in one look; of a fleet with more slots the next one is free at any moment anyway.
HELD = 512

#: note(pace; jobs, seconds, limit, kind, any, took_1, ...): takes each *took* seconds into both means, all or none.
#: pace: hash, name → "<mean seconds> <jobs that it remembers>".
_NOTE = """
for name = 4, 5 do
  local mean, jobs = string.match(redis.call('HGET', KEYS[1], ARGV[name]) or '0 0', '^(%S+) (%d+)$')
  for i = 6, #ARGV do
    local most = math.max(tonumber(ARGV[1]), math.min(tonumber(ARGV[3]), math.floor(ARGV[2] / mean)))
    jobs = math.min(jobs + 1, most)
    mean = mean + (ARGV[i] - mean) / jobs
  end
  redis.call('HSET', KEYS[1], ARGV[name], string.format('%.6f %d', mean, jobs))
end
"""

#: at(waiting; rank_1, ...): the ids at these ranks, '' where the queue has become shorter.
_AT = """
local found = {}
for i, rank in ipairs(ARGV) do found[i] = redis.call('ZRANGE', KEYS[1], rank, rank)[1] or '' end
return found
"""


class Look(NamedTuple):
    """How some queues stand: jobs that wait, mean seconds by type, and the ids of what runs in any queue."""

    depths: dict[str, int]
    means: dict[str, dict[str, float]]
    held: list[str]


class Paces:
    """The measurements in Redis, and the look at the queues that they are used with. Calls may raise LogUnavailable."""

    def __init__(self, client: redis.Redis) -> None:
        self._client: Any = client
        self._note = client.register_script(_NOTE)
        self._at = client.register_script(_AT)

    def note(self, queue: str, kind: str, *seconds: float) -> None:
        """Jobs of type *kind* have held a slot, each for so many *seconds*."""
        with available():
            self._note([keys.pace(queue)], [JOBS, SECONDS, LIMIT, kind, ANY, *(f"{took:.6f}" for took in seconds)])

    def look(self, queues: Sequence[str]) -> Look:
        with available(), self._client.pipeline(transaction=False) as pipe:
            pipe.zrange(keys.LEASES, 0, HELD - 1)
            for queue in queues:
                pipe.zcard(keys.waiting(queue))
                pipe.hgetall(keys.pace(queue))
            held, *rows = pipe.execute()
        depths = dict(zip(queues, map(int, rows[::2]), strict=True))
        means = dict(zip(queues, map(_means, rows[1::2]), strict=True))
        return Look(depths, means, [job_id.decode() for job_id in held])

    def at(self, queue: str, ranks: Sequence[int]) -> list[str]:
        """The ids of the jobs at these places of the queue, counted from 0; empty where there is none any more."""
        if not ranks:
            return []
        with available():
            return [job_id.decode() for job_id in self._at([keys.waiting(queue)], ranks)]


def _means(row: Mapping[bytes, bytes]) -> dict[str, float]:
    return {name.decode(): float(value.partition(b" ")[0]) for name, value in row.items()}
