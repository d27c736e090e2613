"""Where every job is to be found: queues, times, leases and lists, all derived from the jobs' heads.

An entry follows from a head and can be written again at any time; what a crash left half-written is put right by
filing the head once more. The log is the truth, these are its bookmarks.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import redis

from jobs import keys
from jobs.clock import Clock
from jobs.deadlines import Deadlines
from jobs.eventlog import Cursor
from jobs.head import Head
from jobs.limits import KEYS, Limits, limits_of, names, with_places
from jobs.model import HELD, JobState
from jobs.redis_feed import RedisFeed
from jobs.redis_log import available, script
from jobs.scripts import InTurn

#: Priorities run from 0 (last) to 9 (first); within one the older job comes first.
TOP_PRIORITY = 9
_PRIORITY_STEP = 10**13

#: What those who watch get to come back in, after Redis was away, or their web process.
RETURN_MS = 10_000

#: announce(live; id, now, most): adds the id unless so many are there. Returns 1 where it is among them now.
ANNOUNCE = """
if redis.call('ZADD', KEYS[1], 'NX', ARGV[2], ARGV[1]) == 1 and redis.call('ZCARD', KEYS[1]) > tonumber(ARGV[3]) then
  redis.call('ZREM', KEYS[1], ARGV[1])
  return 0
end
return 1
"""

#: What files a job: of each script the keys and words, and the answer, are known to :class:`Index`.
FILE = (script("feed.lua"), with_places(script("file.lua")))

#: ranks(waiting; id, ...): the rank of each, -1 for one that does not wait.
_RANKS = """
local found = {}
for i, id in ipairs(ARGV) do found[i] = redis.call('ZRANK', KEYS[1], id) or -1 end
return found
"""


class Filed(NamedTuple):
    """What came of filing a job."""

    #: Queues to ring for: those of jobs that were parked for a place which this one has given up.
    rings: list[str]
    #: 1 for the job that begins next; None where it does not wait in its queue.
    position: int | None
    #: Whether a ring went to the queue in the same call.
    rung: bool = False


class Index(Deadlines):
    """The bookmarks in Redis. Every call may raise LogUnavailable."""

    def __init__(self, client: redis.Redis, feed: RedisFeed, *, lease_seconds: float, clock: Clock) -> None:
        super().__init__(client, lease_seconds=lease_seconds, clock=clock)
        self.feed = feed
        self._announce = client.register_script(ANNOUNCE)
        self._file = InTurn(client, *FILE)
        self.limits = Limits(client, reserve_ms=self.lease_ms)
        self._ranks = client.register_script(_RANKS)

    def announce(self, job_id: str, most: int | None = None) -> bool:
        """Notes a job that is about to be created, so that the sweep finds it whatever happens next.

        False, and nothing is noted, where *most* unfinished jobs are there already and it is none of them.
        """
        with available():
            return bool(self._announce(*self.announcing(job_id, most)))

    def announcing(self, job_id: str, most: int | None) -> tuple[Sequence[str], Sequence[Any]]:
        """The keys and words of ANNOUNCE, for whoever has more to do in the same call."""
        return [keys.LIVE], [job_id, self._clock(), "+inf" if most is None else most]

    def file(self, head: Head) -> Filed:
        """Puts the job where its head says that it belongs; a head older than the one it was last filed by is let be.

        Whoever is held up between an append and its filing must not put a job that runs back into its queue. The feed
        is told first, in the same call: of a job that has ended nothing more would tell it.
        """
        return self.filed(self._file(*self.filing(head)))

    def filing(self, head: Head) -> Sequence[tuple[Sequence[str], Sequence[Any]]]:
        """The keys and words of each script of FILE."""
        state, lease = head.state, self.lease_ms if head.state in HELD else ""
        scores = {
            keys.ALL: head.created,
            keys.LIVE: None if state.terminal else head.created,
            keys.FINISHED: head.finished if state.terminal else None,
            keys.SCHEDULED: head.until if state is JobState.SCHEDULED else None,
            keys.EXPIRY: head.expires if head.waiting and head.attempt == 0 else None,
            keys.waiting(head.queue): _place(head) if state is JobState.QUEUED else None,
        }
        words = [head.id, head.epoch, head.seq, head.queue, lease, _unwatched_ms(head), limits_of(head)]
        #: As text: of a number Redis would have to make it, and takes as long as to find a place for it.
        words += ["" if score is None else str(score) for score in scores.values()]
        filing = [*KEYS, keys.FILED, keys.QUEUES, keys.LEASES, keys.UNWATCHED, *scores], words
        return self.feed.noting(head.id, Cursor(head.epoch, head.seq)), filing

    def filed(self, found: Sequence[Any]) -> Filed:
        """What the scripts of FILE have answered."""
        noted, (rings, rank) = found
        self.feed.noted(noted)
        return Filed(names(rings), _position(rank))

    def forget(self, job_ids: Sequence[str]) -> None:
        """Takes jobs whose log is gone out of every list; the feed keeps their numbers."""
        if not job_ids:
            return
        self.limits.forget(job_ids)
        lists = (keys.ALL, keys.LIVE, keys.FINISHED, keys.SCHEDULED, keys.EXPIRY, keys.LEASES, keys.UNWATCHED)
        with available(), self._client.pipeline(transaction=False) as pipe:
            for key in lists:
                pipe.zrem(key, *job_ids)
            for key in (keys.FILED, keys.FED):
                pipe.hdel(key, *job_ids)
            for queue in self.queues():
                pipe.zrem(keys.waiting(queue), *job_ids)
            pipe.execute()

    # Queues ---------------------------------------------------------------------------------------------------

    def queues(self) -> list[str]:
        with available():
            return sorted(names(self._client.smembers(keys.QUEUES)))

    def waiting(self, queue: str, start: int, stop: int) -> list[str]:
        """Ids in the order in which they are to begin, from place *start* to *stop*."""
        with available():
            return names(self._client.zrange(keys.waiting(queue), start, stop))

    def depth(self, queue: str) -> int:
        with available():
            return int(self._client.zcard(keys.waiting(queue)))

    def positions(self, queue: str, job_ids: Sequence[str]) -> list[int | None]:
        """Of each at one moment: 1 for the job that begins next, None where it does not wait in the queue.

        A parked job has no place there.
        """
        if not job_ids:
            return []
        with available():
            ranks = self._ranks([keys.waiting(queue)], job_ids)
        return [_position(rank) for rank in ranks]

    # Times and lists ------------------------------------------------------------------------------------------

    def due(self, key: str, limit: int = 200, *, before_ms: int | None = None) -> list[str]:
        """Ids of SCHEDULED, EXPIRY or FINISHED whose time lies before *before_ms* (now)."""
        now = self._clock() if before_ms is None else before_ms
        with available():
            return names(self._client.zrangebyscore(key, "-inf", now, start=0, num=limit))

    def postpone(self, job_id: str, ms: int) -> None:
        """A scheduled job that it was not yet time for is due again in so many *ms*."""
        with available():
            self._client.zadd(keys.SCHEDULED, {job_id: self._clock() + ms}, xx=True)

    def newest(self, before: str | None, limit: int) -> list[str]:
        """Ids of kept jobs, newest first, older than the job *before*."""
        with available():
            start = 0
            if before is not None:
                rank = self._client.zrevrank(keys.ALL, before)
                if rank is None:
                    return self._older(before, limit)
                start = int(rank) + 1
            return names(self._client.zrevrange(keys.ALL, start, start + limit - 1))

    def newest_live(self, start: int, limit: int) -> list[str]:
        """Ids of jobs that have no terminal event yet, newest first, from the one at *start*."""
        with available():
            return names(self._client.zrevrange(keys.LIVE, start, start + limit - 1))

    def _older(self, before: str, limit: int) -> list[str]:
        """As newest, where *before* itself has been deleted: ids are ordered by time, so the place is known."""
        from ulid import ULID  # noqa: PLC0415 - only this rare path needs it

        created = ULID.from_str(before.upper()).milliseconds
        return names(self._client.zrevrangebyscore(keys.ALL, created, "-inf", start=0, num=limit))

    def live_slice(self, size: int) -> list[str]:
        """The next *size* live jobs, going round all of them call after call."""
        with available():
            start = int(self._client.get(keys.SWEPT) or 0)
            found = names(self._client.zrange(keys.LIVE, start, start + size - 1))
            self._client.set(keys.SWEPT, start + size if len(found) == size else 0)
        return found

    def live_since(self, job_id: str) -> int:
        with available():
            return int(self._client.zscore(keys.LIVE, job_id) or 0)

    def live_count(self) -> int:
        with available():
            return int(self._client.zcard(keys.LIVE))

    def sweep_turn(self, every_ms: int) -> bool:
        """True for the one process that is to sweep now."""
        with available():
            return bool(self._client.set(keys.SWEEP, 1, nx=True, px=every_ms))


def _unwatched_ms(head: Head) -> int | str:
    """How long nobody need watch before the job is cancelled for it; '' where that is not to happen (again)."""
    if head.unwatched_seconds is None or head.state.terminal or head.state is JobState.CANCELLING:
        return ""
    return round(head.unwatched_seconds * 1000)


def _position(rank: int) -> int | None:
    return None if rank < 0 else int(rank) + 1


def _place(head: Head) -> int:
    """Where a job stands in its queue: by priority, then age."""
    return (TOP_PRIORITY - head.priority) * _PRIORITY_STEP + head.created
