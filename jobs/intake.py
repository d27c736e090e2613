"""A job is taken in: announced, its log begun, and filed; in one call where one server has all of it."""

from typing import Any

import redis

from jobs.cluster import Cluster
from jobs.errors import CursorMoved, QueueFull
from jobs.index import ANNOUNCE, FILE, Filed, Index
from jobs.redis_log import RedisLog, available, script
from jobs.scripts import in_turn, together
from jobs.writer import Begun


class Intake:
    """Calls may raise LogUnavailable."""

    def __init__(self, client: redis.Redis, log: RedisLog, index: Index) -> None:
        self._log, self._index = log, index
        #: A script of a cluster has keys of one slot, and a job's log has one of its own.
        self._at_once = not isinstance(client, Cluster)
        #: Whoever finds another log of the same id leaves it, and its filing, to that.
        self._script = client.register_script(in_turn(ANNOUNCE, script("append.lua"), *FILE))

    def take(self, begun: Begun, most: int | None) -> Filed | None:
        """Where the job stands now that it is stored; None where one of its id had been taken before.

        QueueFull, and nothing is stored, where *most* unfinished jobs are there already and it is none of them.
        """
        if self._at_once:
            try:
                return self._all(begun, most)
            except redis.exceptions.ClusterCrossSlotError:
                self._at_once = False
        return self._one_by_one(begun, most)

    def _all(self, begun: Begun, most: int | None) -> Filed | None:
        job_id, head, batch = begun.job.id, begun.head, begun.batch
        calls = self._index.announcing(job_id, most), self._log.appending(job_id, batch), *self._index.filing(head)
        with available():
            room, *found = self._script(*together(*calls))
        return self._outcome(room, found, most)

    def _outcome(self, room: int, found: list[Any], most: int | None) -> Filed | None:
        if not room:
            raise QueueFull(most=most)
        _, *filed = found
        return self._index.filed(filed) if filed else None

    def _one_by_one(self, begun: Begun, most: int | None) -> Filed | None:
        #: The id is noted first, so that the sweep finds what a crash left between two calls.
        if not self._index.announce(begun.job.id, most):
            raise QueueFull(most=most)
        try:
            self._log.append(begun.job.id, begun.batch)
        except CursorMoved:
            return None
        return self._index.file(begun.head)
