"""From the job's calls to its log: a thread that gathers events, merges them and appends them in batches.

The job's thread only ever puts an event into a buffer; whether Redis is slow or away is this thread's matter. It
also learns here, within moments, that somebody wishes the job's end, that its time is over or that it has been lost.
"""

import logging
import random
import threading
import time
from collections.abc import Callable, Sequence

from jobs import events as ev
from jobs.clock import from_rfc3339, rfc3339
from jobs.errors import InvalidTransition, JobNotFound, LogUnavailable, RunLost
from jobs.head import decode_head
from jobs.model import HELD, Job, JobState
from jobs.writer import Decision, Writer
from worker import graces
from worker.buffer import Buffer, Kept, Taken
from worker.graces import Leave
from worker.interrupt import whole
from worker.outcomes import Cancelled, Released, RunOver, TimedOut
from worker.verdict import Verdict

#: How long the first event of a batch waits for company.
GATHER_SECONDS = 0.005
#: A batch goes at once when it is this large.
GATHER_BYTES = 64 * 1024
#: Progress alone does not hurry: it goes this often.
IDLE_SECONDS = 0.05
#: The job's head is read when nothing was appended for so long: a cancel is seen in twice that at most.
LOOK_SECONDS = 0.1
#: One append takes at most so much.
BATCH_EVENTS, BATCH_BYTES = 500, 256 * 1024
#: The longest wait between two tries while the log is away.
BACK_OFF_SECONDS = 1.0

log = logging.getLogger(__name__)

#: What is to be written now beside the job's own events, if anything.
Pulse = Callable[..., ev.AnyEvent | None]
#: Hears of each verdict, with the seconds that the job is given.
Told = Callable[[type[Cancelled], float], None]


class Publisher:
    """Owns *writer* from ``start`` to ``close``; *leaving* tells when a worker that is to stop leaves its jobs."""

    def __init__(
        self,
        writer: Writer,
        *,
        run: int,
        pulse: Pulse = lambda **_: None,
        deadline_ms: int | None = None,
        leaving: Callable[[], Leave | None] = lambda: None,
    ) -> None:
        self.verdict = Verdict()
        self.deadline_ms = deadline_ms
        self.told: Told = lambda _verdict, _grace: None
        self._writer, self._run, self._pulse, self._leaving = writer, run, pulse, leaving
        writer.patience = self._hold
        self._buffer = Buffer()
        self._lock = threading.Lock()
        self._room = threading.Condition(self._lock)
        self._hurry, self._large = threading.Event(), threading.Event()
        self._ending: Decision | None = None
        self._looked_at = 0.0
        self._job: Job | None = None
        self._unstored: list[Kept] = []
        self._thread = threading.Thread(target=self._work, name="publisher", daemon=True)

    # The job's thread -----------------------------------------------------------------------------------------

    def start(self, first: Sequence[ev.AnyEvent] = ()) -> None:
        """Begins to publish, *first* before all else."""
        for event in first:
            self.emit(event, 200)
        self._thread.start()

    @whole
    def emit(self, event: ev.AnyEvent, size: int) -> None:
        """Takes one event; waits only where the buffer is full, drops it once the run is over."""
        if self.verdict.over:
            return
        with self._lock:
            if self._buffer.full:
                self._wait_for_room()
            self._buffer.add(event, size)
        if not isinstance(event, ev.StepProgressed) and not self._hurry.is_set():
            self._hurry.set()
        if self._buffer.bytes >= GATHER_BYTES and not self._large.is_set():
            self._large.set()

    @whole
    def keep(self, name: str, value: bytes, event: ev.AnyEvent | None = None) -> Callable[[float], bool]:
        """Takes what a later run is to find; it hurries, for whoever keeps something waits until it is stored."""
        kept = Kept(name, value, event)
        with self._lock:
            if self.verdict.over:
                kept.stored.set()
                return kept.stored.wait
            self._buffer.keep(kept)
            self._unstored.append(kept)
        self._large.set()
        self._hurry.set()
        return kept.stored.wait

    def extend(self, seconds: float) -> None:
        """More time for the run, where it has a limit at all."""
        if self.deadline_ms is not None:
            self.deadline_ms += round(seconds * 1000)
            self.emit(ev.JobExtended(deadline=rfc3339(self.deadline_ms)), 100)

    def close(self, ending: Decision) -> Job | None:
        """Writes what is left and what *ending* makes of the job, in one last append; the job as it is then.

        None where the job is no longer this run's: then nothing was written.
        """
        self._ending = ending
        self._hurry.set()
        self._large.set()
        self._thread.join()
        return self._job

    def _wait_for_room(self) -> None:
        self._large.set()
        self._hurry.set()
        while not self._buffer.roomy and self.verdict.found is None:
            self._room.wait()

    # The publisher's own thread -------------------------------------------------------------------------------

    def _work(self) -> None:
        try:
            while self._ending is None:
                self._turn()
            self._finish(self._ending)
        except (RunLost, JobNotFound, InvalidTransition) as error:
            log.warning("job %s: run %d is over: %s", self._writer.job_id, self._run, error)
        except Exception:
            log.exception("job %s: run %d can no longer be published", self._writer.job_id, self._run)
        finally:
            self._give_up()

    def _turn(self) -> None:
        if self._hurry.wait(IDLE_SECONDS):
            self._large.wait(GATHER_SECONDS)
        if self._ending is not None:
            return
        self._hurry.clear()
        self._large.clear()
        taken = self._take()
        pulse = self._pulse()
        if pulse is not None:
            taken.events.append(pulse)
        if taken.events or taken.kept:
            self._see(self._store(taken))
        elif time.monotonic() - self._looked_at >= LOOK_SECONDS:
            self._look()
        self._watch_the_clock()

    def _take(self) -> Taken:
        with self._lock:
            taken = self._buffer.take(BATCH_EVENTS, BATCH_BYTES)
            if self._buffer:
                self._hurry.set()
                self._large.set()
            self._room.notify_all()
        return taken

    def _store(self, taken: Taken) -> Job:
        job = self._writer.write(taken.events, {kept.name: kept.value for kept in taken.kept})
        self._stored(taken)
        return job

    def _stored(self, taken: Taken) -> None:
        for kept in taken.kept:
            kept.stored.set()
            self._unstored.remove(kept)

    def _finish(self, ending: Decision) -> None:
        taken = self._take()
        while len(self._buffer):
            self._store(taken)
            taken = self._take()
        pulse = self._pulse(force=True)
        if pulse is not None:
            taken.events.append(pulse)
        kept = {each.name: each.value for each in taken.kept}
        job = self._writer.decide(lambda job: [*taken.events, *ending(job)], kept)
        self._stored(taken)
        if job.run == self._run:
            self._job = job

    # Verdicts -------------------------------------------------------------------------------------------------

    def _give(self, verdict: type[Cancelled], grace_seconds: float) -> None:
        if self.verdict.give(verdict):
            with self._lock:
                self._room.notify_all()
            self.told(verdict, grace_seconds)

    def _see(self, job: Job) -> None:
        self._looked_at = time.monotonic()
        if job.state is JobState.CANCELLING and job.cancel is not None and job.cancel.deadline is not None:
            self._give(Cancelled, self._left(from_rfc3339(job.cancel.deadline)))

    def _look(self) -> None:
        """What the job's head says, now that no append has said it."""
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

    def _watch_the_clock(self) -> None:
        if self.deadline_ms is not None and self._left(self.deadline_ms) < 0:
            self._give(TimedOut, graces.TIMEOUT_SECONDS)
        leave = self._leaving()
        if leave is not None and self._left(leave.told_ms) <= 0:
            self._give(Released, self._left(leave.until_ms))

    def _left(self, until_ms: int) -> float:
        return (until_ms - self._writer.clock()) / 1000

    def _hold(self, error: LogUnavailable, tries: int) -> None:
        """The log is away: the job goes on, its events are held, the append is tried again."""
        if tries == 1:
            log.warning("job %s: its events are held: %s", self._writer.job_id, error)
        self._watch_the_clock()
        time.sleep(min(BACK_OFF_SECONDS, 0.02 * 2 ** min(tries, 10)) * random.uniform(0.5, 1))  # noqa: S311 - no secret

    def _give_up(self) -> None:
        """Lets go of whoever waits: where the job was not ended here, it is over for this run."""
        if self._ending is None:
            self._give(RunOver, graces.FOREIGN_SECONDS)
        with self._lock:
            for kept in self._unstored:
                kept.stored.set()
            self._room.notify_all()
