"""How long each job takes its slot: from before its claim until the slot claims again, if there was more to do."""

import logging
import time
from collections.abc import Callable

from jobs.clock import Clock, from_rfc3339
from jobs.errors import LogUnavailable
from jobs.model import Job
from jobs.pace import Paces

#: How much of the way from one job to the next each new one counts for; it differs little from type to type.
_WEIGHT = 0.1
#: Seconds after which a pause was no way to the next job: it came late, or its ring was lost.
_LONGEST = 2.0

log = logging.getLogger(__name__)


class Stopwatch:
    """One slot's. Short jobs are told apart from no jobs by what Celery and the claim take, so both are measured."""

    def __init__(self, paces: Paces, clock: Clock, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._paces, self._clock, self._monotonic = paces, clock, monotonic
        self._began = 0.0
        #: When the last job left the slot: by the monotonic clock, and in ms as jobs tell time.
        self._left: tuple[float, int] | None = None
        #: Seconds from one job to the next; None until one has followed another.
        self._way: float | None = None
        #: Seconds that jobs took, by queue and type.
        self._untold: dict[tuple[str, str], list[float]] = {}

    def start(self) -> None:
        """The slot looks for a job."""
        self._began = self._monotonic()

    def stop(self, job: Job | None) -> None:
        """The slot is free again after *job*, or has found none."""
        if job is None:
            self._left = None
            return
        if self._left is not None and from_rfc3339(job.created_at) <= self._left[1]:
            self._follow(self._began - self._left[0])
        now = self._monotonic()
        self._left = now, self._clock()
        name = job.request.queue, job.request.type
        self._untold.setdefault(name, []).append(now - self._began + (self._way or 0.0))

    def tell(self) -> None:
        """Notes what was measured since this was called last: at the end of a turn, not of each job."""
        untold, self._untold = self._untold, {}
        try:
            for (queue, kind), took in untold.items():
                self._paces.note(queue, kind, *took)
        except LogUnavailable as error:
            log.debug("how long jobs took is not noted: %s", error)

    def _follow(self, seconds: float) -> None:
        """Another job had waited while the last one ran: what lay between the two was the way."""
        if seconds <= _LONGEST:
            self._way = seconds if self._way is None else self._way + (seconds - self._way) * _WEIGHT
