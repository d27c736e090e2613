"""How long an event may wait before it is sent on: what each level of degradation, and a client itself, ask for.

Pure. Nothing is withheld and no order is changed: what waits goes, merged, with whatever is due after it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache

from app.relay.merge import CALM, PROGRESS
from jobs.eventlog import Entry

#: The highest level: as the one before it, and new streams are sent away to poll.
TURNING_AWAY = 4
#: From here on a replay is merged as well.
MERGING = 2


@dataclass(frozen=True, kw_only=True)
class Rate:
    """The least seconds from one send to the next for what is *calm*; everything else is due at once."""

    progress: float = 0.0
    calm: float = 0.0
    #: Whether runs of log lines are summed up.
    logs: bool = False

    @cached_property
    def plain(self) -> bool:
        """Whether everything is due at once."""
        return not (self.progress or self.calm)

    def at_once(self, entries: Iterable[Entry]) -> bool:
        """Whether none of *entries* may wait."""
        return self.plain or not any(entry.type in CALM for entry in entries)

    def wait(self, name: str) -> float:
        """The seconds that an event of this type may wait after the last send."""
        if name not in CALM:
            return 0.0
        return self.progress if name in PROGRESS else self.calm

    def shortest(self, entries: Iterable[Entry]) -> float:
        """How long the most urgent of *entries* may wait."""
        if self.plain:
            return 0.0
        return min((self.wait(entry.type) for entry in entries), default=0.0)


#: By level: as it comes; progress slower; all that is calm slower, log lines summed up; changes of state only, or five
#: seconds; and that with new streams sent away.
LEVELS = (
    Rate(),
    Rate(progress=0.25),
    Rate(progress=1.0, calm=1.0, logs=True),
    Rate(progress=5.0, calm=5.0, logs=True),
    Rate(progress=5.0, calm=5.0, logs=True),
)


@lru_cache(maxsize=1024)
def rate(level: int, min_interval_ms: int) -> Rate:
    """The slower of what the service can do now and what the client wants."""
    given, wanted = LEVELS[level], min_interval_ms / 1000
    return Rate(progress=max(given.progress, wanted), calm=max(given.calm, wanted), logs=given.logs)
