"""One run of one job, from its claim to the one way out that it takes.

returned          → job.succeeded
JobFailed         → job.failed, or another attempt where it is retryable
Retry             → another attempt, or job.failed where none is left
Cancelled         → job.cancelled (cooperative)        TimedOut → job.failed: timeout
MemoryError       → job.failed: memory
params do not fit → job.failed: invalid                result no small JSON → job.failed: invalid_result
anything else     → job.failed: error, told as a type, a step and a reference
RunOver           → nothing: the job is another's by now
"""

import logging
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jobs import events as ev
from jobs.clock import Clock
from jobs.eventlog import EventLog
from jobs.model import Job
from jobs.writer import Decision, Writer
from worker import endings
from worker.blame import Blame
from worker.context import Context
from worker.fraction import Fraction
from worker.job import JobType
from worker.ports import Files
from worker.publisher import Publisher

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Runner:
    """Runs jobs that were claimed."""

    eventlog: EventLog
    clock: Clock
    #: Ends the processes that a job began and left behind when it did not return.
    sweep: Callable[[], None] = lambda: None

    def run(self, kind: JobType, job: Job, files: Files, workdir: Path) -> Job | None:
        """Runs *job*; the job as it is at its end, or None where it is no longer this run's.

        *workdir* is an empty folder of its own, and gone before the job's last event is written.
        """
        fraction, blame, deadline = Fraction(kind.steps), Blame(job.id), _deadline(job)
        writer = Writer(self.eventlog, job.id, self.clock, job=job, run=job.run)
        publisher = Publisher(writer, run=job.run, pulse=fraction.due, deadline=deadline)
        ctx = Context(
            job.id,
            attempt=job.attempt,
            sink=publisher,
            files=files,
            workdir=workdir,
            fraction=fraction,
            blame=blame,
            deadline=deadline,
        )
        publisher.start(_resets(job))
        try:
            ending = self._ending(kind, ctx, job.request.params, blame)
        finally:
            shutil.rmtree(workdir, ignore_errors=True)
        return publisher.close(ending)

    def _ending(self, kind: JobType, ctx: Context, params: dict[str, Any], blame: Blame) -> Decision:
        """The one way out."""
        try:
            return _call(kind, ctx, params)
        except BaseException as error:  # noqa: BLE001 - SystemExit and KeyboardInterrupt of an author are ends too
            failure = blame.failure(error)
            ending = endings.raised(error, failure)
            self._clear_up(ctx, failure)
            blame.forget()
            return ending

    def _clear_up(self, ctx: Context, failure: ev.Failure) -> None:
        try:
            self.sweep()
            ctx.close(failure)
        except Exception:
            log.exception("job %s: clearing up failed", ctx.job_id)


def _call(kind: JobType, ctx: Context, params: dict[str, Any]) -> Decision:
    """Stands between the ``try`` and the author's frame.

    CPython 3.11 and 3.12 skip the ``except`` of a frame whose tight loop an exception is raised into.
    """
    ending = endings.returned(kind.run(ctx, kind.read(params)))
    ctx.close()
    return ending


def _resets(job: Job) -> Sequence[ev.AnyEvent]:
    """What an earlier run had written is taken back: this one begins anew."""
    begun = [output.name for output in job.outputs.values() if output.length or output.done]
    return [ev.OutputReset(name=name, reason=f"attempt {job.attempt} starts over") for name in begun]


def _deadline(job: Job) -> datetime | None:
    return None if job.deadline is None else datetime.fromisoformat(job.deadline).astimezone(UTC)
