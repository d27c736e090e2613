"""Time that passes when it is told to, for jobs that are run in memory."""

from datetime import UTC, datetime
from typing import Protocol

#: When every such clock begins, unless it is told otherwise.
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


class Watcher(Protocol):
    """Has to look at certain moments, such as a deadline."""

    def due_ms(self) -> int | None:
        """The next of them; each look brings a later one, or none."""
        ...

    def look(self) -> None: ...


class Clock:
    """Moves by *tick_seconds* at each event of a job, and by :meth:`advance`.

    ``sleep``, ``time`` and ``monotonic`` stand in for those of the module ``time``. What falls due on the way, such as
    a timeout, happens at its time: ``sleep`` raises it as a real sleep that is interrupted does.
    """

    def __init__(self, begin: datetime = BEGIN, *, tick_seconds: float = 0.001) -> None:
        self._ms = round(begin.timestamp() * 1000)
        self._tick_ms = round(tick_seconds * 1000)
        #: Who has to look while a job runs.
        self.watcher: Watcher | None = None

    def __call__(self) -> int:
        """Milliseconds since 1970."""
        return self._ms

    def time(self) -> float:
        """Seconds since 1970."""
        return self._ms / 1000

    monotonic = time

    def advance(self, seconds: float) -> None:
        """*seconds* pass, at once."""
        until = self._ms + max(0, round(seconds * 1000))
        while (due := self._due()) is not None and due <= until:
            self._ms = max(self._ms, due)
            self._look()
        self._ms = until
        self._look()

    sleep = advance

    def tick(self, events: int = 1) -> None:
        """So many events were told."""
        self._ms += events * self._tick_ms

    def reach(self, ms: int) -> None:
        """A time has come; nothing happens where it is past."""
        self._ms = max(self._ms, ms)

    def _due(self) -> int | None:
        return None if self.watcher is None else self.watcher.due_ms()

    def _look(self) -> None:
        if self.watcher is not None:
            self.watcher.look()
