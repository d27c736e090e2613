"""The feed of all jobs in Redis: a stream of pointers, and a bell."""

from collections.abc import Mapping, Sequence
from typing import Any

import redis

from jobs import keys
from jobs.eventlog import NOWHERE, Cursor, Entry
from jobs.feed import PAGE, Feed, FeedPage, Pointer, Reach, Stretch, laid_out, oldest_of, spans, subject_of, within
from jobs.head import decode_head
from jobs.redis_log import available, script
from jobs.writer import new_epoch

#: Pointers kept (Redis may keep a few more): some hours of a busy service, and about 8 MB of its Redis.
MAX_POINTERS = 100_000


class RedisFeed(Feed):
    """The feed of ``docs/adr/0021``; *client* as for the log."""

    def __init__(self, client: redis.Redis, *, max_pointers: int = MAX_POINTERS) -> None:
        self._client, self._max_pointers = client, max_pointers
        self._note = client.register_script(script("feed.lua"))
        self._read = client.register_script(script("feed_read.lua"))
        #: Where this process last knew the feed to stand: a feed found behind it has lost its tail.
        self._known = NOWHERE
        #: The epoch that the feed gets where it needs another one.
        self._fresh = new_epoch()

    def note(self, job_id: str, at: Cursor) -> Cursor:
        with available():
            found = self._note(*self.noting(job_id, at))
        return self.noted(found)

    def noting(self, job_id: str, at: Cursor) -> tuple[Sequence[str], Sequence[str | int]]:
        """The keys and words of feed.lua, for whoever has more to do in the same call."""
        known, most = self._known, self._max_pointers
        words: list[str | int] = [known.epoch, known.seq, self._fresh, most, job_id, at.epoch, at.seq]
        return (keys.FEED, keys.FEED_AT, keys.FED), words

    def noted(self, found: Sequence[Any]) -> Cursor:
        """What feed.lua has answered."""
        epoch, number = found
        self._known = known = Cursor(epoch.decode(), int(number))
        if known.epoch == self._fresh:
            self._fresh = new_epoch()
        return known

    def read(self, after: int, limit: int = PAGE) -> FeedPage:
        with available():
            found = self._read([keys.FEED, keys.FEED_AT], [after, limit])
        if found is None:
            #: Whoever reads gets a cursor to come back by, also before the first job.
            made = self.note("", NOWHERE)
            return FeedPage([], made, made, oldest_of([], made))
        epoch, number, first, rows = found
        last, pointers = Cursor(epoch.decode(), int(number)), within(_pointers(rows), after, limit)
        page = FeedPage([], last, last, oldest_of(_pointers(first), last))
        return laid_out(pointers, self._logs(pointers), page)

    def _logs(self, pointers: Sequence[Pointer]) -> Mapping[str, Stretch | None]:
        """The events that are pointed to, by job; None for a job that is gone."""
        wanted = spans(pointers)
        if not wanted:
            return {}
        with available(), self._client.pipeline(transaction=False) as pipe:
            for job, (first, last) in wanted.items():
                pipe.xrange(keys.log(job), f"{first}-0", f"{last}-0")
                pipe.hget(keys.head(job), "h")
            found = pipe.execute()
        logs = zip(wanted, found[::2], found[1::2], strict=True)
        return {
            job: None if head is None else Stretch(subject_of(decode_head(head)), _by_seq(rows))
            for job, rows, head in logs
        }

    def reach(self, job_ids: Sequence[str]) -> list[Reach | None]:
        client: Any = self._client
        with available():
            found = client.hmget(keys.FED, job_ids) if job_ids else []
        return [None if text is None else _reach(text) for text in found]

    def forget(self, job_ids: Sequence[str]) -> None:
        client: Any = self._client
        with available():
            client.hdel(keys.FED, *job_ids)


def _pointers(rows: Sequence[tuple[bytes, list[bytes]]]) -> list[Pointer]:
    """From their fields in the order of feed.lua: j job, a first, z last, i epoch."""
    return [Pointer(row[1].decode(), int(row[3]), int(row[5]), Cursor(row[7].decode(), _seq(at))) for at, row in rows]


def _by_seq(rows: Sequence[tuple[bytes, Mapping[bytes, bytes]]]) -> dict[int, Entry]:
    return {_seq(at): Entry(NOWHERE, row[b"t"].decode(), row[b"e"]) for at, row in rows}


def _seq(entry_id: bytes) -> int:
    return int(entry_id.partition(b"-")[0])


def _reach(text: bytes) -> Reach:
    epoch, seq, number = text.decode().split("-")
    return Reach(Cursor(epoch, int(seq)), int(number))
