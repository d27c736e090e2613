"""The relay: one loop that owns every subscriber of a web process, and one Redis connection that feeds them all.

adopt ─▶ join: SUBSCRIBE confirmed ─▶ open, snapshot or replay ─▶ caught up ─▶ live ─▶ end
▲                                                          │
└────────────── slow, a hole, a new epoch ◀────────────────┘
"""

import logging
import random
import socket
from dataclasses import dataclass, field
from time import monotonic
from typing import cast

import gevent
import redis
from gevent.event import Event
from gevent.hub import get_hub

from app.relay import join
from app.relay.feed import Feed
from app.relay.lens import Lens
from app.relay.poll import Poll
from app.relay.reader import Reader, Snapshot
from app.relay.replay import gap
from app.relay.subscriber import Reading, Subscriber, raw
from app.relay.topic import Topic
from jobs import keys
from jobs.errors import JobNotFound, LogUnavailable
from jobs.eventlog import Entry, EventLog
from jobs.events import TERMINAL
from jobs.head import decode_head
from jobs.redis_log import parse_live

log = logging.getLogger("tailrace.stream")


@dataclass(frozen=True, kw_only=True)
class Pace:
    """The relay's times, in seconds."""

    heartbeat: float = 15.0
    rotate: float = 600.0
    #: A subscriber that has taken nothing for so long is closed, with a cursor to come back by.
    stuck: float = 30.0
    #: How often each job's position is compared with the log, in case a live message was lost.
    check: float = 10.0


class Room(Topic):
    """A topic with those who listen to it."""

    __slots__ = ("channel", "filling", "joining", "live", "ready")

    def __init__(self, job_id: str) -> None:
        super().__init__(job_id)
        self.channel = keys.log(job_id).encode()
        self.ready = Event()
        #: Subscribers that are up to date, by lens: what is encoded once serves them all.
        self.live: dict[Lens, set[Subscriber]] = {}
        self.joining: set[Subscriber] = set()
        self.filling = False


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
        self, client: redis.Redis, eventlog: EventLog, snapshot: Snapshot, *, pace: Pace, retention_seconds: int
    ) -> None:
        self.pace, self.retention_seconds = pace, retention_seconds
        self.reader = Reader(eventlog, snapshot)
        self.feed = Feed(client, self._on_live, self._on_ready)
        self.tally = Tally()
        self.draining = False
        self._log = eventlog
        self._rooms: dict[bytes, Room] = {}
        self._subscribers: dict[int, Subscriber] = {}
        self._poll = Poll(get_hub(), self._on_writable, self._on_gone)
        self._ticker: gevent.Greenlet | None = None

    def __len__(self) -> int:
        return len(self._subscribers)

    @property
    def rooms(self) -> int:
        return len(self._rooms)

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
            self._ticker = gevent.spawn(self._tick)

    def stop(self) -> None:
        """Closes every connection at once; the relay cannot be used afterwards."""
        for subscriber in list(self._subscribers.values()):
            self.drop(subscriber, "stopped")
        if self._ticker is not None:
            self._ticker.kill()
        self.feed.stop()
        self._poll.close()

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
        if not room.live and not room.joining and self._rooms.get(room.channel) is room:
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
        subscriber.live = True
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
            self.fill(room)
        room.ready.set()

    def _on_live(self, channel: bytes, payload: bytes) -> None:
        room = self._rooms.get(channel)
        if room is not None:
            self.deliver(room, room.take(list(parse_live(payload))))
            if room.holed and room.last is not None:
                self.fill(room)

    def deliver(self, room: Room, entries: list[Entry]) -> None:
        """Passes *entries* on to all that are live in *room*; each lens encodes them once."""
        if entries:
            self.tally.events += len(entries)
            for lens, listeners in tuple(room.live.items()):
                data = lens.events(entries)
                if data:
                    for subscriber in tuple(listeners):
                        if not self.send(subscriber, data) and not subscriber.closed:
                            self._fall_behind(room, subscriber)
            if entries[-1].type in TERMINAL:
                self._end_all(room, "terminal")
        if room.lost:
            self._renew(room)

    def _end_all(self, room: Room, reason: str) -> None:
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

    # Holes and checks -----------------------------------------------------------------------------------------

    def fill(self, room: Room) -> None:
        """Reads what the room has missed, once, however many listen."""
        if not room.filling and room.last is not None:
            room.filling = True
            gevent.spawn(self._fill, room)

    def _fill(self, room: Room) -> None:
        try:
            while room.last is not None and self._rooms.get(room.channel) is room:
                at = room.last
                page = self.reader.page(room.job_id, at.seq, fresh=True)
                if room.last != at:
                    continue
                if gap(at, page) is not None:
                    room.lost = True
                self.deliver(room, room.take(page.entries))
                if room.last is None or room.last.seq >= page.last.seq:
                    return
        except LogUnavailable:
            pass
        except JobNotFound:
            self._end_all(room, "gone")
        finally:
            room.filling = False

    def _tick(self) -> None:
        checked = monotonic()
        while True:
            gevent.sleep(min(1.0, self.pace.heartbeat / 2))
            now = monotonic()
            self.reader.forget()
            for subscriber in list(self._subscribers.values()):
                self._attend(subscriber, now)
            if now - checked >= self.pace.check:
                checked = now
                self._check()

    def _attend(self, subscriber: Subscriber, now: float) -> None:
        """The heartbeat, the rotation, and the end of a reader that takes nothing."""
        if subscriber.rest:
            if now - subscriber.heard > self.pace.stuck:
                self.drop(subscriber, "stuck")
        elif now >= subscriber.retire:
            self.reconnect(subscriber, "rotate")
        elif now - subscriber.heard >= self.pace.heartbeat and self.send(subscriber, subscriber.reading.lens.heartbeat):
            subscriber.heard = now

    def reconnect(self, subscriber: Subscriber, reason: str, *, retry_ms: int = 500) -> None:
        """Asks the client to come back, and closes."""
        lens = subscriber.reading.lens
        data = {"reason": reason, "retry_ms": retry_ms}
        last = lens.retry(retry_ms) + lens.control("stream.reconnect", subscriber.reading.job_id, data)
        self.end(subscriber, last, reason)

    def drain(self, spread_seconds: float) -> None:
        """Asks every client to come back, spread over some seconds, so that they do not come back all at once."""
        self.draining = True
        for subscriber in list(self._subscribers.values()):
            delay = random.uniform(0, spread_seconds)  # noqa: S311 - jitter
            gevent.spawn_later(delay, self._send_away, subscriber, round((spread_seconds - delay) * 1000) + 500)

    def _send_away(self, subscriber: Subscriber, retry_ms: int) -> None:
        if not subscriber.closed and not subscriber.ending:
            self.reconnect(subscriber, "drain", retry_ms=retry_ms)

    def _check(self) -> None:
        """Compares every room with the heads in the log: a lost message costs latency, not data."""
        rooms = [room for room in self._rooms.values() if room.last is not None and room.live]
        if rooms:
            gevent.spawn(self._compare, rooms)

    def _compare(self, rooms: list[Room]) -> None:
        try:
            heads = self._log.heads([room.job_id for room in rooms])
        except LogUnavailable:
            return
        for room, head in zip(rooms, heads, strict=True):
            if head is None or decode_head(head).seq != (room.last.seq if room.last else 0):
                self.fill(room)
