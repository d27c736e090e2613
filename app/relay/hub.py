"""The relay: one loop that owns every subscriber of a web process, and one Redis connection that feeds them all.

Drawn as one subscriber's way:

    adopt ─▶ join: SUBSCRIBE confirmed ─▶ open, snapshot or replay ─▶ caught up ─▶ live ─▶ end
              ▲                                                                     │
              └──────────────────── slow, or the log in another epoch ◀────────────┘
"""

import logging
import socket
from collections.abc import Iterable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, cast

import gevent
import redis
from gevent.hub import get_hub

from app.relay import join, upkeep
from app.relay.feed import Feed
from app.relay.poll import Poll
from app.relay.positions import Places, Positions
from app.relay.reader import Reader, Snapshot
from app.relay.room import Room
from app.relay.subscriber import Reading, Subscriber, raw
from app.relay.upkeep import Pace
from jobs import keys
from jobs.eventlog import Entry, EventLog
from jobs.events import TERMINAL
from jobs.redis_log import parse_live

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
        eventlog: EventLog,
        snapshot: Snapshot,
        places: Places,
        *,
        pace: Pace,
        retention_seconds: int,
    ) -> None:
        self.pace, self.retention_seconds = pace, retention_seconds
        self.reader = Reader(eventlog, snapshot)
        self.positions = Positions(self, places)
        self.feed = Feed(client, self._on_live, self._on_ready)
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

    def holds(self, room: Room) -> bool:
        """Whether anybody still listens in *room*."""
        return self._rooms.get(room.channel) is room

    # Coming and going -----------------------------------------------------------------------------------------

    def adopt(self, sock: socket.socket, reading: Reading, head: bytes = b"") -> None:
        """Takes the connection; *head* (an HTTP response head, where one is due) goes out first."""
        self._start()
        room = self._room(reading.job_id)
        lifetime, beat = self.pace.rotate, self.pace.heartbeat
        subscriber = Subscriber(raw(sock), reading, room, lifetime=lifetime, beat=beat)
        self._subscribers[subscriber.fd] = subscriber
        self._poll.add(subscriber.fd)
        self.tally.opened += 1
        room.joining.add(subscriber)
        if not head or self.send(subscriber, head):
            self.rejoin(subscriber)

    def _start(self) -> None:
        if self._ticker is None:
            self.feed.start()
            self._ticker = gevent.spawn(upkeep.run, self, self.pace)

    def stop(self) -> None:
        """Closes every connection at once; the relay cannot be used afterwards."""
        for subscriber in self.subscribers():
            self.drop(subscriber, "stopped")
        if self._ticker is not None:
            self._ticker.kill()
        self.feed.stop()
        self._poll.close()

    def drain(self, spread_seconds: float) -> None:
        """Takes nobody new, and asks everybody to come back elsewhere."""
        self.draining = True
        upkeep.drain(self, spread_seconds)

    def _room(self, job_id: str) -> Room:
        channel = keys.log(job_id).encode()
        room = self._rooms.get(channel)
        if room is None:
            room = self._rooms[channel] = Room(job_id)
            self.feed.subscribe(channel)
        return room

    def drop(self, subscriber: Subscriber, reason: str) -> None:
        """Closes the connection and frees all that it held."""
        if subscriber.closed:
            return
        subscriber.closed = True
        del self._subscribers[subscriber.fd]
        self._poll.remove(subscriber.fd)
        subscriber.sock.close()
        room = self._leave(subscriber)
        if not room.live and not room.joining and self.holds(room):
            del self._rooms[room.channel]
            self.feed.unsubscribe(room.channel)
        self._note(subscriber, reason)

    def _leave(self, subscriber: Subscriber) -> Room:
        room = cast("Room", subscriber.topic)
        room.joining.discard(subscriber)
        if subscriber.live:
            subscriber.live = False
            listeners = room.live[subscriber.reading.lens]
            listeners.discard(subscriber)
            if not listeners:
                del room.live[subscriber.reading.lens]
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
            whole = subscriber.write(data)
        except OSError:
            self.drop(subscriber, "gone")
            return False
        if not whole:
            self._poll.want_write(subscriber.fd)
        return whole

    def end(self, subscriber: Subscriber, data: bytes, reason: str) -> None:
        """Sends the last *data* and closes once it is out."""
        subscriber.ending = True
        if self.send(subscriber, data):
            self.drop(subscriber, reason)

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
        gevent.spawn(join.run, self, subscriber)

    def enter(self, subscriber: Subscriber) -> None:
        """The subscriber stands where its room does: from here on it gets what the room gets."""
        room = self._leave(subscriber)
        subscriber.live = room.fresh = True
        room.live.setdefault(subscriber.reading.lens, set()).add(subscriber)

    def _fall_behind(self, room: Room, subscriber: Subscriber) -> None:
        """The subscriber could not take everything: its place is kept as a cursor, not as a buffer."""
        self._leave(subscriber)
        subscriber.position = room.last
        room.joining.add(subscriber)

    # Live -----------------------------------------------------------------------------------------------------

    def _on_ready(self, channel: bytes) -> None:
        room = self._rooms.get(channel)
        if room is None:
            return
        if room.ready.is_set():
            upkeep.fill(self, room)
        room.ready.set()

    def _on_live(self, channel: bytes, payload: bytes) -> None:
        room = self._rooms.get(channel)
        if room is not None:
            self.deliver(room, room.take(list(parse_live(payload))))
            if room.holed and room.last is not None:
                upkeep.fill(self, room)

    def deliver(self, room: Room, entries: list[Entry]) -> None:
        """Passes *entries* on to all that are live in *room*; each lens encodes them once."""
        if entries:
            self.tally.events += len(entries)
            room.follow(entries)
            for lens, listeners in tuple(room.live.items()):
                data = lens.events(entries)
                if data:
                    self._pass_on(room, tuple(listeners), data)
            if entries[-1].type in TERMINAL:
                self.end_all(room, "terminal")
        if room.lost:
            self._renew(room)

    def tell(self, room: Room, name: str, data: dict[str, Any]) -> None:
        """An event of the stream itself, to all that are live in *room* and have taken what they were sent."""
        for lens, listeners in tuple(room.live.items()):
            ready = [subscriber for subscriber in listeners if not subscriber.rest]
            self._pass_on(room, ready, lens.control(name, room.job_id, data))

    def _pass_on(self, room: Room, listeners: Iterable[Subscriber], data: bytes) -> None:
        for subscriber in listeners:
            if not self.send(subscriber, data) and not subscriber.closed:
                self._fall_behind(room, subscriber)

    def end_all(self, room: Room, reason: str) -> None:
        for lens, listeners in tuple(room.live.items()):
            last = lens.control("stream.end", room.job_id, {"reason": reason}, cursor=room.last)
            for subscriber in tuple(listeners):
                self.end(subscriber, last, reason)

    def _renew(self, room: Room) -> None:
        """The log went on in another epoch: whoever was live looks anew and is told of the gap."""
        subscribers = [s for listeners in room.live.values() for s in listeners]
        for subscriber in subscribers:
            self._fall_behind(room, subscriber)
        room.last, room.lost, room.over = None, False, False
        for subscriber in subscribers:
            self.rejoin(subscriber)
