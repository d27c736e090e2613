"""Who watches: tells Redis of the jobs that somebody reads, so that those which nobody does can be ended."""

import logging
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from time import monotonic
from typing import TYPE_CHECKING

from app.relay.beat import pause
from jobs.errors import LogUnavailable
from jobs.head import decode_head
from jobs.index import RETURN_MS, Index

if TYPE_CHECKING:
    from app.relay.hub import Relay

#: Whoever was seen counts as watching for so many seconds at least: as long as the sweep waits for them to come back.
RETURN_SECONDS = RETURN_MS / 1000
#: Seconds between two looks at who listens.
TURN_SECONDS = 1.0

log = logging.getLogger("tailrace.web")


class Sight:
    """Says of jobs that they are watched, again whenever a third of the time allowed has gone by."""

    def __init__(self, index: Index, *, clock: Callable[[], float] = monotonic) -> None:
        self._index, self._clock = index, clock
        self._due: dict[str, float] = {}

    def saw(self, watched: Mapping[str, float | None]) -> None:
        """*watched*: job id → the seconds for which it may go unwatched, None for as long as it likes."""
        now = self._clock()
        allowed = {job_id: max(seconds, RETURN_SECONDS) for job_id, seconds in watched.items() if seconds is not None}
        due = [job_id for job_id in allowed if now >= self._due.get(job_id, now)]
        self._index.watched({job_id: round(allowed[job_id] * 1000) for job_id in due})
        #: Only once it has been said: while Redis is away every call tries again.
        said = {job_id: now + allowed[job_id] / 3 for job_id in due}
        self._due = {job_id: at for job_id, at in (self._due | said).items() if job_id in allowed}


class Presence:
    """The streams of a web process, seen as watchers."""

    def __init__(self, relay: "Relay", sight: Sight) -> None:
        self._relay, self._sight = relay, sight
        #: What the heads of the jobs say whose rooms were told nothing of them; it never changes.
        self._allowed: dict[str, float | None] = {}

    def turn(self) -> None:
        """Two calls at most, however many listen; LogUnavailable while Redis is away."""
        register = self._relay.rooms.register
        self._look({job_id for room in tuple(register.strange) for job_id in room.watched})
        self._sight.saw({**self._allowed, **register.bound})

    def _look(self, ids: AbstractSet[str]) -> None:
        """Whoever follows a job's events has read its head; who waits for pages, or reads many jobs, has not."""
        new = [job_id for job_id in ids if job_id not in self._allowed]
        for job_id, head in zip(new, self._relay.reader.heads(new), strict=True):
            self._allowed[job_id] = None if head is None else decode_head(head).unwatched_seconds
        self._allowed = {job_id: seconds for job_id, seconds in self._allowed.items() if job_id in ids}


def run(relay: "Relay", index: Index) -> None:
    """Runs for as long as the process does, in a greenlet of its own: a Redis that hangs must hold up no heartbeat."""
    presence = Presence(relay, Sight(index))
    while True:
        pause(TURN_SECONDS)
        try:
            presence.turn()
        except LogUnavailable as error:
            log.debug("presence: %s", error)
        except Exception:
            #: Whatever it was: who watches must not be forgotten for it, their jobs would be ended.
            log.exception("presence")
