"""The governor at work: looks at the loop, has streams come as their level allows, and says so to the workers."""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from app.relay.beat import pause
from app.relay.gauge import Gauge
from app.relay.governor import Governor, Signs
from jobs.errors import LogUnavailable

if TYPE_CHECKING:
    from app.relay.hub import Relay

#: Seconds between two looks.
SAMPLE = 0.25
#: Seconds between two words on it to the workers.
SAY = 1.0

log = logging.getLogger("tailrace.stream")


class Overload:
    """*watched*: whether the level follows from what is seen; it stays the governor's least otherwise."""

    def __init__(self, relay: "Relay", gauge: Gauge, governor: Governor, *, watched: bool = True) -> None:
        self._relay, self._gauge, self._governor, self._watched = relay, gauge, governor, watched
        self._offered = 0
        #: What was seen last, and how often the level has changed.
        self.signs = Signs(seconds=SAMPLE)
        self.changes = 0

    @property
    def level(self) -> int:
        return self._governor.level

    def run(self) -> None:
        """Runs for as long as the process does, in a greenlet of its own."""
        self._gauge.start()
        self._gauge.read()
        self._tell()
        while True:
            pause(SAMPLE)
            self.turn()

    def turn(self) -> None:
        self.signs, before = self._look(), self.level
        if not self._watched or self._governor.observe(self.signs) == before:
            return
        self.changes += 1
        self._tell()

    def _tell(self) -> None:
        level, seen = self.level, self.signs
        self._relay.live.degrade(level, self._governor.reason)
        if level or self.changes:
            log.warning(
                "overload: level %d; at work %.0f %% of the time, keeps others waiting %.0f ms, delivers %.0f ms late",
                *(level, 100 * seen.busy, 1000 * seen.wait, 1000 * seen.late),
            )

    def _look(self) -> Signs:
        seconds, busy, wait = self._gauge.read()
        offered, self._offered = self._relay.tally.offered - self._offered, self._relay.tally.offered
        return Signs(
            seconds=seconds,
            wait=wait,
            busy=busy,
            late=self._relay.live.delivery.lateness(),
            behind=self._relay.feed.lag(),
            demand=offered / seconds,
        )


def report(overload: Overload, say: Callable[[int], None]) -> None:
    """Says the level, in a greenlet of its own: a Redis that hangs holds up nothing else."""
    while True:
        pause(SAY)
        try:
            say(overload.level)
        except LogUnavailable as error:
            log.debug("overload: %s", error)
