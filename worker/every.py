"""Not more often than every so many seconds."""

from collections.abc import Callable


class Every:
    """True at most once in so many seconds."""

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._seconds, self._clock, self._next = seconds, clock, clock()

    def due(self) -> bool:
        now = self._clock()
        if now < self._next:
            return False
        self._next = now + self._seconds
        return True

    def again(self) -> None:
        """It did not work out: due at the next question."""
        self._next = self._clock()
