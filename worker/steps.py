"""The named parts of a job: begun, advanced and ended, each of which is an event."""

from asyncio import CancelledError
from collections.abc import Iterable, Iterator, Sized
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Self, SupportsFloat, TypeVar

from jobs import events as ev
from worker import plain
from worker.blame import Blame
from worker.fraction import Fraction
from worker.interrupt import whole
from worker.outcomes import Suspended
from worker.ports import Sink, check, tell

T = TypeVar("T")

#: Seconds between two events of one ``track`` at least; in between a row costs two comparisons.
TRACK_SECONDS = 0.05
#: What a progress event weighs on its way, in bytes.
_PROGRESS_BYTES = 160

#: The step that the code running now stands in; a new thread stands in none.
_current: ContextVar["Step | None"] = ContextVar("step", default=None)


def standing_in() -> "Step | None":
    """The step that the code running now stands in."""
    return _current.get()


class Step:
    """One step, open between ``with`` and its end; made by :meth:`Context.step`."""

    def __init__(
        self,
        name: str,
        *,
        sink: Sink,
        fraction: Fraction,
        blame: Blame,
        title: str | None,
        weight: float | None,
        among: set["Step"],
    ) -> None:
        self.name, self.title, self.weight = plain.name(name), title and plain.text(title, plain.NAME), weight
        self._sink, self._fraction, self._blame = sink, fraction, blame
        #: The steps that are open now.
        self._among = among
        self._done: float | None = None
        self._total: float | None = None
        self._unit: str | None = None
        self._part: float | None = None
        self._summary: str | None = None
        self._skipped: str | None = None
        self._began = 0.0
        self._took: float | None = None
        self._token: Token[Step | None] | None = None

    def __enter__(self) -> Self:
        check(self._sink)
        self._begin()
        return self

    @whole
    def _begin(self) -> None:
        self.open()
        self._token = _current.set(self)

    @whole
    def open(self) -> None:
        """Begins the step without standing in it: what is begun next is not inside it."""
        outer = _current.get()
        parent = outer.name if outer is not None else None
        tell(self._sink, ev.StepStarted(name=self.name, title=self.title, parent=parent, weight=self.weight))
        self._fraction.set(self.name, 0.0)
        self._began = self._fraction.clock()
        self._among.add(self)

    @whole
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        if self._token is not None:
            _current.reset(self._token)
        self.end(error)

    def end(self, error: BaseException | None = None) -> None:
        """Ends the step, as failed where there is an *error*; one whose job goes on after a child stays open."""
        if isinstance(error, Suspended):
            self._among.discard(self)
            return
        self.close(None if error is None else self._blame.failure(self._why(error), self.name))

    def _why(self, error: BaseException) -> BaseException:
        """A task that is cancelled because the job is to end fails for that, not for a fault of its own."""
        found = self._sink.verdict.found
        return found() if found is not None and isinstance(error, CancelledError) else error

    @whole
    def close(self, failure: ev.Failure | None = None) -> None:
        """Ends the step, as failed where there is a *failure*; once and for all."""
        if self in self._among:
            self._among.discard(self)
            tell(self._sink, self._end(failure))

    def succeeded(self) -> ev.StepSucceeded:
        """Ends the step well; its event is the caller's to write, at one with what the step has made."""
        self._among.discard(self)
        self._fraction.set(self.name, 1.0)
        seconds = self.seconds if self._took is None else self._took
        return ev.StepSucceeded(name=self.name, seconds=seconds, summary=self._summary)

    def _end(self, failure: ev.Failure | None) -> ev.StepFailed | ev.StepSkipped | ev.StepSucceeded:
        if failure is not None:
            return ev.StepFailed(name=self.name, error=failure)
        if self._skipped is not None:
            self._fraction.set(self.name, 1.0)
            return ev.StepSkipped(name=self.name, reason=self._skipped)
        return self.succeeded()

    def progress(
        self,
        done: SupportsFloat | None = None,
        total: SupportsFloat | None = None,
        *,
        unit: str | None = None,
        message: str | None = None,
        fraction: SupportsFloat | None = None,
    ) -> None:
        """The step is at *done* of *total* units (or at *fraction*, 0 to 1); a cancel point.

        What is not given stays as it was. Call it as often as you like: what comes too fast is merged.
        """
        check(self._sink)
        if done is not None:
            self._done = plain.maybe(done)
        if total is not None:
            self._total = plain.maybe(total)
        if unit is not None:
            self._unit = plain.text(unit, 40)
        self._advance(None if fraction is None else plain.maybe(fraction), message)

    def track(
        self, rows: Iterable[T], *, unit: str | None = None, total: int | None = None, message: str | None = None
    ) -> Iterator[T]:
        """Gives *rows* on, one by one, and counts them as progress; every row is a cancel point.

        *total* is their number where they do not know it themselves.
        """
        count = total if total is not None or not isinstance(rows, Sized) else len(rows)
        self.progress(0, count, unit=unit, message=message)
        verdict, clock, done, due = self._sink.verdict, self._fraction.clock, 0, 0.0
        try:
            for row in rows:
                if verdict.open is not None:
                    raise verdict.open
                yield row
                done += 1
                now = clock()
                if now >= due:
                    self._done, due = done, now + TRACK_SECONDS
                    self._advance(None, None)
        finally:
            self._done = done
            self._advance(None, None)

    @property
    def seconds(self) -> float:
        """How long it has been open."""
        return round(self._fraction.clock() - self._began, 3)

    def took(self, seconds: SupportsFloat) -> None:
        """The work was an earlier run's, or part of it, and took so long: that is told when the step succeeds."""
        self._took = plain.number(seconds)

    def summary(self, text: str) -> None:
        """One sentence on what the step found; it is told when the step succeeds."""
        self._summary = plain.text(text)

    def skip(self, reason: str) -> None:
        """The step turns out not to be needed: at its end it is told as skipped."""
        self._skipped = plain.text(reason)

    @whole
    def _advance(self, fraction: float | None, message: str | None) -> None:
        if fraction is None and self._total and self._done is not None:
            fraction = self._done / self._total
        if fraction is not None:
            self._part = min(1.0, max(0.0, fraction))
            self._fraction.set(self.name, self._part)
        event = ev.StepProgressed(
            name=self.name,
            done=self._done,
            total=self._total,
            unit=self._unit,
            fraction=self._part,
            message=None if message is None else plain.text(message, 500),
        )
        self._sink.emit(event, _PROGRESS_BYTES)
