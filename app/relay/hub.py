"""The relay: one loop that owns every subscriber of a web process, and one Redis connection that feeds them all.

Drawn as one subscriber's way:

    adopt ─▶ join: SUBSCRIBE confirmed ─▶ open, snapshot or replay ─▶ caught up ─▶ live ─▶ end
              ▲                                                                     │
              └──────────────────── slow, or the log in another epoch ◀────────────┘
"""

import random
import socket
from contextlib import AbstractContextManager
from time import monotonic
from typing import cast

import gevent
import redis
from gevent.event import Event
from gevent.hub import get_hub

from app.relay import dialogue, joining, upkeep
from app.relay.agenda import Agenda
from app.relay.census import Census
from app.relay.feed import Feed
from app.relay.live import Live
from app.relay.poll import Poll
from app.relay.positions import Places, Positions
from app.relay.reader import Cards, Reader, Snapshot, no_cards
from app.relay.reception import Reception
from app.relay.room import Room
from app.relay.rooms import Rooms
from app.relay.subscriber import Reading, Subscriber, raw
from app.relay.tally import Tally
from app.relay.turns import Turns
from app.relay.upkeep import Pace
from jobs.eventlog import Page
from jobs.feed import FedLog


class Relay:
    """Everything here runs in the thread of the gevent hub that made it."""

    def __init__(
        self,
        client: redis.Redis,
        eventlog: FedLog,
        snapshot: Snapshot,
        places: Places,
        *,
        pace: Pace,
        retention_seconds: int,
        cards: Cards = no_cards,
    ) -> None:
        self.pace, self.retention_seconds = pace, retention_seconds
        self.reader = Reader(eventlog, snapshot, cards)
        self.positions = Positions(self, places)
        self.turns = Turns()
        self.live = Live(self)
        self.reception = Reception(self)
        self.feed = Feed(client, self.reception.on_news, self.reception.on_ready)
        self.rooms = Rooms(self.feed)
        self.tally, self.census = Tally(), Census()
        self.draining = False
        #: Every stream, by its socket's number; when each is looked at.
        self.open: dict[int, Subscriber] = {}
        self.agenda = Agenda(upkeep.tick(pace), monotonic())
        #: By descriptor, the head of each HTTP response that is yet to go out, with the first bytes behind it.
        self._heads: dict[int, bytes] = {}
        self._poll = Poll(get_hub(), self._on_writable, self._on_readable, self._on_gone)
        self._ticker: gevent.Greenlet | None = None

    def __len__(self) -> int:
        return len(self.open)

    def subscribers(self) -> list[Subscriber]:
        return list(self.open.values())

    # Coming and going -----------------------------------------------------------------------------------------

    def adopt(
        self,
        sock: socket.socket,
        reading: Reading,
        head: bytes = b"",
        early: bytes = b"",
        page: Page | None = None,
    ) -> None:
        """Takes the connection; *head* (an HTTP response head, where one is due) goes out before the first bytes.

        *early* is what the client has said by now, as far as somebody has read it; *page* what a look found (arrival).
        """
        self.start()
        room = self.rooms.open(reading.job_id)
        lifetime, beat = self.pace.rotate, self.pace.heartbeat
        subscriber = Subscriber(raw(sock), reading, room, lifetime=lifetime)
        self.open[subscriber.fd] = subscriber
        self.agenda.put(subscriber, subscriber.opened + beat * random.random())  # noqa: S311 - jitter
        self._poll.add(subscriber.fd)
        self.tally.opened += 1
        self.census.enter(reading)
        room.expect(subscriber)
        if head:
            self._greet(subscriber, head)
        joining.begin(self, subscriber, page)
        dialogue.begin(self, subscriber, early)

    def _greet(self, subscriber: Subscriber, head: bytes) -> None:
        """With the first bytes, as long as nobody waits for *head* to say something himself."""
        self._heads[subscriber.fd] = head
        if subscriber.hearing is not None:
            self.send(subscriber, b"")

    def _write(self, subscriber: Subscriber, data: bytes, *, last: bool = False) -> bool:
        head = self._heads.pop(subscriber.fd, b"") if self._heads else b""
        if not head:
            return subscriber.write(data, last=last)
        if not subscriber.reading.lens.gzip:
            return subscriber.write(head + data, last=last)
        subscriber.write_plain(head)
        return subscriber.write(data, last=last)

    def start(self) -> None:
        if self._ticker is None:
            self.feed.start()
            self.live.delivery.start()
            self._ticker = gevent.spawn(upkeep.run, self, self.pace)

    def stop(self) -> None:
        """Closes every connection at once; the relay cannot be used afterwards."""
        for subscriber in self.subscribers():
            self.drop(subscriber, "stopped")
        if self._ticker is not None:
            self._ticker.kill()
        self.live.delivery.stop()
        self.feed.stop()
        self._poll.close()

    def drain(self, spread_seconds: float) -> None:
        """Takes nobody new, and asks everybody to come back elsewhere."""
        self.draining = True
        self.rooms.ring()
        upkeep.drain(self, spread_seconds)

    def listen(self, job_id: str) -> AbstractContextManager[Event]:
        """A bell that rings whenever something was appended to the job's log (``app/relay/rooms.py``)."""
        self.start()
        return self.rooms.listen(job_id)

    def drop(self, subscriber: Subscriber, reason: str) -> None:
        """Closes the connection and frees all that it held."""
        if subscriber.closed:
            return
        subscriber.closed = True
        del self.open[subscriber.fd]
        self._heads.pop(subscriber.fd, None)
        self._poll.remove(subscriber.fd)
        subscriber.sock.close()
        self.census.leave(subscriber.reading)
        self.rooms.shut(self.leave(subscriber))
        self.tally.note(subscriber, reason)

    def leave(self, subscriber: Subscriber) -> Room:
        """It listens no more; the room that it listened in."""
        room = cast("Room", subscriber.topic)
        room.leave(subscriber)
        return room

    # Bytes ----------------------------------------------------------------------------------------------------

    def send(self, subscriber: Subscriber, data: bytes) -> bool:
        """Sends *data*; False where the subscriber is behind now or gone, and whoever called is done with it."""
        if subscriber.closed or subscriber.ending:
            return False
        try:
            return self._write(subscriber, data) or self._wait(subscriber)
        except OSError:
            self.drop(subscriber, "gone")
            return False

    def _wait(self, subscriber: Subscriber) -> bool:
        """What stayed behind goes on when the socket takes more."""
        self.watch(subscriber)
        return False

    def watch(self, subscriber: Subscriber) -> None:
        """Looks out for what the subscriber waits for now."""
        if not subscriber.closed:
            hearing = subscriber.hearing
            self._poll.watch(subscriber.fd, write=bool(subscriber.rest), read=hearing is not None and hearing.listening)

    def end(self, subscriber: Subscriber, data: bytes, reason: str) -> None:
        """Sends the last event, *data*, and closes once it is out."""
        self.part(subscriber, data + subscriber.reading.lens.close(reason), reason)

    def part(self, subscriber: Subscriber, data: bytes, reason: str) -> None:
        """Sends *data*, then nothing any more, and closes once it is out."""
        if subscriber.closed or subscriber.ending:
            return
        subscriber.ending = reason
        self.leave(subscriber).expect(subscriber)
        try:
            if self._write(subscriber, data, last=True) or self._wait(subscriber):
                self._close(subscriber)
        except OSError:
            self.drop(subscriber, "gone")

    def _close(self, subscriber: Subscriber) -> None:
        """Everything is out; the client of a WebSocket may have its own close frame to send."""
        if subscriber.hearing is None:
            self.drop(subscriber, subscriber.ending)
        else:
            #: Closed with bytes unread it would be reset, and what is still on its way to the client lost.
            subscriber.parting = True
            subscriber.sock.shutdown(socket.SHUT_WR)
            self.watch(subscriber)

    def _on_writable(self, fd: int) -> None:
        subscriber = self.open.get(fd)
        if subscriber is None:
            return
        try:
            drained = subscriber.drain()
        except OSError:
            self.drop(subscriber, "gone")
            return
        if drained:
            self.watch(subscriber)
            if subscriber.ending:
                self._close(subscriber)
            elif dialogue.settle(self, subscriber):
                self.rejoin(subscriber)

    def _on_readable(self, fd: int) -> None:
        subscriber = self.open.get(fd)
        if subscriber is not None:
            dialogue.turn(self, subscriber)

    def _on_gone(self, fd: int) -> None:
        subscriber = self.open.get(fd)
        if subscriber is not None:
            dialogue.finish(self, subscriber)
            self.drop(subscriber, subscriber.ending if subscriber.parting else "gone")

    # Joining --------------------------------------------------------------------------------------------------

    def rejoin(self, subscriber: Subscriber) -> None:
        """Reads the subscriber up to date from the log, in a greenlet that ends when it is live or falls behind."""
        joining.spawn(self, subscriber)
