"""The log in Redis and the bookmarks that follow from it, written together (jobs/scripts.py)."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import redis

from jobs import keys
from jobs.catalogue import TypeEntry
from jobs.errors import JobNotFound
from jobs.eventlog import Batch, Cursor
from jobs.feed import FedLog
from jobs.head import Head, decode_head
from jobs.index import FILE, Filed, Index
from jobs.model import HELD, Job
from jobs.redis_log import TAIL, RedisLog, script
from jobs.scripts import InTurn, OneServer
from jobs.writer import fold

#: Waiting jobs that a claim looks at first.
PAGE = 10

_REACH = f"local function read(KEYS, ARGV)\n{script('read.lua')}\nend\n{script('reach.lua')}"


class Reached(NamedTuple):
    """What lies at the head of a queue."""

    #: It has a lease now, and is to be begun.
    job: Job | None = None
    #: Whether what is there has to be looked at the long way.
    unclear: bool = False


class Books(FedLog):
    """The log, each of whose appends is noted in the feed. Every call may raise LogUnavailable."""

    def __init__(self, client: redis.Redis, server: OneServer, alone: RedisLog, index: Index) -> None:
        super().__init__(alone, index.feed)
        self._server, self._log, self._index = server, alone, index
        append = script("append.lua")
        self._noted, self._filed = InTurn(client, append, FILE[0]), InTurn(client, append, *FILE)
        self._reach = InTurn(client, _REACH)
        self._carried: tuple[Mapping[str, TypeEntry], Mapping[str, bool]] = {}, {}

    def ledger(self, *, run: bool = False) -> "Ledger":
        """For one decision; or for a *run*, whose events need no filing but for its last."""
        return Ledger(self, run=run)

    def append(self, job_id: str, batch: Batch) -> Cursor:
        if not batch.entries:
            return self._log.append(job_id, batch)
        noting = self._index.feed.noting(job_id, Cursor(batch.epoch, batch.expect.seq + len(batch.entries)))
        found = self._server.ask(self._noted, self._log.appending(job_id, batch), noting)
        if found is None:
            return super().append(job_id, batch)
        at = self._log.appended(job_id, batch, found[0])
        self._index.feed.noted(found[1])
        return at

    def file(self, job_id: str, batch: Batch, head: Head) -> tuple[Cursor, Filed]:
        """Appends *batch* and files the job by *head*, which is the batch's own."""
        found = self._server.ask(self._filed, self._log.appending(job_id, batch), *self._index.filing(head))
        if found is None:
            return self._log.append(job_id, batch), self._index.file(head)
        at = self._log.appended(job_id, batch, found[0])
        return at, self._index.filed(found[1:])

    def reach(self, queue: str, types: Mapping[str, TypeEntry], lease_ms: int) -> Reached:
        """The first job in *queue* that may begin, leased, where that can be told at a glance."""
        of_job = [name("%s") for name in (keys.head, keys.log, keys.checkpoint)]
        words: list[Any] = [lease_ms, PAGE, TAIL, *of_job, self._free(types)]
        answers = self._server.ask(self._reach, ([keys.waiting(queue), keys.LEASES], words))
        if answers is None:
            return Reached(unclear=True)
        [[said, *found]] = answers
        return self._reached(*found) if found else Reached(unclear=bool(said))

    def _reached(self, name: bytes, found: Sequence[Any]) -> Reached:
        job_id = name.decode()
        checkpoint, page = self._log.looked(found)
        try:
            job = fold(job_id, checkpoint, page)
        except JobNotFound:
            return Reached(unclear=True)
        #: A longer tail is not read at one glance.
        return Reached(job) if job.seq == page.last.seq else Reached(unclear=True)

    def _free(self, types: Mapping[str, TypeEntry]) -> Mapping[str, bool]:
        """Which of *types* may run any number of times; made once for a slot, whose types stay the same."""
        if types is not self._carried[0]:
            self._carried = types, {name: kind.max_running is None for name, kind in types.items()}
        return self._carried[1]


class Ledger(FedLog):
    """A job's log for whoever moves the job: an append files it as well."""

    def __init__(self, books: Books, *, run: bool) -> None:
        super().__init__(books.alone, books.feed)
        self._books, self._run = books, run
        #: What came of filing the job, where it was filed by the last append.
        self.filed: Filed | None = None

    def append(self, job_id: str, batch: Batch) -> Cursor:
        self.filed = None
        head = decode_head(batch.head)
        if self._run and head.state in HELD:
            return self._books.append(job_id, batch)
        at, self.filed = self._books.file(job_id, batch, head)
        return at
