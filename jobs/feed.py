"""The feed: one log of pointers to the events of all jobs, so that one cursor resumes a read of many.

Drawn as one event's way, each arrow a call of its own that can be lost to a crash:

    append to the job's log ─▶ note in the feed ─▶ filed by the job's head

A job that stands behind its log in the feed is brought up by its next append or filing, and the sweep files every job
that has not been filed since its last event: so what is in a log is in the feed, late at worst and never twice.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from jobs.eventlog import Batch, Cursor, Entry, EventLog, Page, Subject
from jobs.head import Head

#: Events that one page goes on by at most.
PAGE = 200


class Pointer(NamedTuple):
    """Events *first* to *last* of a job; *cursor* stands behind the last of them in the feed."""

    job: str
    first: int
    last: int
    cursor: Cursor


class Reach(NamedTuple):
    """How far the feed points to a job's log: to the event at the job's own cursor, which is *number* of the feed."""

    at: Cursor
    number: int


class FeedPage(NamedTuple):
    """A stretch of the feed after a cursor, and where the feed begins and ends."""

    #: With the feed's cursors and the jobs' envelopes; events of jobs that are gone are left out.
    entries: list[Entry]
    #: How far the stretch goes: at or behind the last entry.
    upto: Cursor
    last: Cursor
    #: The number of the oldest event that can still be read without a hole.
    oldest: int


class Stretch(NamedTuple):
    """What of one job's log is pointed to, by seq."""

    subject: Subject
    events: Mapping[int, Entry]


class Feed(Protocol):
    """Every call raises LogUnavailable while the store cannot be reached, and may be repeated."""

    def note(self, job_id: str, at: Cursor) -> Cursor:
        """The job's log stands at *at*: points to whatever the feed does not know of it yet, and rings."""
        ...

    def read(self, after: int, limit: int = PAGE) -> FeedPage: ...

    def reach(self, job_ids: Sequence[str]) -> list[Reach | None]:
        """None for a job that the feed has never heard of, or has forgotten."""
        ...

    def forget(self, job_ids: Sequence[str]) -> None:
        """Jobs that are gone."""
        ...


class FedLog(EventLog):
    """A log whose every append is noted in the feed; *alone* is it without, for whoever files the job next."""

    def __init__(self, alone: EventLog, feed: Feed) -> None:
        self.alone, self.feed = alone, feed

    def append(self, job_id: str, batch: Batch) -> Cursor:
        """Where the feed cannot be reached the batch is stored all the same; repeated, it is noted."""
        at = self.alone.append(job_id, batch)
        if batch.entries:
            self.feed.note(job_id, at)
        return at

    def delete(self, job_id: str) -> None:
        self.alone.delete(job_id)
        self.feed.forget([job_id])

    def read(self, job_id: str, after: int, limit: int = 1000) -> Page:
        return self.alone.read(job_id, after, limit)

    def load(self, job_id: str) -> tuple[bytes | None, Page]:
        return self.alone.load(job_id)

    def kept(self, job_id: str) -> dict[str, bytes]:
        return self.alone.kept(job_id)

    def heads(self, job_ids: Sequence[str]) -> list[bytes | None]:
        return self.alone.heads(job_ids)

    def stands(self, job_ids: Sequence[str]) -> list[Page | None]:
        return self.alone.stands(job_ids)


def oldest_of(first: Sequence[Pointer], last: Cursor) -> int:
    """The number of the oldest event in the feed, by its *first* pointer; where it has none, that of the next."""
    return first[0].cursor.seq - first[0].last + first[0].first if first else last.seq + 1


def within(pointers: Iterable[Pointer], after: int, limit: int) -> list[Pointer]:
    """What *pointers* tell of the *limit* events after number *after*."""
    found = []
    for job, first, last, cursor in pointers:
        #: What to add to a seq for its number in the feed.
        ahead = cursor.seq - last
        low, high = max(first, after + 1 - ahead), min(last, after + limit - ahead)
        if low <= high:
            found.append(Pointer(job, low, high, Cursor(cursor.epoch, high + ahead)))
    return found


def spans(pointers: Iterable[Pointer]) -> dict[str, tuple[int, int]]:
    """The stretch of each job's log that *pointers* tell of."""
    found: dict[str, tuple[int, int]] = {}
    for job, first, last, _ in pointers:
        low, high = found.get(job, (first, last))
        found[job] = min(low, first), max(high, last)
    return found


def subject_of(head: Head) -> Subject:
    return Subject(head.id, head.type, frozenset(head.labels.items()))


def laid_out(pointers: Sequence[Pointer], logs: Mapping[str, Stretch | None], page: FeedPage) -> FeedPage:
    """*page*, which tells where the feed stands, with the events that *pointers* tell of, found in *logs*.

    A job whose log is None is gone. An event that a log has no more is a loss: only from behind it can the feed be
    read without a hole.
    """
    entries: list[Entry] = []
    oldest = page.oldest
    for job, first, last, cursor in pointers:
        log = logs[job]
        for seq in range(first, last + 1):
            number = cursor.seq - last + seq
            if log is None:
                continue
            found = log.events.get(seq)
            if found is None:
                entries, oldest = [], number + 1
            else:
                entries.append(Entry(Cursor(cursor.epoch, number), found.type, found.envelope, log.subject))
    upto = pointers[-1].cursor.seq if pointers else page.last.seq
    return page._replace(entries=entries, upto=Cursor(page.last.epoch, upto), oldest=oldest)
