"""The relay: one loop that owns every subscriber of a web process, and one Redis connection that feeds them all.

Drawn as one subscriber's way:

    adopt ─▶ join: SUBSCRIBE confirmed ─▶ open, snapshot or replay ─▶ caught up ─▶ live ─▶ end
              ▲                                                                     │
              └──────────────────── slow, or the log in another epoch ◀────────────┘
"""

import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import cast

import gevent
import redis
from gevent.event import Event
from gevent.hub import get_hub

from app.relay import join, upkeep
from app.relay.choice import MANY
from app.relay.feed import Feed
from app.relay.joinmany import JoinMany
from app.relay.live import Live
from app.relay.lobby import Lobby
from app.relay.poll import Poll
from app.relay.positions import Places, Positions
from app.relay.reader import Cards, Reader, Snapshot, no_cards
from app.relay.room import Room
from app.relay.subscriber import Reading, Subscriber, raw
from app.relay.upkeep import Pace
from jobs import keys
from jobs.errors import LogUnavailable
from jobs.feed import FedLog

log = logging.getLogger("tailrace.stream")


@dataclass
class Tally:
    """What the relay has done since it began."""

    opened: int = 0
    closed: int = 0
    events: int = 0
    bytes: int = 0
    reasons: dict[str, int] = field(default_factory=dict)


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
        self.live = Live(self)
        self.feed = Feed(client, self.live.on_live, self.live.on_ready)
        self.tally = Tally()
        self.draining = False
        self._rooms: dict[bytes, Room] = {}
        self._subscribers: dict[int, Subscriber] = {}
        self._poll = Poll(get_hub(), self._on_writable, self._on_gone)
        self._ticker: gevent.Greenlet | None = None

    def __len__(self) -> int:
        return len(self._subscribers)

    def subscribers(self) -> list[Subscriber]:
        return list(self._subscribers.values())

    def rooms(self) -> list[Room]:
        return list(self._rooms.values())

    def room(self, channel: bytes) -> Room | None:
        """The room that *channel* belongs to, if anybody listens."""
        return self._rooms.get(channel)

    def holds(self, room: Room) -> bool:
        """Whether anybody still listens in *room*."""
        return self._rooms.get(room.channel) is room

    # Coming and going -----------------------------------------------------------------------------------------

    def adopt(self, sock: socket.socket, reading: Reading, head: bytes = b"") -> None:
        """Takes the connection; *head* (an HTTP response head, where one is due) goes out first."""
        self._start()
        room = self._opened(reading.job_id)
        lifetime, beat = self.pace.rotate, self.pace.heartbeat
        subscriber = Subscriber(raw(sock), reading, room, lifetime=lifetime, beat=beat)
        self._subscribers[subscriber.fd] = subscriber
        self._poll.add(subscriber.fd)
        self.tally.opened += 1
        room.joining.add(subscriber)
        if not head or self._greet(subscriber, head):
            self.rejoin(subscriber)

    def _greet(self, subscriber: Subscriber, head: bytes) -> bool:
        try:
            return subscriber.write_plain(head) or self._wait(subscriber)
        except OSError:
            self.drop(subscriber, "gone")
            return False

    def _start(self) -> None:
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
        for room in self.rooms():
            room.ring()
        upkeep.drain(self, spread_seconds)

    def _opened(self, job_id: str) -> Room:
        channel = (keys.FEED if job_id == MANY else keys.log(job_id)).encode()
        room = self._rooms.get(channel)
        if room is None:
            room = self._rooms[channel] = Lobby() if job_id == MANY else Room(job_id)
            self.feed.subscribe(channel)
        return room

    def _shut(self, room: Room) -> None:
        """Nobody may be left in *room*: then its subscription ends too."""
        if room.empty and self.holds(room):
            del self._rooms[room.channel]
            self.feed.unsubscribe(room.channel)

    @contextmanager
    def listen(self, job_id: str) -> Iterator[Event]:
        """A bell that rings whenever something was appended to the job's log; LogUnavailable while Redis is away."""
        self._start()
        room, bell = self._opened(job_id), Event()
        room.bells.add(bell)
        try:
            if not room.ready.wait(join.CONFIRM):
                raise LogUnavailable(why="no confirmation")
            yield bell
        finally:
            room.bells.discard(bell)
            self._shut(room)

    def drop(self, subscriber: Subscriber, reason: str) -> None:
        """Closes the connection and frees all that it held."""
        if subscriber.closed:
            return
        subscriber.closed = True
        del self._subscribers[subscriber.fd]
        self._poll.remove(subscriber.fd)
        subscriber.sock.close()
        self._shut(self.leave(subscriber))
        self._note(subscriber, reason)

    def leave(self, subscriber: Subscriber) -> Room:
        """It listens no more; the room that it listened in."""
        room = cast("Room", subscriber.topic)
        room.leave(subscriber)
        return room

    def _note(self, subscriber: Subscriber, reason: str) -> None:
        tally, reading = self.tally, subscriber.reading
        tally.closed += 1
        tally.bytes += subscriber.sent
        tally.reasons[reason] = tally.reasons.get(reason, 0) + 1
        seconds = monotonic() - subscriber.opened
        log.info('%s "GET %s" 200 %d %.3fs %s', reading.peer, reading.path, subscriber.sent, seconds, reason)

    # Bytes ----------------------------------------------------------------------------------------------------

    def send(self, subscriber: Subscriber, data: bytes) -> bool:
        """Sends *data*; False where the subscriber is behind now or gone, and whoever called is done with it."""
        if subscriber.closed:
            return False
        try:
            return subscriber.write(data) or self._wait(subscriber)
        except OSError:
            self.drop(subscriber, "gone")
            return False

    def _wait(self, subscriber: Subscriber) -> bool:
        """What stayed behind goes on when the socket takes more."""
        self._poll.want_write(subscriber.fd)
        return False

    def end(self, subscriber: Subscriber, data: bytes, reason: str) -> None:
        """Sends the last *data* and closes once it is out."""
        if subscriber.closed or subscriber.ending:
            return
        subscriber.ending = True
        try:
            if subscriber.write(data, last=True) or self._wait(subscriber):
                self.drop(subscriber, reason)
        except OSError:
            self.drop(subscriber, "gone")

    def _on_writable(self, fd: int) -> None:
        subscriber = self._subscribers.get(fd)
        if subscriber is None:
            return
        try:
            drained = subscriber.drain()
        except OSError:
            self.drop(subscriber, "gone")
            return
        if drained:
            self._poll.want_write(fd, wanted=False)
            if subscriber.ending:
                self.drop(subscriber, "ended")
            else:
                self.rejoin(subscriber)

    def _on_gone(self, fd: int) -> None:
        subscriber = self._subscribers.get(fd)
        if subscriber is not None:
            self.drop(subscriber, "gone")

    # Joining --------------------------------------------------------------------------------------------------

    def rejoin(self, subscriber: Subscriber) -> None:
        """Reads the subscriber up to date from the log, in a greenlet that ends when it is live or falls behind."""
        kind = join.Join if subscriber.reading.lens.choice is None else JoinMany
        gevent.spawn(join.run, self, subscriber, kind)
