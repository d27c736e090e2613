"""How many jobs a soak is to have, and when the next one is due: its clients share one."""

import threading
import time


class Quota:
    """*jobs* of them, spread over *seconds*; without a number as many as there is time for."""

    def __init__(self, jobs: int | None, seconds: float, over: threading.Event) -> None:
        self._jobs, self._seconds, self._over = jobs, seconds, over
        self._begun, self._taken = time.monotonic(), 0
        self._lock = threading.Lock()

    def take(self) -> bool:
        """Waits until another job is due; False where there is to be none."""
        if self._jobs is None:
            return not self._over.is_set()
        with self._lock:
            number, self._taken = self._taken, self._taken + 1
        if number >= self._jobs:
            return False
        due = self._begun + number * self._seconds / self._jobs
        self._over.wait(max(0.0, due - time.monotonic()))
        return True
