"""Those who are live in one room through one lens, and what they have yet to be sent: encoded once for them all."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from app.relay.lens import Lens
from app.relay.merge import merge
from app.relay.rate import Rate
from jobs.eventlog import Cursor, Entry
from jobs.events import TERMINAL

if TYPE_CHECKING:
    from app.relay.room import Room
    from app.relay.subscriber import Subscriber

#: Events, and bytes of them, that may wait for their time; more go at once, merged.
WAITING, WAITING_BYTES = 512, 128 * 1024
#: Listeners from which on they are kept in a set.
FEW = 5
#: Bytes sent at a time: what of it a blocked listener could not take is kept for it.
LOAD = 32 * 1024


class Load(msgspec.Struct, frozen=True, gc=False):
    """What goes out in one flush: the bytes, up to which event, to whom, and whether nothing follows it."""

    data: bytes
    at: Cursor
    listeners: Sequence["Subscriber"]
    last: bool = False
    #: Whether a job has ended that somebody named: it may have been the last of them.
    look: bool = False
    #: Events that it tells of, where somebody asks.
    count: int = 0


class Audience:
    """Belongs to its room for as long as anybody listens."""

    __slots__ = ("due", "flushed", "lens", "listeners", "newcomers", "queued", "room", "sending", "size", "waiting")

    def __init__(self, room: "Room", lens: Lens) -> None:
        self.room, self.lens = room, lens
        #: A set from FEW on: most jobs are watched by one, and thousands of sets of one are to be small.
        self.listeners: tuple[Subscriber, ...] | set[Subscriber] = ()
        #: Those who came while something waited, and up to where they had been told of it by then.
        self.newcomers: dict[Subscriber, Cursor] | None = None
        self.waiting: list[Entry] | None = None
        self.size = 0
        #: When something was last sent, and when what waits is due (None: nothing waits).
        self.flushed = 0.0
        self.due: float | None = None
        #: Whether its turn to be flushed has come, and whether that is under way.
        self.queued = self.sending = False

    @property
    def idle(self) -> bool:
        """Whether all that listen have been told everything."""
        return not (self.waiting or self.sending)

    def enter(self, subscriber: "Subscriber", at: Cursor) -> None:
        if self.waiting:
            if self.newcomers is None:
                self.newcomers = {}
            self.newcomers[subscriber] = at
        if isinstance(self.listeners, set):
            self.listeners.add(subscriber)
        else:
            more = (*self.listeners, subscriber)
            self.listeners = more if len(more) < FEW else set(more)

    def leave(self, subscriber: "Subscriber") -> None:
        if isinstance(self.listeners, set):
            self.listeners.discard(subscriber)
        else:
            self.listeners = tuple(other for other in self.listeners if other is not subscriber)
        if self.newcomers is not None:
            self.newcomers.pop(subscriber, None)

    def add(self, entries: Sequence[Entry], rate: Rate, now: float) -> float | None:
        """Takes what is wanted of *entries*; when all that waits is due now, None where it was due then already."""
        wanted = self.lens.choose(entries)
        if not wanted:
            return None
        if self.waiting is None:
            self.waiting = []
        self.waiting += wanted
        due = now if rate.plain or self._full(wanted) else max(now, self.flushed + rate.shortest(wanted))
        if self.due is not None and self.due <= due:
            return None
        self.due = due
        return due

    def at_once(self, entries: Sequence[Entry], rate: Rate, now: float) -> Load | None:
        """*entries*, which the room has just passed on, as one load; None where they are to go the long way.

        That is where they may wait or others wait before them, where they are too many or may be the last.
        """
        lens = self.lens
        if self.waiting or self.sending or self.room.over or lens.choice is not None:
            return None
        if not rate.at_once(entries) or (len(entries) > 1 and bytes_of(entries) > LOAD):
            return None
        wanted = lens.choose(entries)
        if not wanted:
            return None
        self.flushed = now
        return Load(lens.encode(wanted), entries[-1].cursor, tuple(self.listeners))

    def _full(self, wanted: Iterable[Entry]) -> bool:
        """Whether too much waits with *wanted* for any of it to wait longer."""
        self.size += bytes_of(wanted)
        return len(self.waiting or ()) > WAITING or self.size > WAITING_BYTES

    def replan(self, rate: Rate, now: float) -> float | None:
        """The rate has changed: when what waits is due now, None where nothing does."""
        if self.waiting:
            self.due = max(now, self.flushed + rate.shortest(self.waiting))
            return self.due
        return None

    def take(self, rate: Rate, now: float) -> list[Load]:
        """What waits, for whom: one load for all, and one for each place that newcomers had been told up to."""
        entries, newcomers = self.waiting or (), self.newcomers
        self.waiting, self.newcomers, self.size = None, None, 0
        self.due, self.flushed = None, now
        if not newcomers:
            return self._loads(entries, rate, tuple(self.listeners))
        loads = self._loads(entries, rate, tuple(who for who in self.listeners if who not in newcomers))
        for place in set(newcomers.values()):
            later = [entry for entry in entries if entry.cursor.seq > place.seq]
            loads += self._loads(later, rate, tuple(who for who, since in newcomers.items() if since == place))
        return loads

    def _loads(self, entries: Sequence[Entry], rate: Rate, listeners: Sequence["Subscriber"]) -> list[Load]:
        if not (entries and listeners):
            return []
        one = len(entries) == 1
        if not (one or rate.plain):
            entries = merge(entries, logs=rate.logs)
        *first, rest = [entries] if one or bytes_of(entries) < LOAD else stretches_of(entries)
        loads = [Load(self.lens.encode(stretch), stretch[-1].cursor, listeners) for stretch in first]
        whole, data, over = self.room.last, self.lens.encode(rest), self.room.over
        assert whole is not None  # noqa: S101 - something was passed on
        if over:
            data += self.lens.control("stream.end", self.room.job_id, {"reason": "terminal"}, cursor=whole)
        loads.append(Load(data, whole, listeners, over, not over and self._may_end(entries)))
        return loads

    def _may_end(self, entries: Iterable[Entry]) -> bool:
        choice = self.lens.choice
        if choice is None or not choice.jobs:
            return False
        return any(entry.type in TERMINAL for entry in entries)


def bytes_of(entries: Iterable[Entry]) -> int:
    """How large *entries* are, but for their frames."""
    return sum([len(entry.envelope) for entry in entries])


def stretches_of(entries: Sequence[Entry], size: int = LOAD) -> Iterator[Sequence[Entry]]:
    """*entries* in runs of about *size* bytes each, at least one event."""
    begin = held = 0
    for index, entry in enumerate(entries):
        held += len(entry.envelope)
        if held >= size or index == len(entries) - 1:
            yield entries[begin : index + 1]
            begin, held = index + 1, 0
