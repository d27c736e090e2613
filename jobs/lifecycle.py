"""Every move of a job from one state to the next: one append to its log, then the bookmarks that follow from it."""

import logging
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from jobs import decisions
from jobs import events as ev
from jobs.books import PAGE, Books
from jobs.catalogue import TypeEntry
from jobs.clock import Clock
from jobs.doorbell import Doorbell
from jobs.errors import JobNotFound, TailraceError
from jobs.head import Head, decode_head, head_of
from jobs.index import Filed, Index
from jobs.intake import Call, Intake
from jobs.model import Job, JobState
from jobs.writer import Decision, Writer, load

#: Behind so many waiting jobs none is rung for: their own rings call as many slots, and whoever is called, or turns to
#: something else, rings for those that it leaves to others (worker/slot.py).
RUNG = 100

#: Waiting jobs that a claim passes over before it leaves the queue to others, and how many times as many as before it
#: looks at next.
CLAIM_DEPTH = 1000
_CLAIM_MORE = 10

#: Why a child is cancelled that nobody waits for any more.
ORPHANED = "Its parent job has ended."

log = logging.getLogger(__name__)


class Settled(NamedTuple):
    """A job that has been filed, and its position in the queue then, where it waits in one."""

    job: Job
    position: int | None = None


class Lifecycle:
    """The verbs of both tiers. Each may raise LogUnavailable; those on one job JobNotFound."""

    def __init__(self, eventlog: Books, index: Index, intake: Intake, doorbell: Doorbell, clock: Clock) -> None:
        self.log, self.index, self.doorbell, self.clock = eventlog, index, doorbell, clock
        self._intake = intake
        #: Heads of the jobs that the last claim met.
        self._met: dict[str, Head] = {}

    def load(self, job_id: str) -> Job:
        return load(self.log, job_id)

    def heads(self, job_ids: Sequence[str]) -> list[Head]:
        """The heads of those jobs that exist, in the order asked for."""
        return [decode_head(found) for found in self.log.heads(job_ids) if found is not None] if job_ids else []

    def head(self, job_id: str) -> Head:
        for head in self.heads([job_id]):
            return head
        raise JobNotFound(job_id=job_id)

    def submit(self, job_id: str, request: ev.Request, *, delay_seconds: float | None = None) -> Job:
        """As :meth:`accept`, however many there are, for whoever does not ask where it stands."""
        return self.accept(job_id, request, delay_seconds=delay_seconds).job

    def accept(
        self, job_id: str, request: ev.Request, *, delay_seconds: float | None = None, most: int | None = None
    ) -> Settled:
        """Stores the job and rings; when this returns, the job is accepted. The same id twice is one job.

        QueueFull where *most* unfinished jobs are there already.
        """
        until = self.clock() + round(delay_seconds * 1000) if delay_seconds else None
        #: What cannot be stored is refused here, before anybody hears of the job.
        begun = Writer(self.log.alone, job_id, self.clock).begin(decisions.submit(request, until_ms=until))
        ring = self.doorbell.spell(request.queue) if begun.head.state is JobState.QUEUED else None
        filed = self._intake.take(begun, most, Call(ring, RUNG))
        return self._settle(self.load(job_id)) if filed is None else self._filed(begun.job, begun.head, filed)

    def cancel(
        self, job_id: str, *, grace_seconds: float = 5.0, reason: str | None = None, by: str | None = None
    ) -> Job:
        """Writes the wish; a waiting job ends at once, a running one is seen to by its worker."""
        return self.decide(
            job_id,
            lambda job: decisions.cancel(job, now_ms=self.clock(), grace_seconds=grace_seconds, reason=reason, by=by),
        )

    def claim(self, queue: str, types: dict[str, TypeEntry], worker: str) -> Job | None:
        """The first waiting job that this worker carries, now running under its lease; None where there is none.

        Jobs whose limit is full are parked on the way: the next claim does not meet them again.
        """
        asked = self.clock()
        reached = self.log.reach(queue, types, self.index.lease_ms)
        if reached.job is None and not reached.unclear:
            return None
        begun = (job := reached.job) and self._begin(job.id, types[job.request.type], worker, asked, job)
        return begun or self._look(queue, types, worker)

    def _look(self, queue: str, types: dict[str, TypeEntry], worker: str) -> Job | None:
        """As :meth:`claim`, step by step."""
        start, size = 0, PAGE
        while start < CLAIM_DEPTH:
            ids = self.index.waiting(queue, start, start + size - 1)
            heads = [head for head in self._candidates(ids) if head.type in types and self._ripe(head)]
            job, gone = self._first(queue, heads, types, worker)
            if job is not None or len(ids) < size:
                return job
            start, size = start + len(ids) - gone, size * _CLAIM_MORE
        return None

    def _candidates(self, ids: Sequence[str]) -> list[Head]:
        """The heads of jobs that wait, read once for all claims that meet them there: only the first of them is begun.

        What one says may be over by now; whoever begins a job reads it. Of one that does not wait nothing is
        remembered: it is to be seen as soon as it does.
        """
        known = {job_id: self._met[job_id] for job_id in ids if job_id in self._met}
        found = {**known, **{head.id: head for head in self.heads([job_id for job_id in ids if job_id not in known])}}
        self._met = {job_id: head for job_id, head in found.items() if head.state is JobState.QUEUED}
        return [found[job_id] for job_id in ids if job_id in found]

    def _ripe(self, head: Head) -> bool:
        """Whether a job found in a queue may begin; one that should not be there is put where it belongs."""
        if head.expires is not None and head.expires <= self.clock() and head.attempt == 0:
            self.decide(head.id, decisions.expire)
            return False
        if head.state is not JobState.QUEUED:
            self.file(head)
            return False
        return True

    def _first(self, queue: str, heads: list[Head], types: dict[str, TypeEntry], worker: str) -> tuple[Job | None, int]:
        """The first of *heads* that has a place of each of its limits, begun; and how many wait no more."""
        gone = 0
        while heads:
            asked = self.clock()
            turn = self.index.limits.reserve(queue, [(head, types[head.type]) for head in heads])
            self._ring(turn.rings)
            gone += turn.gone
            if turn.first is None:
                break
            head = heads[turn.first]
            job = self._start(head, types[head.type], worker, asked)
            if job is not None:
                return job, gone
            heads = heads[turn.first + 1 :]
        return None, gone

    def _start(self, head: Head, kind: TypeEntry, worker: str, asked_ms: int) -> Job | None:
        #: Whatever comes of it, what its head says is over.
        self._met.pop(head.id, None)
        #: The lease comes first: a crash between the two leaves a lease that runs out, never a run without one. Of
        #: those who reach for one job at once it lets one through, and sends the others on to the next.
        return self._begin(head.id, kind, worker, asked_ms) if self.index.hold(head.id) else None

    def _begin(self, job_id: str, kind: TypeEntry, worker: str, asked_ms: int, job: Job | None = None) -> Job | None:
        """Begins a job that has its lease, *job* as it was read then; None where that may not be (any more)."""
        begun: decisions.Events = ()

        def start(job: Job) -> decisions.Events:
            nonlocal begun
            #: Whoever was held up for so long may have lost the place that it reserved to another job.
            begun = () if self.index.lapsed(asked_ms) else decisions.start(job, worker=worker, steps=kind.steps)
            return begun

        #: The job is ours where the last decision had an event to store; its worker's name alone would not tell,
        #: children of one worker share it.
        job = self.decide(job_id, start, job)
        return job if begun else None

    def lose(self, job_id: str, *, run: int | None = None) -> Job:
        """The worker that held the job is gone: the next attempt, or the end."""
        return self.decide(job_id, lambda job: decisions.lose(job, since_ms=self.clock(), run=run))

    def decide(self, job_id: str, decision: Decision, job: Job | None = None) -> Job:
        """Appends what *decision* makes of the job (*job*, where it has just been read) and files the outcome."""
        ledger = self.log.ledger()
        return self.settle(Writer(ledger, job_id, self.clock, job=job).decide(decision), ledger.filed)

    def settle(self, job: Job, filed: Filed | None = None) -> Job:
        """Files the job as it is now, unless it was *filed* so, rings where it waits, and sees to its kin."""
        return self._settle(job, filed).job

    def _settle(self, job: Job, filed: Filed | None = None) -> Settled:
        head = head_of(job)
        return self._filed(job, head, filed or self.index.file(head))

    def _filed(self, job: Job, head: Head, filed: Filed) -> Settled:
        self._ring(filed.rings)
        if head.state is JobState.QUEUED and not filed.rung and (filed.position or 0) <= RUNG:
            self.doorbell.ring(head.queue)
        try:
            self._see_to_kin(job, head)
        except TailraceError as error:
            log.warning("job %s: its parent and children are left to the sweep: %s", job.id, error)
        return Settled(job, filed.position)

    def _see_to_kin(self, job: Job, head: Head) -> None:
        """A child's end is told to its parent, a parent's to its children; of two that end at once one sees the other.

        The parent that has begun to wait looks at its child, and the child that has ended at its parent.
        """
        if job.state is JobState.SCHEDULED and job.waits_for is not None:
            self.look_after([head])
        elif job.state.terminal:
            parents = self.heads([head.parent] if head.parent is not None else [])
            self.look_after([parent for parent in parents if parent.waits_for == job.id])
            self.disown([step.child for step in job.steps.values() if step.child is not None])

    def look_after(self, parents: Sequence[Head]) -> None:
        """Queues those of *parents* whose child has ended, or is gone."""
        for head, child in self.awaited(parents):
            if child is not None:
                self.decide(head.id, partial(decisions.wake, child=child))

    def awaited(self, parents: Sequence[Head]) -> list[tuple[Head, str | None]]:
        """Those of *parents* that wait for a child, each with its child's id where that has ended, or is gone."""
        waiting = {head.id: head.waits_for for head in parents if head.waits_for and head.state is JobState.SCHEDULED}
        living = {head.id for head in self.heads(list(waiting.values())) if not head.state.terminal}
        ended = {job_id: None if child in living else child for job_id, child in waiting.items()}
        return [(head, ended[head.id]) for head in parents if head.id in ended]

    def disown(self, children: Sequence[str]) -> None:
        """Their parent has ended: those that still live are cancelled."""
        for head in self.heads(children):
            if not head.state.terminal:
                self.cancel(head.id, by="parent", reason=ORPHANED)

    def file(self, head: Head) -> int | None:
        """Files the job by *head* and rings for those that were parked for a place which it has given up.

        Its position in the queue, where it waits in one.
        """
        filed = self.index.file(head)
        self._ring(filed.rings)
        return filed.position

    def _ring(self, queues: Sequence[str]) -> None:
        for queue in queues:
            self.doorbell.ring(queue)

    def delete(self, job_ids: Sequence[str]) -> None:
        """Removes jobs, their logs and their bookmarks; terminal ones only, the caller sees to that."""
        for job_id in job_ids:
            self.log.delete(job_id)
        self.index.forget(job_ids)
