"""What many readers are told alike in a replay: encoded once for them all, kept while a storm lasts."""

from collections.abc import Callable
from time import monotonic
from typing import NamedTuple

from app.relay.lens import Lens
from jobs.eventlog import Cursor

#: Bytes kept at most; where another would be more, all are let go.
KEPT_BYTES = 8 * 1024 * 1024
#: Seconds after which one that nobody came for is let go.
KEEP = 2.0


class Stretch(NamedTuple):
    """One send of a replay: the bytes, up to where they lead, and the event that the stream ends with, if it does."""

    data: bytes
    end: Cursor
    terminal: Cursor | None = None


class Key(NamedTuple):
    """Events of a log never change: the first and the last of them name all that stand between."""

    job_id: str
    lens: Lens
    first: Cursor
    last: Cursor


class Stretches:
    """Bounded in bytes, whoever comes."""

    def __init__(self) -> None:
        self._kept: dict[Key, Stretch] = {}
        #: When each was asked for last.
        self._used: dict[Key, float] = {}
        self.size = 0

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Key, make: Callable[[], Stretch]) -> Stretch:
        found = self._kept.get(key)
        if found is None:
            found = make()
            self._keep(key, found)
        self._used[key] = monotonic()
        return found

    def _keep(self, key: Key, made: Stretch) -> None:
        if self.size + len(made.data) > KEPT_BYTES:
            self._kept, self._used, self.size = {}, {}, 0
        self._kept[key] = made
        self.size += len(made.data)

    def forget(self) -> None:
        """Lets go of those that nobody has come for of late."""
        oldest = monotonic() - KEEP
        for key in [key for key, used in self._used.items() if used < oldest]:
            del self._used[key]
            self.size -= len(self._kept.pop(key).data)
