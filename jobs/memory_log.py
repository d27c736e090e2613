"""The event log in memory: the twin of the Redis log, for tests and for authors trying a job."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock

from jobs.errors import CursorMoved, JobNotFound
from jobs.eventlog import NOWHERE, Batch, Cursor, Entry, EventLog, Page


@dataclass
class _Stored:
    cursor: Cursor = NOWHERE
    head: bytes = b""
    checkpoint: bytes | None = None
    checkpoint_seq: int = 0
    entries: deque[Entry] = field(default_factory=deque)
    size: int = 0
    #: Batch id → the cursor behind it.
    batches: dict[str, Cursor] = field(default_factory=dict)
    kept: dict[str, bytes] = field(default_factory=dict)


class MemoryLog(EventLog):
    """Obeys the same conformance suite as the Redis log; *max_events* and *max_bytes* bound each job's log."""

    def __init__(self, *, max_events: int = 100_000, max_bytes: int = 64 << 20) -> None:
        self._max_events, self._max_bytes = max_events, max_bytes
        self._jobs: dict[str, _Stored] = {}
        self._lock = Lock()

    def append(self, job_id: str, batch: Batch) -> Cursor:
        with self._lock:
            stored = self._jobs.get(job_id, _Stored())
            if stored.cursor != batch.expect:
                return self._refuse(job_id, stored, batch)
            self._jobs[job_id] = stored
            self._store(stored, batch)
            return stored.cursor

    def _store(self, stored: _Stored, batch: Batch) -> None:
        for seq, (name, envelope) in enumerate(batch.entries, batch.expect.seq + 1):
            stored.cursor = Cursor(batch.epoch, seq)
            stored.entries.append(Entry(stored.cursor, name, envelope))
            stored.size += len(envelope)
        stored.kept.update(batch.kept)
        stored.head, stored.batches[batch.batch_id] = batch.head, stored.cursor
        if batch.checkpoint is not None:
            stored.checkpoint, stored.checkpoint_seq = batch.checkpoint, stored.cursor.seq
        self._trim(stored)
        if batch.terminal:
            stored.kept.clear()

    def _trim(self, stored: _Stored) -> None:
        """The oldest go, but none behind the checkpoint: what is folded must be there."""
        while len(stored.entries) > self._max_events or stored.size > self._max_bytes:
            if stored.entries[0].cursor.seq > stored.checkpoint_seq:
                return
            stored.size -= len(stored.entries.popleft().envelope)

    @staticmethod
    def _refuse(job_id: str, stored: _Stored, batch: Batch) -> Cursor:
        if batch.batch_id in stored.batches:
            return stored.batches[batch.batch_id]
        if stored.cursor == NOWHERE:
            raise JobNotFound(job_id=job_id)
        raise CursorMoved(job_id=job_id, current=stored.cursor)

    def read(self, job_id: str, after: int, limit: int = 1000) -> Page:
        with self._lock:
            return self._page(self._find(job_id), after, limit)

    def load(self, job_id: str) -> tuple[bytes | None, Page]:
        with self._lock:
            stored = self._find(job_id)
            return stored.checkpoint, self._page(stored, stored.checkpoint_seq, len(stored.entries))

    def kept(self, job_id: str) -> dict[str, bytes]:
        with self._lock:
            return dict(self._jobs[job_id].kept) if job_id in self._jobs else {}

    def heads(self, job_ids: Sequence[str]) -> list[bytes | None]:
        with self._lock:
            return [self._jobs[job_id].head if job_id in self._jobs else None for job_id in job_ids]

    def stands(self, job_ids: Sequence[str]) -> list[Page | None]:
        with self._lock:
            found = [self._jobs.get(job_id) for job_id in job_ids]
            return [None if stored is None else self._page(stored, stored.cursor.seq, 0) for stored in found]

    def delete(self, job_id: str) -> None:
        with self._lock:
            self._jobs.pop(job_id, None)

    @staticmethod
    def _page(stored: _Stored, after: int, limit: int) -> Page:
        entries = [entry for entry in stored.entries if entry.cursor.seq > after][:limit]
        oldest = stored.entries[0].cursor.seq if stored.entries else 0
        return Page(entries, stored.cursor, oldest, stored.head)

    def _find(self, job_id: str) -> _Stored:
        if job_id not in self._jobs:
            raise JobNotFound(job_id=job_id)
        return self._jobs[job_id]
