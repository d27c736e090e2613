"""Before a stream is there: its room first, then one look at the log, which serves the answer and the stream."""

from typing import TYPE_CHECKING, NamedTuple

from app.relay.reader import END
from app.relay.replay import BEGINNING, LATEST
from jobs.eventlog import Cursor, Page
from jobs.head import Head, decode_head

if TYPE_CHECKING:
    from app.relay.hub import Relay
    from app.relay.room import Room

#: Seconds for which a request waits for its room; a stream, which is no request any more, waits longer.
PATIENCE = 1.0


class Standing(NamedTuple):
    """Where a job's log stands, and what its head says; read while its room was listening."""

    #: With events, where nobody had looked for long. None where others have a moment ago, and what they saw will do: as
    #: in a storm of readers.
    page: Page | None
    head: Head


def look(relay: "Relay", job_id: str, after: Cursor | str | None) -> Standing | None:
    """The job as it stands, for a reader from *after* on, who is to be adopted with it; JobNotFound, LogUnavailable.

    None while the live feed is broken: a stream waits for it, a request does not.
    From here on its room follows the log by itself: whoever enters is told what has come meanwhile.
    """
    relay.start()
    if relay.feed.broken_since is not None:
        return None
    room = relay.rooms.visit(job_id)
    try:
        return _look(relay, room, after) if room.ready.wait(PATIENCE) else None
    finally:
        relay.rooms.go(room)


def _look(relay: "Relay", room: "Room", after: Cursor | str | None) -> Standing:
    reader, job_id = relay.reader, room.job_id
    if after != LATEST and reader.knows(job_id):
        return Standing(None, reader.head(job_id))
    page = reader.stand(job_id) if after == LATEST else reader.look(job_id, _behind(after))
    head = decode_head(page.head)
    if room.last is None:
        room.learn(head)
        relay.live.deliver(room, room.begin(page.last))
    return Standing(page, head)


def _behind(after: Cursor | str | None) -> int:
    """The seq behind which a reader from *after* on reads the log first."""
    if isinstance(after, Cursor):
        return after.seq
    return 0 if after == BEGINNING else END
