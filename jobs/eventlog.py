"""The port of the event log: append after a cursor, read after a cursor, and nothing else."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import msgspec

from jobs.errors import InvalidCursor

#: Enough for any epoch and any seq; short and plain enough for a Last-Event-ID without CORS preflight.
_CURSOR = re.compile(r"([a-z0-9]{4,12})-(0|[1-9][0-9]{0,14})", re.ASCII)


class Cursor(msgspec.Struct, frozen=True, gc=False):
    """A position in one log: ``k3f9-17`` stands behind event 17 of epoch k3f9."""

    epoch: str
    seq: int

    def __str__(self) -> str:
        return f"{self.epoch}-{self.seq}"

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        """The cursor that an event's id gives; InvalidCursor where none could."""
        found = _CURSOR.fullmatch(text)
        if found is None:
            raise InvalidCursor(cursor=text[:64])
        return cls(found[1], int(found[2]))


#: Before the first event of a log that is yet to be made.
NOWHERE = Cursor("", 0)


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename={"from_seq": "from"}):
    """The envelope of one event, the same on every transport; ``data`` stays encoded."""

    id: str
    seq: int
    from_seq: int | None = None
    type: str
    job: str
    time: str
    attempt: int
    data: msgspec.Raw


class Subject(NamedTuple):
    """A job, as far as a choice among many asks."""

    id: str
    type: str
    labels: frozenset[tuple[str, str]]


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One stored event as a reader gets it: enough to order and filter it without parsing JSON.

    A relay makes one for every event of every job: a struct that no garbage collector looks at is the cheapest.
    """

    cursor: Cursor
    type: str
    envelope: bytes
    #: Whose event it is, where the log tells of more jobs than one.
    job: Subject | None = None


class Batch(NamedTuple):
    """What one append stores, all or nothing; ``entries`` are dense after ``expect``."""

    expect: Cursor
    epoch: str
    entries: Sequence[tuple[str, bytes]]
    #: Made once per batch: an append repeated because its reply was lost is recognised by it.
    batch_id: str
    #: The small summary that claims, sweeps and lists read instead of the log (at most 2 KiB).
    head: bytes
    #: The whole job as folded up to the end of this batch, where it is time for a checkpoint.
    checkpoint: bytes | None = None
    terminal: bool = False
    #: What a later run of the job is to find again, by name; stored with the batch, which may have no entry then.
    kept: Mapping[str, bytes] = {}


class Page(NamedTuple):
    """A stretch of a log after a cursor, and where the log begins and ends."""

    entries: list[Entry]
    #: The last event of the log.
    last: Cursor
    #: The seq of the oldest event kept.
    oldest: int
    head: bytes


class EventLog(Protocol):
    """The ordered record of each job's events.

    ``append`` returns the cursor behind the batch; it raises CursorMoved where the log does not stand at
    ``batch.expect`` (unless this very batch is there already) and JobNotFound where it is gone; ``read`` and
    ``load`` raise JobNotFound. Every call raises LogUnavailable while the store cannot be reached; an append that
    raised it may or may not have been stored.
    """

    def append(self, job_id: str, batch: Batch) -> Cursor: ...

    def read(self, job_id: str, after: int, limit: int = 1000) -> Page: ...

    def load(self, job_id: str) -> tuple[bytes | None, Page]:
        """The last checkpoint (None before the first) and every event after it, in one look."""
        ...

    def kept(self, job_id: str) -> dict[str, bytes]:
        """What the job's runs have kept for those after them; nothing where there is no such job."""
        ...

    def heads(self, job_ids: Sequence[str]) -> list[bytes | None]: ...

    def stands(self, job_ids: Sequence[str]) -> list[Page | None]:
        """Where each log begins and ends, as pages without events; None where there is no such job."""
        ...

    def delete(self, job_id: str) -> None: ...
