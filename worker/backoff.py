"""How long a job waits before its next attempt."""

import random
from collections.abc import Callable

import msgspec


class Backoff(msgspec.Struct, frozen=True, kw_only=True):
    """Pauses that grow from one attempt to the next: *first_seconds*, times *factor* each, at most *longest_seconds*.

    Up to the share *jitter* of each is taken off by chance: jobs that failed together do not come back together.
    """

    first_seconds: float = 1.0
    factor: float = 2.0
    longest_seconds: float = 300.0
    jitter: float = 0.5

    def __post_init__(self) -> None:
        if min(self.first_seconds, self.longest_seconds) < 0 or self.factor < 1 or not 0 <= self.jitter <= 1:
            raise ValueError("a back-off has seconds of 0 or more, a factor of 1 or more and a jitter between 0 and 1")

    def delay(self, attempt: int, chance: Callable[[], float] = random.random) -> float:
        """Seconds between attempt number *attempt* and the next."""
        try:
            pause = self.first_seconds * self.factor ** (attempt - 1)
        except OverflowError:
            pause = self.longest_seconds
        return round(min(pause, self.longest_seconds) * (1 - self.jitter * chance()), 3)
