"""Why a job is to end: somebody wished it, its time is over, its worker has to go, or it is another run's by now."""

import time
from collections.abc import Callable

from jobs.clock import from_rfc3339, rfc3339
from jobs.errors import LogUnavailable, RunLost
from jobs.events import JobExtended
from jobs.head import decode_head
from jobs.model import HELD, Job, JobState
from jobs.writer import Writer
from worker import graces
from worker.graces import Leave
from worker.outcomes import Cancelled, Released, RunOver, TimedOut
from worker.verdict import Verdict

#: The job's head is read when nothing was appended for so long: a cancel is seen in twice that at most.
LOOK_SECONDS = 0.1

#: Hears of each verdict, with the seconds that the job is given.
Told = Callable[[type[Cancelled], float], None]


class Watch:
    """Gives the verdict on one run; it lives in the publisher's thread, for which every append is a look."""

    def __init__(
        self, writer: Writer, run: int, *, deadline_ms: int | None, leaving: Callable[[], Leave | None]
    ) -> None:
        self.verdict = Verdict()
        self.deadline_ms = deadline_ms
        self.told: Told = lambda _verdict, _grace: None
        self._writer, self._run, self._leaving = writer, run, leaving
        #: The run begins with the job as its claim has just stored it.
        self._looked_at = time.monotonic()

    def see(self, job: Job) -> None:
        """What the last append has said."""
        self._looked_at = time.monotonic()
        if job.state is JobState.CANCELLING and job.cancel is not None and job.cancel.deadline is not None:
            self._give(Cancelled, self._left(from_rfc3339(job.cancel.deadline)))

    def look(self) -> None:
        """What the job's head says, where no append has said it for a while; RunLost where it is another's."""
        if time.monotonic() - self._looked_at < LOOK_SECONDS:
            return
        try:
            found = self._writer.log.heads([self._writer.job_id])[0]
        except LogUnavailable:
            return
        self._looked_at = time.monotonic()
        head = decode_head(found) if found is not None else None
        if head is None or head.run != self._run or head.state not in HELD:
            raise RunLost(job_id=self._writer.job_id, run=self._run)
        if head.state is JobState.CANCELLING and head.cancel_deadline is not None:
            self._give(Cancelled, self._left(head.cancel_deadline))

    def tick(self) -> None:
        """What the clock says; it needs no log."""
        if self.deadline_ms is not None and self._left(self.deadline_ms) < 0:
            self._give(TimedOut, graces.TIMEOUT_SECONDS)
        leave = self._leaving()
        if leave is not None and self._left(leave.told_ms) <= 0:
            self._give(Released, self._left(leave.until_ms))

    def extend(self, seconds: float) -> JobExtended | None:
        """More time for the run, and the event that tells of it; None where it has no limit."""
        if self.deadline_ms is None:
            return None
        self.deadline_ms += round(seconds * 1000)
        return JobExtended(deadline=rfc3339(self.deadline_ms))

    def over(self) -> None:
        """The job is no longer this run's."""
        self._give(RunOver, graces.FOREIGN_SECONDS)

    def _give(self, verdict: type[Cancelled], grace_seconds: float) -> None:
        if self.verdict.give(verdict):
            self.told(verdict, grace_seconds)

    def _left(self, until_ms: int) -> float:
        return (until_ms - self._writer.clock()) / 1000
