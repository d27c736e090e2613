"""How busy the loop is, and how long it keeps whoever comes waiting: measured at each of its turns, not sampled."""

from collections.abc import Callable
from time import monotonic
from typing import Any

#: libev's lowest and highest priority: what the loop does before it sleeps, and after, lies between the two.
_LAST, _FIRST = -2, 2


class Gauge:
    """A turn is all that the loop does between two looks at its sockets; in it nobody else is heard.

    The loop's own time tells more than the process's CPU time does: where the machine is short of that, our turns
    take longer, and the loop is taken up by less.
    """

    def __init__(self, loop: Any, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._began = self._woke = self._slept = clock()
        self._idle = self._squares = 0.0
        self._before, self._after = loop.prepare(ref=False, priority=_LAST), loop.check(ref=False, priority=_FIRST)

    def start(self) -> None:
        self._before.start(self._sleep)
        self._after.start(self._wake)

    def stop(self) -> None:
        for watcher in (self._before, self._after):
            watcher.stop()
            watcher.close()

    def _sleep(self) -> None:
        self._slept = now = self._clock()
        turn = now - self._woke
        self._squares += turn * turn

    def _wake(self) -> None:
        self._woke = now = self._clock()
        self._idle += now - self._slept

    def read(self) -> tuple[float, float, float]:
        """Since it was last read: seconds, the share of them at work, and the seconds that anybody had to wait.

        The wait is the length of the turn that somebody meets who comes at any moment; nothing, where the loop sleeps.
        """
        now = self._clock()
        #: The turn in hand counts as far as it has come; the rest of it belongs to the next reading.
        squares = self._squares + (now - self._woke) ** 2
        seconds = max(now - self._began, 1e-9)
        busy, wait = max(0.0, 1 - self._idle / seconds), squares / seconds
        self._began = self._woke = now
        self._idle = self._squares = 0.0
        return seconds, busy, wait
