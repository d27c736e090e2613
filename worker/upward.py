"""How far a child is, told in its parent's log while the parent waits for it, and nowhere else."""

import logging
import time
from collections.abc import Callable
from functools import partial

from jobs import decisions
from jobs.clock import Clock
from jobs.errors import TailraceError
from jobs.eventlog import EventLog
from jobs.head import decode_head
from jobs.model import Job, JobState
from jobs.writer import Writer

#: Seconds between two words to the parent at least.
EVERY_SECONDS = 0.5
#: A smaller move is not worth one.
MOVE = 0.001

log = logging.getLogger(__name__)


class Upward:
    """Belongs to the publisher's thread of the child's run; it never raises, and what is not told is no loss."""

    def __init__(
        self, eventlog: EventLog, clock: Clock, parent: str, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._log, self._clock, self._parent, self._monotonic = eventlog, clock, parent, monotonic
        self._told: tuple[float, str | None] = (0.0, None)
        self._due = 0.0

    def __call__(self, child: Job) -> None:
        """What is new of *child*, where it is time for it and its parent waits."""
        fraction, message = child.progress.fraction, _doing(child)
        if abs(fraction - self._told[0]) < MOVE and message == self._told[1]:
            return
        now = self._monotonic()
        if now < self._due:
            return
        self._due = now + EVERY_SECONDS
        try:
            if self._waits(child.id):
                decide = partial(decisions.follow, child=child.id, fraction=fraction, message=message)
                Writer(self._log, self._parent, self._clock).decide(decide)
                self._told = fraction, message
        except TailraceError as error:
            log.debug("job %s: its parent is not told how far it is: %s", child.id, error)

    def _waits(self, child: str) -> bool:
        """A look at the parent's head: most of the time it costs less than to read the parent itself."""
        found = self._log.heads([self._parent])[0]
        head = None if found is None else decode_head(found)
        return head is not None and head.state is JobState.SCHEDULED and head.waits_for == child


def _doing(child: Job) -> str | None:
    """What the child says of itself, or else the step that it is at."""
    running = [step.title or step.name for step in child.steps.values() if step.state == "running"]
    return child.progress.message or (running[-1] if running else None)
