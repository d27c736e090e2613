"""Where the events of all jobs pass: one room in a web process, filled from the feed for as long as anybody reads it."""

from app.relay.choice import MANY
from app.relay.room import Room
from jobs import keys
from jobs.errors import InvalidCursor
from jobs.eventlog import Cursor, Entry, Page
from jobs.feed import FeedPage


class Lobby(Room):
    """A room whose bell says only how far the feed goes; what it says is read."""

    __slots__ = ("rung",)

    def __init__(self) -> None:
        super().__init__(MANY)
        self.channel = keys.FEED.encode()
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

    def ends(self, entry: Entry) -> bool:  # noqa: ARG002 - one job's end is not the feed's
        return False

    @property
    def watched(self) -> set[str]:
        """Only who names a job is watching it."""
        lenses = [*self.live, *(subscriber.reading.lens for subscriber in self.joining)]
        return {job_id for lens in lenses if lens.choice is not None for job_id in lens.choice.jobs}


def dense(found: FeedPage, after: int) -> Page:
    """*found* as a page without holes in its numbers: for events of jobs that are gone stands one that nobody wants."""
    by_number = {entry.cursor.seq: entry for entry in found.entries}
    numbers = range(max(after + 1, found.oldest), found.upto.seq + 1)
    epoch = found.last.epoch
    entries = [by_number.get(number) or Entry(Cursor(epoch, number), "", b"") for number in numbers]
    return Page(entries, found.last, found.oldest, b"")
