"""What puts right whatever a crash left behind: run by one process a second, web or worker, whichever comes first."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from jobs import decisions, keys
from jobs.clock import Clock
from jobs.deadlines import EVER, NOW
from jobs.errors import JobNotFound, LogUnavailable, TailraceError
from jobs.files import FileStore
from jobs.head import Head
from jobs.index import RETURN_MS
from jobs.lifecycle import Lifecycle
from jobs.model import HELD, JobState
from jobs.writer import Decision

#: How often a sweep is due, over all processes.
EVERY_MS = 1000
#: Live jobs whose bookmarks are checked in one sweep.
SLICE = 200
#: Limits looked at in one sweep, and the jobs with a place of each.
LIMITS, PLACES = 20, 200
#: Rings in one sweep and queue: whoever is called rings for those that it leaves to others, and a ring is dear.
RINGS = 20
#: A job announced but never created (its submit crashed) is forgotten after this.
UNBORN_MS = 60_000
#: After Redis was away nobody is taken for lost for so long: those who could not renew their leases get to it first.
#: Nor for unwatched for RETURN_MS, and that also not when this process has just begun.
AFTERMATH_MS = 3000

#: The states of a job whose place is held, and of one whose place is reserved or that was called back for it.
_STATES_BY_PLACE = {True: HELD, False: frozenset({JobState.QUEUED})}

log = logging.getLogger(__name__)


class Sweep:
    """The repairs, each safe to run at any time and by several at once."""

    def __init__(self, lifecycle: Lifecycle, files: FileStore, clock: Clock, *, retention_seconds: int) -> None:
        self._life, self._files, self._clock = lifecycle, files, clock
        self._retention_ms = retention_seconds * 1000
        #: Each with the key that holds what it is for. Rings come after all that puts jobs into queues.
        self._repairs: dict[Callable[[], None], str] = {
            self._overdue: keys.LEASES,
            self._due: keys.SCHEDULED,
            self._expired: keys.EXPIRY,
            self._unwatched: keys.UNWATCHED,
            self._misfiled: keys.LIVE,
            self._misplaced: keys.LIMITS,
            self._unheard: keys.QUEUES,
            self._old: keys.FINISHED,
            self._unused: keys.FILES,
        }
        self._away, self._trusted_from, self._watched_from = False, 0, clock() + RETURN_MS

    def turn(self) -> bool:
        """Sweeps if it is this process's turn; True if it was."""
        try:
            mine = self._life.index.sweep_turn(EVERY_MS)
        except LogUnavailable:
            self._away = True
            raise
        if self._away:
            now = self._clock()
            self._away, self._trusted_from, self._watched_from = False, now + AFTERMATH_MS, now + RETURN_MS
        if mine:
            self.run()
        return mine

    def run(self) -> None:
        try:
            pending = self._pending()
        except LogUnavailable as error:
            self._away = True
            log.warning("sweep left off: %s", error)
            return
        for repair, key in self._repairs.items():
            #: What was repaired before may have put a job into a queue that was new.
            if key not in pending and not (pending and key == keys.QUEUES):
                continue
            try:
                repair()
            except LogUnavailable as error:
                self._away = True
                log.warning("sweep: %s left off: %s", repair.__name__.strip("_"), error)

    def _pending(self) -> set[str]:
        """The keys in which there is something to do: a process at rest asks this of Redis, and no more."""
        now = self._clock()
        old, ever = now - self._retention_ms, (keys.LIVE, keys.LIMITS, keys.QUEUES)
        by_time = {keys.SCHEDULED: now, keys.EXPIRY: now, keys.FINISHED: old, keys.FILES: old}
        return self._life.index.pending({keys.LEASES: NOW, keys.UNWATCHED: NOW, **by_time, **dict.fromkeys(ever, EVER)})

    def _overdue(self) -> None:
        """Jobs whose lease ran out go to their next attempt or end."""
        if self._clock() < self._trusted_from:
            return
        for job_id in self._life.index.overdue():
            log.warning("sweep: the lease of job %s ran out", job_id)
            self._decide(job_id, lambda job: decisions.lose(job, since_ms=self._clock()))

    def _due(self) -> None:
        """Scheduled jobs whose time has come are queued, and parents whose child ended without their being told."""
        ids = self._life.index.due(keys.SCHEDULED)
        parents = {head.id: child for head, child in self._life.awaited(self._life.heads(ids))}
        for job_id in ids:
            child = parents.get(job_id)
            if child is not None:
                self._decide(job_id, partial(decisions.wake, child=child))
            elif job_id in parents:
                self._life.index.postpone(job_id, decisions.LOOK_MS)
            else:
                self._decide(job_id, decisions.promote)

    def _expired(self) -> None:
        """Jobs that nobody began in time end."""
        for job_id in self._life.index.due(keys.EXPIRY):
            self._decide(job_id, decisions.expire)

    def _unwatched(self) -> None:
        """Jobs that were to end once nobody watches them, and that nobody has watched for so long, are cancelled."""
        if self._clock() < self._watched_from:
            return
        ids = self._life.index.overdue(keys.UNWATCHED)
        heads = {head.id: head for head in self._life.heads(ids)}
        for head in heads.values():
            with self._alone(head.id):
                self._life.cancel(head.id, by="unwatched", reason=_unwatched_for(head.unwatched_seconds or 0))
        self._life.index.forget([job_id for job_id in ids if job_id not in heads])

    def _misfiled(self) -> None:
        """A slice of the live jobs is filed anew by its heads."""
        ids = self._life.index.live_slice(SLICE)
        heads = {head.id: head for head in self._life.heads(ids)}
        for head in heads.values():
            self._life.file(head)
        self._orphaned([head for head in heads.values() if head.parent is not None])
        now = self._clock()
        unborn = [i for i in ids if i not in heads and now - self._life.index.live_since(i) > UNBORN_MS]
        self._life.index.forget(unborn)

    def _orphaned(self, children: Sequence[Head]) -> None:
        """Children whose parent has ended, or is gone, are cancelled."""
        parents = self._life.heads([head.parent or "" for head in children])
        living = {parent.id for parent in parents if not parent.state.terminal}
        for head in children:
            if head.parent not in living:
                with self._alone(head.id):
                    self._life.disown([head.id])

    def _misplaced(self) -> None:
        """Places of jobs that do not hold them any more are given up, and who is parked is called back to them."""
        limits = self._life.index.limits
        for limit in limits.in_use(LIMITS):
            places = limits.places(limit, PLACES)
            heads = {head.id: head for head in self._life.heads(list(places))}
            for head in heads.values():
                if head.state not in _STATES_BY_PLACE[places[head.id]]:
                    self._life.file(head)
            limits.vacate(limit, [job_id for job_id in places if job_id not in heads])

    def _unheard(self) -> None:
        """Queues with more jobs than unanswered rings are rung again."""
        for queue in self._life.index.queues():
            waiting = self._life.index.depth(queue)
            rung = self._life.doorbell.rung(queue) if waiting else None
            for _ in range(min(waiting - rung, RINGS) if rung is not None else 0):
                self._life.doorbell.ring(queue)

    def _old(self) -> None:
        """Jobs past their retention go, with their artifacts."""
        for job_id in self._life.index.due(keys.FINISHED, before_ms=self._clock() - self._retention_ms):
            with self._alone(job_id):
                self._files.delete_artifacts(job_id)
                self._life.delete([job_id])

    def _unused(self) -> None:
        """Uploads that no kept job names, and nobody has used for as long as jobs are kept, go."""
        for file_id, users in self._files.unused(self._clock() - self._retention_ms):
            with self._alone(file_id):
                if self._life.heads(users):
                    self._files.postpone(file_id)
                else:
                    self._files.delete(file_id)

    def _decide(self, job_id: str, decision: Decision) -> None:
        with self._alone(job_id):
            try:
                self._life.decide(job_id, decision)
            except JobNotFound:
                self._life.index.forget([job_id])

    @staticmethod
    @contextmanager
    def _alone(what: str) -> Iterator[None]:
        """One that cannot be put right must not keep the sweep from all those behind it."""
        try:
            yield
        except LogUnavailable:
            raise
        except (TailraceError, OSError) as error:
            log.warning("sweep: %s was left as it is: %s", what, error)


def _unwatched_for(seconds: float) -> str:
    return f"Nobody has watched the job for {seconds:g} second{'' if seconds == 1 else 's'}."
