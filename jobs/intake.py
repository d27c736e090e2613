"""A job is taken in: announced, its log begun, and filed; in one call where one server has all of it."""

from typing import Any, NamedTuple

import redis

from jobs import keys
from jobs.cluster import Cluster
from jobs.errors import CursorMoved, QueueFull
from jobs.head import Head
from jobs.index import ANNOUNCE, FILE, Filed, Index
from jobs.redis_log import RedisLog, available, script
from jobs.rings import Ring
from jobs.scripts import in_turn, together
from jobs.writer import Begun

#: ring(waiting, rings; id, most, ring): pushes the ring, unless the job stands behind *most* others or waits for none.
#: Returns 1 where it did. A list that is none is the broker's trouble: the job is filed by now.
_RING = """
local rank = ARGV[3] ~= '' and redis.call('ZRANK', KEYS[1], ARGV[1])
if not rank or rank >= tonumber(ARGV[2]) then return 0 end
return type(redis.pcall('LPUSH', KEYS[2], ARGV[3])) == 'number' and 1 or 0
"""


class Call(NamedTuple):
    """Who calls a worker: *ring*, where one can be pushed in the store itself, for a job behind fewer than *most*."""

    ring: Ring | None = None
    most: int = 0


_NOBODY = Call()


class Intake:
    """Calls may raise LogUnavailable."""

    def __init__(self, client: redis.Redis, log: RedisLog, index: Index) -> None:
        self._log, self._index = log, index
        #: A script of a cluster has keys of one slot, and a job's log has one of its own.
        self._at_once = not isinstance(client, Cluster)
        #: Whoever finds another log of the same id leaves it, and its filing, to that.
        self._script = client.register_script(in_turn(ANNOUNCE, script("append.lua"), *FILE, _RING))

    def take(self, begun: Begun, most: int | None, call: Call = _NOBODY) -> Filed | None:
        """Where the job stands now that it is stored; None where one of its id had been taken before.

        It is rung for where *call* can. QueueFull, and nothing is stored, where *most* unfinished jobs are there and it
        is none of them.
        """
        if self._at_once:
            try:
                return self._all(begun, most, call)
            except redis.exceptions.ClusterCrossSlotError:
                self._at_once = False
        return self._one_by_one(begun, most)

    def _all(self, begun: Begun, most: int | None, call: Call) -> Filed | None:
        job_id, head, batch = begun.job.id, begun.head, begun.batch
        calls = self._index.announcing(job_id, most), self._log.appending(job_id, batch), *self._index.filing(head)
        with available():
            found = self._script(*together(*calls, _ringing(head, call)))
        match found:
            case [0]:
                raise QueueFull(most=most)
            case [_, _]:
                return None
        _, _, *filed, rung = found
        return self._index.filed(filed)._replace(rung=bool(rung))

    def _one_by_one(self, begun: Begun, most: int | None) -> Filed | None:
        #: The id is noted first, so that the sweep finds what a crash left between two calls.
        if not self._index.announce(begun.job.id, most):
            raise QueueFull(most=most)
        try:
            self._log.append(begun.job.id, begun.batch)
        except CursorMoved:
            return None
        return self._index.file(begun.head)


def _ringing(head: Head, call: Call) -> tuple[list[str], list[Any]]:
    key, text = call.ring or ("", "")
    return [keys.waiting(head.queue), key], [head.id, call.most, text]
