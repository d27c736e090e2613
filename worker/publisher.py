"""From the job's calls to its log: a thread that gathers events, merges them and appends them in batches.

While it runs the job's thread only ever puts an event into a buffer; whether Redis is slow or away is the matter of
that of the :class:`Rounds`. What each append says of the job goes to the :class:`Watch`, which knows within moments
that the job is to end.
"""

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from jobs import events as ev
from jobs.errors import InvalidTransition, JobNotFound, LogUnavailable, RunLost
from jobs.model import Job
from jobs.writer import Decision, Writer
from worker.buffer import Buffer, Kept, Taken
from worker.graces import Leave
from worker.interrupt import whole
from worker.outcomes import RunOver
from worker.ports import Sink
from worker.rounds import IDLE_SECONDS, Rounds
from worker.watch import Told, Watch

#: A batch goes at once when it is this large.
GATHER_BYTES = 64 * 1024
#: One append takes at most so much.
BATCH_EVENTS, BATCH_BYTES = 500, 256 * 1024
#: Between two looks of whoever waits for room at whether the job is to go on at all.
_LOOK_SECONDS = 0.1
#: The longest wait between two tries while the log is away.
BACK_OFF_SECONDS = 1.0

log = logging.getLogger(__name__)

#: What is to be written now beside the job's own events, if anything.
Pulse = Callable[..., ev.AnyEvent | None]


class Publishing(Sink, Protocol):
    """A sink as the runner holds it, from ``start`` to ``close``."""

    def start(self, first: Sequence[ev.AnyEvent], told: Told) -> None: ...

    def close(self, ending: Decision) -> Job | None: ...


class Publisher:
    """Owns *writer* from ``start`` to ``close``; *leaving* tells when a worker that is to stop leaves its jobs.

    *upward* is given the job after each turn: what is to be told of it elsewhere. What is left at the end is written by
    the job's own thread, which has nothing else to do then.
    """

    def __init__(
        self,
        writer: Writer,
        *,
        run: int,
        pulse: Pulse = lambda **_: None,
        deadline_ms: int | None = None,
        leaving: Callable[[], Leave | None] = lambda: None,
        upward: Callable[[Job], None] = lambda _job: None,
        rounds: Rounds | None = None,
    ) -> None:
        self._rounds = rounds or Rounds()
        self._watch = Watch(writer, run, deadline_ms=deadline_ms, leaving=leaving)
        self.verdict = self._watch.verdict
        self._writer, self._run, self._pulse, self._upward = writer, run, pulse, upward
        writer.patience = self._hold
        self._buffer = Buffer()
        self._lock = threading.Lock()
        self._room = threading.Condition(self._lock)
        self._hurry, self._large = self._rounds.hurry, self._rounds.large
        #: Whether a turn was called for since the last one took what there was, and whether it is to come at once.
        self._called = self._pressed = False
        #: When the last batch went that was not just waited for, by the monotonic clock.
        self._hurried = 0.0
        self._broke_off = False
        self._unstored: list[Kept] = []

    # The job's thread -----------------------------------------------------------------------------------------

    def start(self, first: Sequence[ev.AnyEvent], told: Told) -> None:
        """Begins to publish, *first* before all else; *told* hears of each verdict, in the publisher's thread."""
        self._watch.told = told
        for event in first:
            self.emit(event, 200)
        self._rounds.begin(self._turn)

    @whole
    def emit(self, event: ev.AnyEvent, size: int) -> None:
        """Takes one event; waits only where the buffer is full, drops it once the run is over."""
        if self.verdict.found is RunOver:
            return
        buffer = self._buffer
        with self._lock:
            if buffer.full:
                self._wait_for_room()
            buffer.add(event, size)
        if type(event) is ev.StepProgressed:
            self.hurry()
        elif not self._called:
            self._called = True
            self._hurry.set()
        if buffer.bytes >= GATHER_BYTES and not self._pressed:
            self._pressed = True
            self._large.set()

    def hurry(self) -> None:
        if not self._called and time.monotonic() - self._hurried >= IDLE_SECONDS:
            self._called = True
            self._hurry.set()

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

    @property
    def deadline_ms(self) -> int | None:
        return self._watch.deadline_ms

    def extend(self, seconds: float) -> None:
        """More time for the run, where it has a limit at all."""
        extended = self._watch.extend(seconds)
        if extended is not None:
            self.emit(extended, 100)

    def close(self, ending: Decision) -> Job | None:
        """Writes what is left and what *ending* makes of the job, in one last append; the job as it is then.

        None where the job is no longer this run's: then nothing was written.
        """
        self._rounds.end()
        if self._broke_off:
            return None
        try:
            with self._mishaps():
                return self._finish(ending)
            return None
        finally:
            self._let_go()

    def _wait_for_room(self) -> None:
        self._large.set()
        self._hurry.set()
        while not self._buffer.roomy and self.verdict.found is None:
            self._room.wait(_LOOK_SECONDS)

    # The thread of the rounds ---------------------------------------------------------------------------------

    def _turn(self, hurried: bool) -> bool:
        with self._mishaps():
            if hurried:
                self._hurried = time.monotonic()
            self._publish()
            return True
        #: Whatever the job still tells is of a run that is over.
        self._broke_off = True
        self._watch.over()
        self._let_go()
        return False

    @contextmanager
    def _mishaps(self) -> Iterator[None]:
        """What ends the publishing, said once."""
        try:
            yield
        except (RunLost, JobNotFound, InvalidTransition) as error:
            log.warning("job %s: run %d is over: %s", self._writer.job_id, self._run, error)
        except Exception:
            log.exception("job %s: run %d can no longer be published", self._writer.job_id, self._run)

    def _publish(self) -> None:
        taken = self._take()
        pulse = self._pulse()
        if pulse is not None:
            taken.events.append(pulse)
        if taken.events or taken.kept:
            self._watch.see(self._store(taken))
        else:
            self._watch.look()
        self._watch.tick()
        self._upward(self._writer.job)

    def _take(self) -> Taken:
        with self._lock:
            taken = self._buffer.take(BATCH_EVENTS, BATCH_BYTES)
            self._called = self._pressed = bool(self._buffer)
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

    # Either ---------------------------------------------------------------------------------------------------

    def _finish(self, ending: Decision) -> Job | None:
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
        return job if job.run == self._run else None

    def _hold(self, error: LogUnavailable, tries: int) -> None:
        """The log is away: the job goes on, its events are held, the append is tried again."""
        if tries == 1:
            log.warning("job %s: its events are held: %s", self._writer.job_id, error)
        with self._lock:
            self._buffer.widen()
            self._room.notify_all()
        self._watch.tick()
        time.sleep(min(BACK_OFF_SECONDS, 0.02 * 2 ** min(tries, 10)) * random.uniform(0.5, 1))  # noqa: S311 - no secret

    def _let_go(self) -> None:
        """Of whoever waits for what will not be stored any more."""
        with self._lock:
            for kept in self._unstored:
                kept.stored.set()
            self._room.notify_all()
