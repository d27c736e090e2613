"""From events to one append: fold, encode, compare, and on a conflict read again."""

import os
import string
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import NamedTuple, TypeVar

import msgspec

from jobs import events as ev
from jobs.clock import Clock, rfc3339
from jobs.errors import CursorMoved, JobNotFound, LogUnavailable, RunLost
from jobs.eventlog import NOWHERE, Batch, Cursor, EventLog, Page, Record
from jobs.head import Head, encode_head, head_of
from jobs.model import Job, apply

#: Events, and milliseconds, after which a batch carries a checkpoint of the whole job.
CHECKPOINT_EVENTS = 500
CHECKPOINT_MS = 5000

#: Rounds of read, decide, append; each round lost was won by another writer, so this many mean a fault.
ROUNDS = 100

R = TypeVar("R")

#: What two characters of an epoch can be.
_PAIRS = ["".join(pair) for pair in product(string.digits + string.ascii_lowercase, repeat=2)]
_NOTHING: Mapping[str, bytes] = {}
_encoder = msgspec.json.Encoder()
_records = msgspec.json.Decoder(Record)
_jobs = msgspec.json.Decoder(Job)

#: What a wish leads to, given the job as it is; no events where nothing is to be done.
Decision = Callable[[Job], Sequence[ev.AnyEvent]]

#: Called when the log could not be reached, with how often in a row; waits before the next try, or raises.
Patience = Callable[[LogUnavailable, int], None]


def give_up(error: LogUnavailable, _tries: int) -> None:
    """The patience of a request: none."""
    raise error


def new_epoch() -> str:
    """Six characters that no earlier log of the same job is likely to have had."""
    number, last = divmod(int.from_bytes(os.urandom(8)), len(_PAIRS))
    number, middle = divmod(number, len(_PAIRS))
    return _PAIRS[number % len(_PAIRS)] + _PAIRS[middle] + _PAIRS[last]


def fold(job_id: str, checkpoint: bytes | None, page: Page) -> Job:
    """The job that a checkpoint and the events after it tell."""
    job = _jobs.decode(checkpoint) if checkpoint else None
    for entry in page.entries:
        job = apply(job, _records.decode(entry.envelope))
    if job is None:
        raise JobNotFound(job_id=job_id)
    return job


def load(log: EventLog, job_id: str) -> Job:
    """The job as its log tells it now; JobNotFound where there is none."""
    return _look(log, job_id)[0]


def _look(log: EventLog, job_id: str) -> tuple[Job, int]:
    """The job, and how many events stand behind its last checkpoint."""
    checkpoint, page = log.load(job_id)
    job, behind = fold(job_id, checkpoint, page), len(page.entries)
    #: One look is bounded; a longer tail is read on, or the job would stand behind its log for ever.
    while page.entries and job.seq < page.last.seq:
        page = log.read(job_id, job.seq)
        for entry in page.entries:
            job = apply(job, _records.decode(entry.envelope))
        behind += len(page.entries)
    return job, behind


class Begun(NamedTuple):
    """A job that is to be, and what begins its log."""

    job: Job
    head: Head
    batch: Batch


class Writer:
    """Appends to one job's log and keeps the job folded; with *run* it writes for that run only.

    A Writer belongs to one thread at a time.
    """

    def __init__(
        self,
        log: EventLog,
        job_id: str,
        clock: Clock,
        *,
        job: Job | None = None,
        run: int | None = None,
        patience: Patience = give_up,
    ) -> None:
        self.log, self.job_id, self.clock, self.run, self.patience = log, job_id, clock, run, patience
        self._job = job
        #: Where this writer last knew the log to stand: a log found behind it has lost its tail.
        self._stored = job.cursor if job else NOWHERE
        self._epoch = job.epoch if job else ""
        #: Events behind the last checkpoint, whoever wrote them.
        self._since = 0
        self._checkpoint_at = clock()

    @property
    def job(self) -> Job:
        """The job as this writer last knew it; read from the log where it does not know."""
        return self._job or self.reload()

    def write(self, events: Sequence[ev.AnyEvent], kept: Mapping[str, bytes] = _NOTHING) -> Job:
        """Appends *events*, whoever else writes meanwhile, and with them what is to be *kept* for later runs.

        RunLost where the run is over; InvalidTransition where an event no longer may follow.
        """
        return self.decide(lambda _job: events, kept)

    def decide(self, decision: Decision, kept: Mapping[str, bytes] = _NOTHING) -> Job:
        """Appends what *decision* makes of the job, deciding anew whenever somebody else was first."""
        for _ in range(ROUNDS):
            events = decision(self.job)
            if not (events or kept) or self._append(events, kept):
                return self.job
        raise CursorMoved(job_id=self.job_id, current="elsewhere, again and again")

    def create(self, first: Sequence[ev.AnyEvent]) -> Job:
        """Begins the log; where the very same id was created before, the job as it is."""
        self._keep(self.begin(first))
        return self.job

    def begin(self, first: Sequence[ev.AnyEvent]) -> Begun:
        """What *first* make, for whoever stores it himself."""
        self._epoch = new_epoch()
        return self._fold(None, first, _NOTHING)

    def kept(self) -> dict[str, bytes]:
        """What the job's runs have kept for those after them."""
        return self._patiently(lambda: self.log.kept(self.job_id))

    def reload(self) -> Job:
        """Reads the job anew; RunLost where it is no longer this writer's."""
        job, self._since = self._patiently(lambda: _look(self.log, self.job_id))
        if self.run is not None and (job.run != self.run or job.worker is None or job.state.terminal):
            raise RunLost(job_id=self.job_id, run=self.run)
        self._job = job
        if job.epoch == self._stored.epoch and job.seq < self._stored.seq:
            #: A log behind its writer lost what readers have seen: a new epoch tells them so. Where the log stood is
            #: remembered until that is stored: somebody else may append in the old epoch first.
            self._epoch = new_epoch()
        else:
            self._epoch, self._stored = job.cursor.epoch, job.cursor
        return job

    def _append(self, events: Sequence[ev.AnyEvent], kept: Mapping[str, bytes]) -> bool:
        """True once *events* are stored; False where another writer came first."""
        job = self.job
        #: Until it is stored the fold stands ahead of the log; whatever happens between is cured by reading again.
        self._job = None
        return self._keep(self._fold(job, events, kept))

    def _fold(self, job: Job | None, events: Sequence[ev.AnyEvent], kept: Mapping[str, bytes]) -> Begun:
        expect = NOWHERE if job is None else job.cursor
        entries, time = [], rfc3339(self.clock())
        for event in events:
            data, read = ev.written(event)
            record = self._record(job, event, time, data)
            #: As it is read, not as it was made: the fold here is the fold of whoever loads the job.
            job = apply(job, record, read)
            entries.append((record.type, _encoder.encode(record)))
        if job is None:
            raise JobNotFound(job_id=self.job_id)
        head = head_of(job)
        return Begun(job, head, self._batch(job, head, expect, entries, kept))

    def _keep(self, made: Begun) -> bool:
        if not self._store(made.batch):
            return False
        self._job = made.job
        if made.batch.entries:
            self._stored = made.job.cursor
        return True

    def _record(self, job: Job | None, event: ev.AnyEvent, time: str, data: bytes) -> Record:
        seq, attempt = (job.seq + 1, job.attempt) if job else (1, 0)
        return Record(
            id=f"{self._epoch}-{seq}",
            seq=seq,
            type=event.type,
            job=self.job_id,
            time=time,
            attempt=event.attempt if isinstance(event, ev.JobStarted) else attempt,
            data=msgspec.Raw(data),
        )

    def _batch(
        self, job: Job, head: Head, expect: Cursor, entries: list[tuple[str, bytes]], kept: Mapping[str, bytes]
    ) -> Batch:
        terminal = job.state.terminal
        #: A process of a version that knows of no children folds from behind all that tells of one.
        whole = terminal or job.waits_for is not None or self._due(len(entries))
        return Batch(
            expect=expect,
            epoch=job.epoch,
            entries=entries,
            batch_id=os.urandom(6).hex(),
            head=encode_head(head),
            checkpoint=_encoder.encode(job) if whole else None,
            terminal=terminal,
            kept=kept,
        )

    def _store(self, batch: Batch) -> bool:
        try:
            self._patiently(lambda: self.log.append(self.job_id, batch))
        except CursorMoved:
            self.reload()
            return False
        return True

    def _due(self, added: int) -> bool:
        self._since += added
        if self._since < CHECKPOINT_EVENTS and self.clock() - self._checkpoint_at < CHECKPOINT_MS:
            return False
        self._since, self._checkpoint_at = 0, self.clock()
        return True

    def _patiently(self, call: Callable[[], R]) -> R:
        tries = 0
        while True:
            try:
                return call()
            except LogUnavailable as error:
                tries += 1
                self.patience(error, tries)
