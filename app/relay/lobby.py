"""Where the events of all jobs pass: one room of a web process, filled from the feed while anybody reads it."""

from collections.abc import Sequence

from app.relay.audience import Audience
from app.relay.choice import MANY, Choice
from app.relay.room import Register, Room
from jobs.errors import InvalidCursor
from jobs.eventlog import Cursor, Entry, Page
from jobs.feed import FeedPage

#: Seconds from one read of the feed to the next.
PAUSE = 0.005


class Lobby(Room):
    """A room whose bell says only how far the feed goes; what it says is read."""

    __slots__ = ("rung",)

    def __init__(self, register: Register, channel: bytes) -> None:
        super().__init__(MANY, register, channel)
        #: Where the feed stood when its bell rang last: it may ring while it is being read.
        self.rung: Cursor | None = None

    def hear(self, payload: bytes) -> None:
        try:
            self.rung = Cursor.parse(payload.decode("ascii", "replace"))
        except InvalidCursor:
            self.rung = None

    @property
    def behind(self) -> bool:
        """Whether the bell has told of more than was passed on."""
        if self.last is None or self.rung is None:
            return False
        return self.rung.epoch != self.last.epoch or self.rung.seq > self.last.seq

    def note(self, passed: Sequence[Entry]) -> None:
        """No one job, so nothing that it waits for; and one job's end is not the feed's."""

    def concerned(self, entries: Sequence[Entry]) -> list[Audience]:
        """Most name a few jobs: they are passed over without a look at each event."""
        ids = {entry.job.id for entry in entries if entry.job is not None}
        return [audience for audience in self.live.values() if not _elsewhere(audience.lens.choice, ids)]

    @property
    def pause(self) -> float:
        """Long enough for a read to find several appends: each read costs two calls, however much it finds."""
        return PAUSE

    @property
    def watched(self) -> set[str]:
        """Only who names a job is watching it."""
        lenses = [*self.live, *(subscriber.reading.lens for subscriber in self.joining)]
        return {job_id for lens in lenses if lens.choice is not None for job_id in lens.choice.jobs}


def _elsewhere(choice: Choice | None, ids: set[str]) -> bool:
    return choice is not None and bool(choice.jobs) and choice.jobs.isdisjoint(ids)


def dense(found: FeedPage, after: int) -> Page:
    """*found* as a page without holes in its numbers: for events of jobs that are gone stands one that nobody wants."""
    by_number = {entry.cursor.seq: entry for entry in found.entries}
    numbers = range(max(after + 1, found.oldest), found.upto.seq + 1)
    epoch = found.last.epoch
    entries = [by_number.get(number) or Entry(Cursor(epoch, number), "", b"") for number in numbers]
    return Page(entries, found.last, found.oldest, b"")
