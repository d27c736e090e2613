"""One run in memory: each event is written at once, by the job's own thread, and what is due happens there too."""

import inspect
import threading
from collections.abc import Callable, Mapping, Sequence

from jobs import decisions
from jobs import events as ev
from jobs.model import Job
from jobs.writer import Decision, Writer
from worker import graces
from worker.graces import Leave
from worker.interrupt import open_to_it, whole
from worker.kit.clockwork import Clock
from worker.kit.cues import Cues, Wish
from worker.ladder import INTERRUPT_SECONDS
from worker.outcomes import Cancelled, Released, RunOver, TimedOut
from worker.watch import Told, Watch

_NOTHING: Mapping[str, bytes] = {}


class Stage:
    """Stands in for the publisher, the warden and the sweep; the clock is *clock*, what happens is in *cues*."""

    def __init__(
        self,
        writer: Writer,
        *,
        run: int,
        pulse: Callable[..., ev.AnyEvent | None],
        deadline_ms: int | None,
        leaving: Callable[[], Leave | None],  # noqa: ARG002 - a release is a cue here
        clock: Clock,
        cues: Cues,
        grace_seconds: float,
    ) -> None:
        self._watch = Watch(writer, run, deadline_ms=deadline_ms, leaving=lambda: self._leave)
        self.verdict = self._watch.verdict
        self._writer, self._pulse, self._clock, self._cues = writer, pulse, clock, cues
        self._grace_seconds = grace_seconds
        self._leave: Leave | None = None
        #: When the job is interrupted, and when it is killed, once it has been told to end.
        self._interrupt_ms: int | None = None
        self._kill_ms: int | None = None
        self._climb: Told = lambda _verdict, _grace: None
        self._lock = threading.RLock()

    # What the runner and the context ask for -------------------------------------------------------------------

    def start(self, first: Sequence[ev.AnyEvent], told: Told) -> None:
        self._climb, self._watch.told = told, self._tell
        for event in first:
            self.emit(event, 0)
        with self._lock:
            self._act()

    @whole
    def emit(self, event: ev.AnyEvent, size: int) -> None:  # noqa: ARG002 - nothing waits here
        """RunOver at once where the worker dies of it: neither the job nor its ``finally`` writes on."""
        with self._lock:
            if not self.verdict.over:
                self._write([event])

    def hurry(self) -> None:
        """What the whole job's progress says is told with what comes: no clock runs here by itself."""

    @whole
    def keep(self, name: str, value: bytes, event: ev.AnyEvent | None = None) -> Callable[[float], bool]:
        with self._lock:
            if not self.verdict.over:
                self._write([] if event is None else [event], {name: value})
        return lambda _seconds: True

    @property
    def deadline_ms(self) -> int | None:
        return self._watch.deadline_ms

    def extend(self, seconds: float) -> None:
        extended = self._watch.extend(seconds)
        if extended is not None:
            self.emit(extended, 0)

    def close(self, ending: Decision) -> Job | None:
        with self._lock:
            if self.verdict.over:
                return None
            pulse = self._pulse(force=True)
            last = [] if pulse is None else [pulse]
            return self._writer.decide(lambda job: [*last, *ending(job)])

    @whole
    def beat(self, *, force: bool = False) -> None:
        """Tells how far the whole job is, where that is due, or with *force* where it has moved."""
        with self._lock:
            pulse = None if self.verdict.over else self._pulse(force=force)
            if pulse is not None:
                self._write([pulse])

    # What happens meanwhile --------------------------------------------------------------------------------------

    def _write(self, events: Sequence[ev.AnyEvent], kept: Mapping[str, bytes] = _NOTHING) -> None:
        self._writer.write(events, kept)
        self._clock.tick(len(events))
        self._act()
        self.look()

    def _act(self) -> None:
        for wish in self._cues.due(tuple(Wish)):
            now = self._clock()
            match wish:
                case Wish.CANCEL:
                    self._cancel(now)
                case Wish.RELEASE:
                    self._leave = Leave(now, now + round(graces.SAVE_SECONDS * 1000))
                    self._watch.tick()
                case Wish.CRASH:
                    self._end(lambda job: decisions.lose(job, since_ms=self._clock()))

    def _cancel(self, now: int) -> None:
        grace = self._grace_seconds
        wish: Decision = lambda job: decisions.cancel(job, now_ms=now, grace_seconds=grace, reason=None, by=None)  # noqa: E731 - as decisions are
        self._watch.see(self._writer.decide(wish))

    def _tell(self, verdict: type[Cancelled], grace_seconds: float) -> None:
        now = self._clock()
        self._interrupt_ms = now + round(min(INTERRUPT_SECONDS, grace_seconds / 2) * 1000)
        self._kill_ms = now + round(grace_seconds * 1000)
        self._climb(verdict, grace_seconds)

    # What the clock brings ---------------------------------------------------------------------------------------

    def due_ms(self) -> int | None:
        if self.verdict.over:
            return None
        if self.verdict.found is None:
            return None if self.deadline_ms is None else self.deadline_ms + 1
        early = self._interrupt_ms is not None and self._clock() < self._interrupt_ms
        return self._interrupt_ms if early else self._kill_ms

    def look(self) -> None:
        """Everything that the time has come for: the verdict, the interrupting rung, the kill."""
        with self._lock:
            if self.verdict.over:
                return
            self._watch.tick()
            now = self._clock()
            if self._kill_ms is not None and now >= self._kill_ms:
                self._end(self._killed)
            self.beat()
            if self._interrupt_ms is not None and now >= self._interrupt_ms:
                self._interrupt()

    def _interrupt(self) -> None:
        """As a signal would: where the author's code stands, or not yet."""
        verdict = self.verdict.found
        if verdict is None or self.verdict.shields or not open_to_it(inspect.currentframe()):
            return
        self._interrupt_ms = None
        if verdict is not Released:
            self.emit(ev.CancelEscalated(rung="interrupted"), 0)
        raise verdict(interrupted=True)

    def _killed(self, job: Job) -> decisions.Events:
        if self.verdict.found is Released:
            return decisions.release(job, run=job.run)
        return decisions.kill(job, run=job.run, error=decisions.TIMEOUT if self.verdict.found is TimedOut else None)

    def _end(self, decision: Decision) -> None:
        """The process is gone, and *decision* is what others make of that."""
        self._writer.decide(decision)
        self.verdict.give(RunOver)
        raise RunOver
