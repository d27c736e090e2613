"""A job is taken in: announced, its log begun, and filed; in one call where one server has all of it."""

from typing import Any, NamedTuple

import redis

from jobs import keys
from jobs.errors import CursorMoved, QueueFull
from jobs.head import Head
from jobs.index import ANNOUNCE, FILE, Filed, Index
from jobs.redis_log import RedisLog, script
from jobs.rings import Ring
from jobs.scripts import InTurn, OneServer
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

    def __init__(self, client: redis.Redis, server: OneServer, log: RedisLog, index: Index) -> None:
        self._server, self._log, self._index = server, log, index
        #: Whoever finds another log of the same id leaves it, and its filing, to that.
        self._script = InTurn(client, ANNOUNCE, script("append.lua"), *FILE, _RING)

    def take(self, begun: Begun, most: int | None, call: Call = _NOBODY) -> Filed | None:
        """Where the job stands now that it is stored; None where one of its id had been taken before.

        It is rung for where *call* can. QueueFull, and nothing is stored, where *most* unfinished jobs are there and it
        is none of them.
        """
        job_id, head, batch = begun.job.id, begun.head, begun.batch
        calls = self._index.announcing(job_id, most), self._log.appending(job_id, batch), *self._index.filing(head)
        match self._server.ask(self._script, *calls, _ringing(head, call)):
            case None:
                return self._one_by_one(begun, most)
            case [0]:
                raise QueueFull(most=most)
            case [_, _]:
                return None
            case [_, _, *found, rung]:
                filed = self._index.filed(found)
                return Filed(filed.rings, filed.position, rung=bool(rung))
        raise AssertionError

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
