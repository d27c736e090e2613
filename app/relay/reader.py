"""Reads of the log that many readers share: a storm on one job costs a handful of them."""

from collections.abc import Callable, Sequence
from time import monotonic
from typing import Any, TypeVar

from gevent.event import AsyncResult

from jobs.eventlog import Cursor, EventLog, Page

T = TypeVar("T")

#: Events read at a time; what a slow reader cannot take is read again later.
PAGE = 200
#: Seconds for which a read serves those who come after it. What it misses they get live, or see as a hole.
KEEP = 0.1
#: Reads kept at most, and bytes of events in one that is kept.
KEPT, KEPT_BYTES = 256, 256 * 1024
#: Behind every event that a log can have: a page after it is empty and tells only where the log stands.
END = 2**53

#: Gives a job's snapshot (anything that encodes to its JSON) and the cursor that it stands at.
Snapshot = Callable[[str], tuple[Cursor, Any]]


class Reader:
    """The log and the snapshots; equal reads at one time are one read."""

    def __init__(self, log: EventLog, snapshot: Snapshot) -> None:
        self._log, self._snapshot = log, snapshot
        self._flying: dict[object, AsyncResult] = {}
        self._kept: dict[object, tuple[float, Any]] = {}
        #: Reads that went to the log, for the metrics and the tests.
        self.reads = 0

    def page(self, job_id: str, after: int, *, fresh: bool = False) -> Page:
        """Events after *after*; *fresh* looks now, where a moment ago is not good enough."""
        return self.shared((job_id, after), lambda: self._log.read(job_id, after, PAGE), fresh=fresh)

    def heads(self, job_ids: Sequence[str]) -> list[bytes | None]:
        return self._log.heads(job_ids) if job_ids else []

    def snapshot(self, job_id: str) -> tuple[Cursor, Any]:
        return self.shared(job_id, lambda: self._snapshot(job_id))

    def shared(self, key: object, read: Callable[[], T], *, fresh: bool = False) -> T:
        """What *read* gives, or gave to somebody else a moment ago under the same *key*."""
        if not fresh:
            kept = self._kept.get(key)
            if kept is not None and monotonic() - kept[0] < KEEP:
                value: T = kept[1]
                return value
            flying = self._flying.get(key)
            if flying is not None:
                shared: T = flying.get()
                return shared
        return self._read(key, read)

    def _read(self, key: object, read: Callable[[], T]) -> T:
        self._flying[key] = flying = AsyncResult()
        self.reads += 1
        try:
            found = read()
        except BaseException as error:
            flying.set_exception(error)
            raise
        else:
            flying.set(found)
            self._keep(key, found)
            return found
        finally:
            if self._flying.get(key) is flying:
                del self._flying[key]

    def _keep(self, key: object, found: Any) -> None:
        if isinstance(found, Page) and sum(len(entry.envelope) for entry in found.entries) > KEPT_BYTES:
            return
        now = monotonic()
        if len(self._kept) >= KEPT:
            self._kept = {k: kept for k, kept in self._kept.items() if now - kept[0] < KEEP}
        if len(self._kept) < KEPT:
            self._kept[key] = (now, found)

    def forget(self) -> None:
        """Lets go of what is too old to serve anybody."""
        now = monotonic()
        self._kept = {key: kept for key, kept in self._kept.items() if now - kept[0] < KEEP}
