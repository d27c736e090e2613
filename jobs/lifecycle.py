"""Every move of a job from one state to the next: one append to its log, then the bookmarks that follow from it."""

from collections.abc import Sequence

from jobs import decisions
from jobs import events as ev
from jobs.catalogue import TypeEntry
from jobs.clock import Clock
from jobs.doorbell import Doorbell
from jobs.errors import JobNotFound
from jobs.eventlog import EventLog
from jobs.head import Head, decode_head, head_of
from jobs.index import Index
from jobs.model import Job, JobState
from jobs.writer import Decision, Writer, load

#: Waiting jobs that a claim looks at before it leaves the queue to others.
CLAIM_DEPTH = 1000
_CLAIM_PAGE = 50


class Lifecycle:
    """The verbs of both tiers. Each may raise LogUnavailable; those on one job JobNotFound."""

    def __init__(self, eventlog: EventLog, index: Index, doorbell: Doorbell, clock: Clock) -> None:
        self.log, self.index, self.doorbell, self.clock = eventlog, index, doorbell, clock

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
        """Stores the job and rings; when this returns, the job is accepted. The same id twice is one job."""
        until = self.clock() + round(delay_seconds * 1000) if delay_seconds else None
        #: What cannot be stored is refused here, before anybody hears of the job.
        first = decisions.submit(request, until_ms=until)
        self.index.announce(job_id)
        return self.settle(Writer(self.log, job_id, self.clock).create(first))

    def cancel(
        self, job_id: str, *, grace_seconds: float = 5.0, reason: str | None = None, by: str | None = None
    ) -> Job:
        """Writes the wish; a waiting job ends at once, a running one is seen to by its worker."""
        return self.decide(
            job_id,
            lambda job: decisions.cancel(job, now_ms=self.clock(), grace_seconds=grace_seconds, reason=reason, by=by),
        )

    def claim(self, queue: str, types: dict[str, TypeEntry], worker: str) -> Job | None:
        """The first waiting job that this worker carries, now running under its lease; None where there is none."""
        for start in range(0, CLAIM_DEPTH, _CLAIM_PAGE):
            ids = self.index.waiting(queue, start, start + _CLAIM_PAGE - 1)
            for head in self.heads(ids):
                job = self._start(head, types[head.type], worker) if head.type in types else None
                if job is not None:
                    return job
            if len(ids) < _CLAIM_PAGE:
                break
        return None

    def _start(self, head: Head, kind: TypeEntry, worker: str) -> Job | None:
        if head.expires is not None and head.expires <= self.clock() and head.attempt == 0:
            self.decide(head.id, decisions.expire)
            return None
        if head.state is not JobState.QUEUED:
            self.index.file(head)
            return None
        #: The lease comes first: a crash between the two leaves a lease that runs out, never a run without one.
        self.index.lease([head.id])
        begun: decisions.Events = ()

        def start(job: Job) -> decisions.Events:
            nonlocal begun
            begun = decisions.start(job, worker=worker, steps=kind.steps)
            return begun

        #: The job is ours where the last decision had an event to store; its worker's name alone would not tell,
        #: children of one worker share it.
        job = self.decide(head.id, start)
        return job if begun else None

    def lose(self, job_id: str, *, run: int | None = None) -> Job:
        """The worker that held the job is gone: the next attempt, or the end."""
        return self.decide(job_id, lambda job: decisions.lose(job, since_ms=self.clock(), run=run))

    def decide(self, job_id: str, decision: Decision) -> Job:
        """Appends what *decision* makes of the job and files the outcome."""
        return self.settle(Writer(self.log, job_id, self.clock).decide(decision))

    def settle(self, job: Job) -> Job:
        """Files the job as it is now and rings where it waits for a worker."""
        head = head_of(job)
        self.index.file(head)
        if head.state is JobState.QUEUED:
            self.doorbell.ring(head.queue)
        return job

    def delete(self, job_ids: Sequence[str]) -> None:
        """Removes jobs, their logs and their bookmarks; terminal ones only, the caller sees to that."""
        for job_id in job_ids:
            self.log.delete(job_id)
        self.index.forget(job_ids)
