"""One run of one job, from its claim to the one way out that it takes.

returned          → job.succeeded
JobFailed         → job.failed, or another attempt where it is retryable
Retry             → another attempt, or job.failed where none is left
Cancelled         → job.cancelled (cooperative, or interrupted)
TimedOut          → job.failed: timeout                Released → job.released, the same attempt goes on elsewhere
MemoryError       → job.failed: memory
params do not fit → job.failed: invalid                result no small JSON → job.failed: invalid_result
Suspended         → job.scheduled, the same attempt goes on once a child has ended
anything else     → job.failed: error, told as a type, a step and a reference
RunOver           → nothing: the job is another's by now
"""

import logging
from collections.abc import Callable, Sequence
from contextvars import copy_context
from dataclasses import dataclass
from pathlib import Path

from jobs import events as ev
from jobs.clock import Clock, from_rfc3339
from jobs.eventlog import EventLog
from jobs.model import Job
from jobs.writer import Decision, Writer
from worker import endings
from worker.around import around
from worker.blame import Blame
from worker.context import Context
from worker.driving import drive
from worker.fraction import Fraction
from worker.graces import Leave
from worker.interrupt import Interrupter, here
from worker.job_type import JobType
from worker.ladder import Ladder
from worker.local import cleared
from worker.outcomes import Suspended
from worker.ports import Children, Files
from worker.publisher import Publisher, Publishing

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Runner:
    """Runs jobs that were claimed."""

    eventlog: EventLog
    clock: Clock
    #: Ends the processes that a job began and left behind when it did not return.
    sweep: Callable[[], None] = lambda: None
    #: When this worker leaves its jobs, once it is told to stop.
    leaving: Callable[[], Leave | None] = lambda: None
    #: Where the job's children are begun and found; None where there is no service to run them.
    children: Children | None = None
    #: How far the service has had to cut down, 0 to 4.
    load: Callable[[], int] = lambda: 0
    #: What can raise into the thread that runs the job.
    interrupter: Callable[[], Interrupter] = here
    #: What takes the run's events to the log, what words its errors, and what adds up how far it is.
    publisher: Callable[..., Publishing] = Publisher
    blame: Callable[[str], Blame] = Blame
    fraction: Callable[[Sequence[ev.StepPlan]], Fraction] = Fraction

    def run(self, kind: JobType, job: Job, files: Files, workdir: Path) -> Job | None:
        """Runs *job*; the job as it is at its end, or None where it is no longer this run's.

        *workdir* is where the job's folder is made, should it ask for one; it is gone before the last event is written.
        """
        fraction, blame = self.fraction(kind.steps), self.blame(job.id)
        fraction.resume(job.progress.fraction, job.progress.message)
        writer = Writer(self.eventlog, job.id, self.clock, job=job, run=job.run)
        publisher = self.publisher(
            writer, run=job.run, pulse=fraction.due, deadline_ms=_deadline_ms(job), leaving=self.leaving
        )
        ctx = Context(
            job.id,
            attempt=job.attempt,
            sink=publisher,
            files=files,
            workdir=workdir,
            fraction=fraction,
            blame=blame,
            earlier=writer.kept() if _begun_before(job) else None,
            load=self.load,
            children=self.children,
        )
        try:
            with self.interrupter() as interrupter, around(kind, ctx):
                run = _Run(
                    kind=kind, job=job, ctx=ctx, publisher=publisher, blame=blame, sweep=self.sweep, clock=self.clock
                )
                ending = run.ending(interrupter)
        finally:
            cleared(workdir)
        return publisher.close(ending)


@dataclass(frozen=True, kw_only=True)
class _Run:
    """From the first event to the one way out."""

    kind: JobType
    job: Job
    ctx: Context
    publisher: Publishing
    blame: Blame
    sweep: Callable[[], None]
    clock: Clock

    def ending(self, interrupter: Interrupter) -> Decision:
        verdict = self.publisher.verdict
        ladder = Ladder(interrupter, lambda event: self.publisher.emit(event, 100), lambda: verdict.shields > 0)
        self.publisher.start(_resets(self.job), ladder.climb)
        try:
            return self._call(ladder)
        except BaseException as error:  # noqa: BLE001 - SystemExit and KeyboardInterrupt of an author are ends too
            ladder.stop()
            return self._raised(error)

    def _call(self, ladder: Ladder) -> Decision:
        """Stands between the ``try`` and the author's frame.

        CPython 3.11 and 3.12 skip the ``except`` of a frame whose tight loop an exception is raised into.
        """
        params = self.kind.read(self.job.request.params)
        verdict, own = self.publisher.verdict, copy_context()
        #: In a context of its own: a step that was never left, as after an interrupt, is not the next job's.
        result = own.run(drive, self.kind, self.ctx, params, verdict=verdict, waker=ladder.on_wake)
        ladder.stop()
        ending = endings.returned(result)
        self.ctx.close()
        return ending

    def _raised(self, error: BaseException) -> Decision:
        failure = self.blame.failure(error)
        ending = endings.raised(error, failure, self.kind, self.clock)
        self._clear_up(failure, suspended=isinstance(endings.verdict_behind(error), Suspended))
        self.blame.forget()
        return ending

    def _clear_up(self, failure: ev.Failure, *, suspended: bool) -> None:
        try:
            self.sweep()
            self.ctx.close(failure, suspended=suspended)
        except Exception:
            log.exception("job %s: clearing up failed", self.ctx.job_id)


def _resets(job: Job) -> Sequence[ev.AnyEvent]:
    """What an earlier run had written is taken back: this one begins anew."""
    begun = [output.name for output in job.outputs.values() if output.length or output.done]
    return [ev.OutputReset(name=name, reason=f"attempt {job.attempt} starts over") for name in begun]


def _begun_before(job: Job) -> bool:
    return job.started_at != job.run_started_at


def _deadline_ms(job: Job) -> int | None:
    return None if job.deadline is None else from_rfc3339(job.deadline)
