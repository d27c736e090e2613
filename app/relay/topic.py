"""One job's live events in one web process: whatever arrives goes on in order, each event once, or a hole is told.

Pure: live messages and pages of the log come in, runs of events in order go out. Dense numbers make every
loss visible: a message that pub/sub dropped shows as a hole, and the log fills it.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from itertools import islice

from jobs.eventlog import Cursor, Entry
from jobs.events import TERMINAL
from jobs.news import parse_live

#: Events kept for readers that are just a little behind, so that they need not read the log again.
RING = 256
#: Live events held back while a hole is being filled; more are dropped, the log has them.
HELD = 2000


class Topic:
    """What of one job has been passed on, up to :attr:`last`."""

    __slots__ = ("_ring", "held", "job_id", "last", "lost", "over")

    def __init__(self, job_id: str) -> None:
        self.job_id = job_id
        #: The last event passed on; None until somebody has read the log.
        self.last: Cursor | None = None
        #: True once the log went on in another epoch: every reader must look anew.
        self.lost = False
        #: True once the terminal event was passed on.
        self.over = False
        #: Made for the first event: a room in which nothing happens is to be small.
        self._ring: deque[Entry | bytes] | None = None
        #: Live events that wait for others which must come before them.
        self.held: list[Entry] | None = None

    @property
    def kept(self) -> int:
        """How many events are kept of what was passed on."""
        return RING

    def begin(self, at: Cursor) -> Sequence[Entry]:
        """A first reader has read the log up to *at*; what had arrived live meanwhile follows."""
        if self.last is None:
            self.last = at
            #: What was passed on before need not lead up to here.
            self._ring = None
        return self.take([])

    def take(self, entries: Sequence[Entry]) -> Sequence[Entry]:
        """Those of *entries*, and of what was held back, that now follow in order."""
        last = self.last
        passed = entries if last is not None and not self.held and _follow(last, entries) else self._sort(entries)
        if passed:
            self.keep(passed, passed[-1].cursor)
            self.note(passed)
        return passed

    def keep(self, passed: Sequence[Entry | bytes], at: Cursor) -> None:
        """*passed*, which lead up to *at*, have just been passed on; bytes are messages of one event each."""
        if self._ring is None:
            self._ring = deque(maxlen=self.kept)
        self._ring.extend(passed)
        self.last = at

    def note(self, passed: Sequence[Entry]) -> None:
        """What *passed*, which has just been passed on, says of the job."""
        self.over = self.over or passed[-1].type in TERMINAL

    def _sort(self, entries: Sequence[Entry]) -> list[Entry]:
        """What follows, where some came late, twice, too early or from another epoch."""
        passed: list[Entry] = []
        last = self.last
        waiting = sorted([*self.held, *entries], key=_seq) if self.held else entries
        self.held = None
        for entry in waiting:
            if last is None:
                self._hold(entry)
            elif entry.cursor.epoch != last.epoch:
                self.lost = self.lost or entry.cursor.seq > 0
                break
            elif entry.cursor.seq == last.seq + 1:
                last = entry.cursor
                passed.append(entry)
            elif entry.cursor.seq > last.seq:
                self._hold(entry)
        return passed

    def since(self, at: Cursor) -> list[Entry] | None:
        """What was passed on after *at*; None where that is no longer at hand, or *at* is ahead of it."""
        last, ring = self.last, self._ring or ()
        if last is None or at.epoch != last.epoch or not 0 <= last.seq - at.seq <= len(ring):
            return None
        #: They are dense, so their number tells where they begin.
        kept = islice(ring, len(ring) - (last.seq - at.seq), None)
        return [each if isinstance(each, Entry) else parse_live(each)[0] for each in kept]

    def _hold(self, entry: Entry) -> None:
        if self.held is None:
            self.held = []
        if len(self.held) < HELD:
            self.held.append(entry)


def _follow(last: Cursor, entries: Iterable[Entry]) -> bool:
    """Whether *entries* come one by one behind *last*, as nearly always."""
    epoch, seq = last.epoch, last.seq
    for entry in entries:
        seq += 1
        at = entry.cursor
        if at.seq != seq or at.epoch != epoch:
            return False
    return True


def _seq(entry: Entry) -> int:
    return entry.cursor.seq
