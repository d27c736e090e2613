"""The event log in memory: the twin of the Redis log, for tests and for authors trying a job."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from jobs.errors import CursorMoved, JobNotFound
from jobs.eventlog import NOWHERE, Batch, Cursor, Entry, EventLog, Page


@dataclass
class _Stored:
    cursor: Cursor = NOWHERE
    batch_id: str = ""
    head: bytes = b""
    checkpoint: bytes | None = None
    checkpoint_seq: int = 0
    entries: deque[Entry] = field(default_factory=deque)


class MemoryLog(EventLog):
    """Obeys the same conformance suite as the Redis log; *max_events* bounds each job's log."""

    def __init__(self, *, max_events: int = 100_000) -> None:
        self._max_events = max_events
        self._jobs: dict[str, _Stored] = {}

    def append(self, job_id: str, batch: Batch) -> Cursor:
        stored = self._jobs.get(job_id, _Stored())
        if stored.cursor != batch.expect:
            return self._refuse(job_id, stored, batch)
        self._jobs[job_id] = stored
        for seq, (name, envelope) in enumerate(batch.entries, batch.expect.seq + 1):
            stored.entries.append(Entry(Cursor(batch.epoch, seq), name, envelope))
            stored.cursor = Cursor(batch.epoch, seq)
        while len(stored.entries) > self._max_events:
            stored.entries.popleft()
        stored.batch_id, stored.head = batch.batch_id, batch.head
        if batch.checkpoint is not None:
            stored.checkpoint, stored.checkpoint_seq = batch.checkpoint, stored.cursor.seq
        return stored.cursor

    @staticmethod
    def _refuse(job_id: str, stored: _Stored, batch: Batch) -> Cursor:
        if stored.batch_id == batch.batch_id:
            return stored.cursor
        if stored.cursor == NOWHERE:
            raise JobNotFound(job_id=job_id)
        raise CursorMoved(job_id=job_id, current=stored.cursor)

    def read(self, job_id: str, after: int, limit: int = 1000) -> Page:
        stored = self._find(job_id)
        entries = [entry for entry in stored.entries if entry.cursor.seq > after][:limit]
        oldest = stored.entries[0].cursor.seq if stored.entries else 0
        return Page(entries, stored.cursor, oldest, stored.head)

    def load(self, job_id: str) -> tuple[bytes | None, Page]:
        stored = self._find(job_id)
        return stored.checkpoint, self.read(job_id, stored.checkpoint_seq)

    def heads(self, job_ids: Sequence[str]) -> list[bytes | None]:
        return [self._jobs[job_id].head if job_id in self._jobs else None for job_id in job_ids]

    def delete(self, job_id: str) -> None:
        self._jobs.pop(job_id, None)

    def _find(self, job_id: str) -> _Stored:
        if job_id not in self._jobs:
            raise JobNotFound(job_id=job_id)
        return self._jobs[job_id]
