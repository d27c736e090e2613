"""The event log in Redis: a stream per job for the record, pub/sub for the speed."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files
from typing import Any

import redis

from jobs import keys
from jobs.cluster import Cluster
from jobs.errors import CursorMoved, JobNotFound, LogUnavailable
from jobs.eventlog import Batch, Cursor, Entry, EventLog, Page

#: Events read at most in one look behind a checkpoint: more than twice what a writer leaves between two.
TAIL = 2000

#: Heads asked for in one call at most: Redis does nothing else meanwhile.
TOGETHER = 256

#: heads(head, head, ...): the head_json of each, nil where there is none. One answer costs its reader a tenth of many.
_HEADS = """
local found = {}
for at = 1, #KEYS do found[at] = redis.call('HGET', KEYS[at], 'h') end
return found
"""

#: How Redis says that it cannot serve now; versions before 7 put the script's name before what it met.
_AWAY = re.compile(r"(?:^|: -)(LOADING|MISCONF|OOM|READONLY|NOREPLICAS|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY)\b")


def script(name: str) -> str:
    return files("jobs").joinpath(name).read_text()


class RedisLog(EventLog):
    """The log of ``docs/adr/0001``; *client* returns bytes and retries nothing by itself.

    *retention_seconds* begin at a job's terminal event; *max_events* and
    *max_bytes* bound each log (Redis may keep a few more, and keeps what no checkpoint covers yet).
    """

    def __init__(
        self,
        client: redis.Redis,
        *,
        retention_seconds: int,
        max_events: int,
        max_bytes: int = 64 << 20,
        sharded: bool = False,
    ) -> None:
        self._client, self._retention, self._bounds = client, retention_seconds, (max_events, max_bytes)
        self._publish = "SPUBLISH" if sharded else "PUBLISH"
        self._append = client.register_script(script("append.lua"))
        self._read = client.register_script(script("read.lua"))
        #: Whether one call may name the keys of one job only: a cluster keeps each in a slot of its own.
        self._alone = isinstance(client, Cluster)
        self._heads = client.register_script(_HEADS)
        self._stands = client.register_script(script("stands.lua"))

    def append(self, job_id: str, batch: Batch) -> Cursor:
        with available():
            found = self._append(*self.appending(job_id, batch))
        return self.appended(job_id, batch, found)

    def appending(self, job_id: str, batch: Batch) -> tuple[list[str], list[Any]]:
        """The keys and words of append.lua, for whoever has more to do in the same call."""
        words: list[Any] = [
            batch.expect.epoch,
            batch.expect.seq,
            batch.epoch,
            batch.batch_id,
            batch.head,
            batch.checkpoint or b"",
            self._retention if batch.terminal else 0,
            *self._bounds,
            self._publish,
            len(batch.entries),
        ]
        for pair in (*batch.entries, *batch.kept.items()):
            words.extend(pair)
        return _keys(job_id), words

    @staticmethod
    def appended(job_id: str, batch: Batch, found: Sequence[Any]) -> Cursor:
        """Where the log stands by what append.lua has answered; CursorMoved where that is not behind *batch*."""
        stored, *where = found
        if stored:
            return Cursor(batch.epoch, int(where[0]))
        current = Cursor(where[0].decode(), int(where[1]))
        if not current.epoch:
            raise JobNotFound(job_id=job_id)
        raise CursorMoved(job_id=job_id, current=current)

    def read(self, job_id: str, after: int, limit: int = 1000) -> Page:
        return self._look(job_id, limit, after)[1]

    def load(self, job_id: str) -> tuple[bytes | None, Page]:
        return self._look(job_id, TAIL, "")

    def _look(self, job_id: str, limit: int, after: int | str) -> tuple[bytes | None, Page]:
        with available():
            found = self._read(_keys(job_id)[:3], [limit, after])
        if found is None:
            raise JobNotFound(job_id=job_id)
        return self.looked(found)

    @staticmethod
    def looked(found: Sequence[Any]) -> tuple[bytes | None, Page]:
        """What read.lua has answered."""
        epoch, seq, head, oldest, checkpoint, rows = found
        return checkpoint or None, Page(_entries(rows), Cursor(epoch.decode(), int(seq)), _seq(oldest), head)

    def kept(self, job_id: str) -> dict[str, bytes]:
        client: Any = self._client
        with available():
            found = client.hgetall(keys.kept(job_id))
        return {name.decode(): value for name, value in found.items()}

    def heads(self, job_ids: Sequence[str]) -> list[bytes | None]:
        names = [keys.head(job_id) for job_id in job_ids]
        with available():
            return [
                head for at in range(0, len(names), TOGETHER) for head in self._some_heads(names[at : at + TOGETHER])
            ]

    def _some_heads(self, names: Sequence[str]) -> list[bytes | None]:
        if not self._alone:
            return list(self._heads(names))
        with self._client.pipeline(transaction=False) as pipe:
            for name in names:
                pipe.hget(name, "h")
            return list(pipe.execute())

    def stands(self, job_ids: Sequence[str]) -> list[Page | None]:
        names = [[keys.head(job_id), keys.log(job_id)] for job_id in job_ids]
        with available():
            return [row and _stand(*row) for row in self._stand_rows(names)]

    def _stand_rows(self, names: Sequence[list[str]]) -> list[Any]:
        if not self._alone:
            return list(self._stands([name for pair in names for name in pair]))
        #: With the script's text, as a node may not know it by its hash.
        with self._client.pipeline(transaction=False) as pipe:
            for pair in names:
                pipe.eval(script("stands.lua"), len(pair), *pair)
            return [row for (row,) in pipe.execute()]

    def delete(self, job_id: str) -> None:
        with available():
            self._client.delete(*_keys(job_id))


#: The same, where redis-py has a class for it.
_UNAVAILABLE = (
    redis.ConnectionError,
    redis.TimeoutError,
    #: Noise on the wire; the connection that it came on is closed by then.
    redis.InvalidResponse,
    redis.ReadOnlyError,
    redis.OutOfMemoryError,
    redis.exceptions.ClusterDownError,
    redis.exceptions.TryAgainError,
)


@contextmanager
def available() -> Iterator[None]:
    """Whatever says that Redis cannot serve now, as LogUnavailable."""
    try:
        yield
    except _UNAVAILABLE as error:
        raise LogUnavailable(why=type(error).__name__) from error
    except redis.exceptions.MovedError as error:
        raise LogUnavailable(why="it is a cluster, and REDIS_URL does not begin with redis+cluster://") from error
    except redis.ResponseError as error:
        found = _AWAY.search(str(error))
        if found is None:
            raise
        raise LogUnavailable(why=found[1]) from error


def _stand(epoch: bytes, seq: bytes, head: bytes, oldest: bytes) -> Page:
    return Page([], Cursor(epoch.decode(), int(seq)), _seq(oldest), head)


def _keys(job_id: str) -> list[str]:
    return [keys.head(job_id), keys.log(job_id), keys.checkpoint(job_id), keys.kept(job_id)]


def _seq(entry_id: bytes) -> int:
    return int(entry_id.partition(b"-")[0])


def _entries(rows: Sequence[tuple[bytes, list[bytes]]]) -> list[Entry]:
    """From their fields in the order of append.lua: t type, e envelope, i epoch, and what a reader has no need of."""
    return [Entry(Cursor(row[5].decode(), _seq(at)), row[1].decode(), row[3]) for at, row in rows]
