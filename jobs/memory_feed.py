"""The feed of all jobs in memory: the twin of the feed in Redis."""

from collections import deque
from collections.abc import Mapping, Sequence
from threading import Lock

from jobs.errors import JobNotFound
from jobs.eventlog import NOWHERE, Cursor, EventLog
from jobs.feed import PAGE, Feed, FeedPage, Pointer, Reach, Stretch, laid_out, oldest_of, spans, subject_of, within
from jobs.head import decode_head
from jobs.writer import new_epoch


class MemoryFeed(Feed):
    """Obeys the same conformance suite as the feed in Redis; *log* has the events that it points to."""

    def __init__(self, log: EventLog, *, max_pointers: int = 100_000) -> None:
        self._log = log
        self._pointers: deque[Pointer] = deque(maxlen=max_pointers)
        self._fed: dict[str, Reach] = {}
        self._at = Cursor(new_epoch(), 0)
        self._lock = Lock()

    def note(self, job_id: str, at: Cursor) -> Cursor:
        with self._lock:
            fed = self._fed.get(job_id, Reach(NOWHERE, 0)).at
            moved = fed.epoch != at.epoch
            if moved and fed != NOWHERE:
                self._at = Cursor(new_epoch(), self._at.seq)
            if at.seq > fed.seq:
                self._at = Cursor(self._at.epoch, self._at.seq + at.seq - fed.seq)
                self._pointers.append(Pointer(job_id, fed.seq + 1, at.seq, self._at))
            if moved or at.seq > fed.seq:
                self._fed[job_id] = Reach(at, self._at.seq)
            return self._at

    def read(self, after: int, limit: int = PAGE) -> FeedPage:
        with self._lock:
            last, oldest = self._at, oldest_of(list(self._pointers)[:1], self._at)
            pointers = within(self._pointers, after, limit)
        return laid_out(pointers, self._logs(pointers), FeedPage([], last, last, oldest))

    def _logs(self, pointers: Sequence[Pointer]) -> Mapping[str, Stretch | None]:
        return {job: self._stretch(job, first, last) for job, (first, last) in spans(pointers).items()}

    def _stretch(self, job_id: str, first: int, last: int) -> Stretch | None:
        try:
            page = self._log.read(job_id, first - 1, last - first + 1)
        except JobNotFound:
            return None
        return Stretch(subject_of(decode_head(page.head)), {entry.cursor.seq: entry for entry in page.entries})

    def reach(self, job_ids: Sequence[str]) -> list[Reach | None]:
        with self._lock:
            return [self._fed.get(job_id) for job_id in job_ids]

    def forget(self, job_ids: Sequence[str]) -> None:
        with self._lock:
            for job_id in job_ids:
                self._fed.pop(job_id, None)
