"""What a job has been told: to end, and why; cancel points raise it, a shield holds it back."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from worker.interrupt import whole
from worker.outcomes import Cancelled, RunOver


class Verdict:
    """Given by the publisher's thread, met by the job's; only :class:`RunOver` takes the place of an earlier one."""

    def __init__(self) -> None:
        #: What was found, and what cancel points raise: nothing while the job is shielded.
        self.found: type[Cancelled] | None = None
        self.open: type[Cancelled] | None = None
        self.shields = 0
        self._lock = threading.Lock()

    @property
    def over(self) -> bool:
        """Whether the job is no longer this run's."""
        return self.found is RunOver

    def give(self, verdict: type[Cancelled]) -> bool:
        """False where that, or what weighs as much, was known before."""
        with self._lock:
            if self.over or (self.found is not None and verdict is not RunOver):
                return False
            self.found = verdict
            if not self.shields:
                self.open = verdict
            return True

    @contextmanager
    @whole
    def shield(self) -> Iterator[None]:
        """Holds the verdict back; threads of one job share their shields."""
        with self._lock:
            self.shields, self.open = self.shields + 1, None
        try:
            yield
        finally:
            with self._lock:
                self.shields -= 1
                if not self.shields:
                    self.open = self.found
