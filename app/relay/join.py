"""From a cursor to live: what one subscriber is told before it listens with the others.

The room's channel is confirmed before the log is read, so whatever is appended meanwhile arrives live or is seen as
a hole. Nothing waits in memory for a slow reader: it is told a stretch, and when it has taken that, the next.
"""

import random
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, cast

import gevent

from app.relay import dialogue, upkeep
from app.relay.audience import stretches_of
from app.relay.merge import merge
from app.relay.rate import MERGING
from app.relay.reader import END
from app.relay.replay import BEGINNING, LATEST, SNAPSHOT, Gap, gap
from app.relay.rooms import CONFIRM
from app.relay.stretches import Key, Stretch
from app.relay.subscriber import Subscriber
from jobs.errors import LogUnavailable
from jobs.eventlog import Cursor, Entry, Page
from jobs.events import TERMINAL
from jobs.head import decode_head

if TYPE_CHECKING:
    from app.relay.hub import Relay
    from app.relay.room import Room

#: Bytes of events put into one send of a replay, and into one to a reader that is known to be slow.
STRETCH, SLOW_STRETCH = 64 * 1024, 16 * 1024


class Join:
    """The way of a reader of one job; what differs for one of many is in ``joinmany``."""

    def __init__(self, relay: "Relay", subscriber: Subscriber, page: Page | None = None) -> None:
        self.relay, self.subscriber, self.page = relay, subscriber, page
        self.room = cast("Room", subscriber.topic)
        self.reading, self.job_id = subscriber.reading, subscriber.reading.job_id
        #: What is told with whatever comes next: a send costs as much as all the rest of it.
        self._said = b""

    def run(self) -> None:
        if not self.room.ready.wait(CONFIRM):
            raise LogUnavailable(why="no confirmation")
        if self.subscriber.slow:
            self.relay.turns.wait()
        if self.subscriber.fresh:
            self._open()
        while not self.subscriber.closed and self._advance():
            if self.subscriber.slow:
                self.relay.turns.wait()

    # The beginning --------------------------------------------------------------------------------------------

    def _open(self) -> None:
        """Where the stream stands, and whatever must be told before the first event."""
        reading, lens = self.reading, self.reading.lens
        page = self.page or self._at(reading.after)
        opened = {
            "cursor": str(self._newest(page)),
            "oldest": page.oldest,
            "retention_seconds": self.relay.retention_seconds,
            "transport": lens.transport,
            "filters": lens.filters,
        }
        self._said = lens.retry(random.randint(500, 1500)) + reading.told("stream.open", opened)  # noqa: S311 - jitter
        self._said += self._begin(reading.after, page)

    def _send(self, data: bytes = b"") -> bool:
        """Sends what was said and *data*; what the client of a WebSocket is owed comes after the first of all."""
        data, self._said = self._said + data, b""
        first, self.subscriber.fresh = self.subscriber.fresh, False
        if data and not self.relay.send(self.subscriber, data):
            return False
        return not first or dialogue.settle(self.relay, self.subscriber)

    def _at(self, after: Cursor | str | None) -> Page:
        """Where the log stands; looked up anew where a shared look is older than the reader's own cursor.

        While the feed is broken it is not known what a shared look has missed.
        """
        broken = self.relay.feed.broken_since is not None
        page = self.relay.reader.page(self.job_id, END, fresh=broken or after == LATEST)
        outdated = self.room.last is not None and self.room.last.epoch != page.last.epoch
        if outdated or (isinstance(after, Cursor) and gap(after, page) is not None):
            page = self.relay.reader.page(self.job_id, END, fresh=True)
        return page

    def _newest(self, page: Page) -> Cursor:
        """Where the log stands: *page* may be older than what the room has heard since."""
        last = self.room.last
        if last is not None and last.epoch == page.last.epoch and last.seq > page.last.seq:
            return last
        return page.last

    def _begin(self, after: Cursor | str | None, page: Page) -> bytes:
        if after == LATEST:
            self.subscriber.position = page.last
            #: Read after the channel was confirmed: where nobody had read yet, the room begins with this.
            self._share(page)
            return b""
        if after == SNAPSHOT:
            return self._snapshot()
        at = Cursor(page.last.epoch, 0) if after == BEGINNING else after
        missing = gap(at if isinstance(at, Cursor) else None, page)
        if missing is not None:
            return self._gap(missing)
        self.subscriber.position = at
        return b""

    def _snapshot(self) -> bytes:
        cursor, job = self.relay.reader.snapshot(self.job_id)
        self.subscriber.position = cursor
        return self.reading.told("stream.snapshot", {"job": job}, cursor)

    def _gap(self, missing: Gap) -> bytes:
        return self.reading.told("stream.gap", missing.data) + self._snapshot()

    # The replay -----------------------------------------------------------------------------------------------

    def _advance(self) -> bool:
        """Tells one more stretch; False once there is nothing more to do here."""
        at = self.subscriber.position
        assert isinstance(at, Cursor)  # noqa: S101 - _open put one there
        near, over = self.room.since(at), self.room.over
        if near is None:
            #: A room begins behind the newest events, and hears only what came after its channel was confirmed.
            page = self._given(at) or self.relay.reader.page(self.job_id, at.seq, since=self.room.confirmed)
            if gap(at, page) is not None:
                page = self.relay.reader.page(self.job_id, at.seq, fresh=True)
            if (missing := gap(at, page)) is not None:
                return self._tell_gap(missing, page)
            near = page.entries
            self._share(page)
            over = not near and self._finished(at, page)
        if not near:
            return self._arrive(at, over=over)
        return self._tell(at, near)

    def _given(self, at: Cursor) -> Page | None:
        """What was read before there was a stream, where it is what follows *at*."""
        page, self.page = self.page, None
        return page if page and page.entries and page.entries[0].cursor.seq == at.seq + 1 else None

    def _tell(self, at: Cursor, near: Sequence[Entry]) -> bool:
        stretch = self._stretch(near)
        #: It stands in the log as it is now, also behind an event that was written under an earlier epoch.
        self.subscriber.position = Cursor(at.epoch, stretch.end.seq)
        if stretch.terminal is not None:
            self._end(stretch.terminal, stretch.data)
            return False
        return not stretch.data or self._send(stretch.data)

    def _stretch(self, near: Sequence[Entry]) -> Stretch:
        """What of *near* is told next; the same for all who are at this place, but for what is merged."""
        if self._merging:
            return self._made(near)
        key = Key(self.job_id, self.reading.lens, near[0].cursor, near[-1].cursor)
        return self.relay.reader.stretches.get(key, partial(self._made, near))

    def _made(self, near: Sequence[Entry]) -> Stretch:
        chosen, end = self._cut(self._chosen(near), near[-1].cursor)
        terminal = chosen[-1].cursor if chosen and self._terminal(chosen[-1]) else None
        return Stretch(self._encoded(chosen), end, terminal)

    def _chosen(self, near: Sequence[Entry]) -> Sequence[Entry]:
        return self.reading.lens.choose(near)

    def _encoded(self, chosen: Sequence[Entry]) -> bytes:
        return self.reading.lens.encode(chosen)

    def _terminal(self, entry: Entry) -> bool:
        """Whether the stream ends with *entry*."""
        return entry.type in TERMINAL

    def _finished(self, at: Cursor, page: Page) -> bool:
        """Whether nothing can follow *at*, which *page* was read behind."""
        return at == page.last and decode_head(page.head).state.terminal

    def _cut(self, chosen: Sequence[Entry], end: Cursor) -> tuple[Sequence[Entry], Cursor]:
        """As much as makes about one stretch, at least one event, and what it stands for; merged for the slow."""
        if self._merging:
            chosen = merge(chosen, logs=True)
        stretch = next(stretches_of(chosen, SLOW_STRETCH if self.subscriber.slow else STRETCH), chosen)
        return stretch, end if len(stretch) == len(chosen) else stretch[-1].cursor

    @property
    def _merging(self) -> bool:
        return self.subscriber.slow or self.relay.live.level >= MERGING

    def _tell_gap(self, missing: Gap, page: Page) -> bool:
        if self.room.last is not None and gap(self.room.last, page) is not None:
            self.room.lost = True
            self.relay.live.deliver(self.room, [])
        return self._send(self._gap(missing))

    def _share(self, page: Page) -> None:
        """What was read for one is new to others too, and where nobody had read yet the room begins here."""
        room = self.room
        if self._passed(page):
            return
        if room.last is not None:
            #: Events of earlier epochs are history: the room is past them, or is told by the first that is not.
            self.relay.live.deliver(room, room.take([e for e in page.entries if e.cursor.epoch == page.last.epoch]))
        elif not page.entries or page.entries[-1].cursor == page.last:
            self._learn(page)
            self.relay.live.deliver(room, room.begin(page.last))

    def _passed(self, page: Page) -> bool:
        """Whether the room has had all of *page*: so it is for all but the first of a storm."""
        last, reach = self.room.last, page.entries[-1].cursor.seq if page.entries else 0
        return last is not None and last.epoch == page.last.epoch and reach <= last.seq

    def _learn(self, page: Page) -> None:
        """What the log says of the job where the room begins."""
        self.room.learn(decode_head(page.head))

    def _arrive(self, at: Cursor, *, over: bool) -> bool:
        if over:
            self._end(at, b"")
            return False
        if self.room.last != at:
            #: Ahead of the live feed, or its room has a hole: the log fills it, then both stand at one place.
            return self._wait()
        if not self.subscriber.caught_up:
            self.subscriber.caught_up = True
            if not self._send(self.reading.told("stream.caught_up", {}, at)):
                return False
        if self.relay.live.say(self.subscriber):
            self.subscriber.slow = False
            self.room.enter(self.subscriber)
        return False

    def _wait(self) -> bool:
        """The log is about to tell more: reads on."""
        if not self._send():
            return False
        upkeep.fill(self.relay, self.room)
        gevent.sleep(0.01)
        return True

    def _end(self, at: Cursor, data: bytes, reason: str = "terminal") -> None:
        data, self._said = self._said + data, b""
        if not self.subscriber.caught_up:
            data += self.reading.told("stream.caught_up", {}, at)
        self.relay.end(self.subscriber, data + self.reading.told("stream.end", {"reason": reason}, at), reason)
