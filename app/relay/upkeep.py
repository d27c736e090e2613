"""What the relay does by the clock: heartbeats, rotation, giving up on the stuck, looking for what was missed."""

import logging
import random
from collections.abc import Sequence
from dataclasses import dataclass
from math import floor
from time import monotonic
from typing import TYPE_CHECKING

import gevent

from app.relay import dialogue
from app.relay.choice import MANY
from app.relay.delivery import Slices
from app.relay.replay import gap
from app.relay.room import Room
from app.relay.subscriber import Subscriber
from jobs.errors import JobNotFound, LogUnavailable
from jobs.eventlog import Cursor
from jobs.head import decode_seq

if TYPE_CHECKING:
    from app.relay.hub import Relay

log = logging.getLogger("tailrace.stream")


@dataclass(frozen=True, kw_only=True)
class Pace:
    """The relay's times, in seconds."""

    heartbeat: float = 15.0
    rotate: float = 600.0
    #: A subscriber that has taken nothing for so long is closed, with a cursor to come back by.
    stuck: float = 30.0
    #: A client of a WebSocket that was told of its end has so long to answer.
    parting: float = 2.0
    #: How often each job's position is compared with the log, in case a live message was lost.
    check: float = 10.0


def tick(pace: Pace) -> float:
    """Seconds from one turn to the next."""
    return min(1.0, pace.heartbeat / 2)


def run(relay: "Relay", pace: Pace) -> None:
    """Runs for as long as the relay does, in a greenlet of its own."""
    patrol = Patrol(relay, pace)
    while True:
        gevent.sleep(relay.agenda.wait(monotonic()))
        try:
            _turn(relay, pace, patrol)
        except Exception:
            #: Whatever it was: without heartbeats all streams would be given up by whoever stands between.
            log.exception("upkeep")


def _turn(relay: "Relay", pace: Pace, patrol: "Patrol") -> None:
    now, slices = monotonic(), Slices()
    relay.reader.forget()
    relay.rooms.tidy()
    relay.live.settle()
    relay.live.look(now)
    relay.positions.turn(now)
    patrol.turn()
    for subscriber in relay.agenda.due(now, relay.open):
        due = 0.0
        try:
            _attend(relay, pace, subscriber, monotonic())
            due = _next(pace, subscriber)
        except Exception:
            #: It must not keep from their turn those who come after it.
            log.exception("upkeep of a stream")
        if not subscriber.closed:
            relay.agenda.put(subscriber, due)
        slices.breathe()


def _next(pace: Pace, subscriber: Subscriber) -> float:
    """When it is to be looked at again: at the next turn where it is behind or may speak, else once it was silent."""
    if subscriber.rest or subscriber.hearing is not None:
        return 0.0
    return min(subscriber.heard + min(pace.heartbeat, pace.stuck), subscriber.retire)


def _attend(relay: "Relay", pace: Pace, subscriber: Subscriber, now: float) -> None:
    if subscriber.hearing is not None:
        dialogue.refresh(relay, subscriber)
    silence = now - subscriber.heard
    if subscriber.parting:
        if silence > pace.parting:
            relay.drop(subscriber, subscriber.ending)
    elif subscriber.rest:
        if silence > pace.stuck:
            relay.drop(subscriber, "stuck")
    elif now >= subscriber.retire:
        reconnect(relay, subscriber, "rotate")
    elif silence >= pace.heartbeat - relay.agenda.width or _first(pace, subscriber, now):
        _beat(relay, subscriber)


def _first(pace: Pace, subscriber: Subscriber, now: float) -> bool:
    """Its first look comes at a random moment, so that heartbeats of many who came at once do not fall together."""
    return now - subscriber.opened < pace.heartbeat and subscriber.hearing is None


def _beat(relay: "Relay", subscriber: Subscriber) -> None:
    if subscriber.hearing is not None and not dialogue.ping(subscriber):
        reconnect(relay, subscriber, "silent")
    else:
        relay.send(subscriber, subscriber.reading.lens.heartbeat)


def reconnect(relay: "Relay", subscriber: Subscriber, reason: str, *, retry_ms: int = 500) -> None:
    """Asks the client to come back, and closes."""
    if subscriber.closed or subscriber.ending:
        return
    lens = subscriber.reading.lens
    data = {"reason": reason, "retry_ms": retry_ms}
    last = lens.retry(retry_ms) + lens.control(
        "stream.reconnect", subscriber.reading.job_id, data, cursor=_at(subscriber)
    )
    relay.end(subscriber, last, reason)


def _at(subscriber: Subscriber) -> Cursor | None:
    """Where a reader of many jobs goes on: the feed may have gone far since the last event that was for it."""
    position, opening = subscriber.position, subscriber.opening
    if subscriber.reading.lens.choice is None or opening is not None or not isinstance(position, Cursor):
        return None
    return position


def drain(relay: "Relay", spread_seconds: float) -> None:
    """Asks every client to come back, spread over some seconds, so that they do not come back all at once."""
    for subscriber in relay.subscribers():
        delay = random.uniform(0, spread_seconds)  # noqa: S311 - jitter
        retry_ms = round((spread_seconds - delay) * 1000) + 500
        gevent.spawn_later(delay, reconnect, relay, subscriber, "drain", retry_ms=retry_ms)


def fill(relay: "Relay", room: Room) -> None:
    """Reads what the room has missed, once, however many listen."""
    if not room.filling and room.last is not None:
        room.filling = True
        gevent.spawn(_fill, relay, room)


def _fill(relay: "Relay", room: Room) -> None:
    try:
        while _fill_page(relay, room):
            gevent.sleep(room.pause)
    except LogUnavailable:
        pass  # the next message, confirmation or check looks again
    except JobNotFound:
        relay.live.end_all(room, "gone")
    finally:
        room.filling = False


def _fill_page(relay: "Relay", room: Room) -> bool:
    """Passes one page on; False once the room stands where the log does."""
    at = room.last
    if at is None or not relay.rooms.holds(room):
        return False
    page = relay.reader.page(room.job_id, at.seq, fresh=True)
    if room.last != at:
        return True
    if gap(at, page) is not None:
        room.lost = True
    relay.live.deliver(room, room.take(page.entries))
    return room.last is not None and (room.last.seq < page.last.seq or room.behind)


class Patrol:
    """Compares rooms that have been silent since the last look with the heads in the log, some at every turn.

    A lost message costs latency, not data: where more comes, its number tells; this is for the last one before a pause.
    """

    def __init__(self, relay: "Relay", pace: Pace) -> None:
        self._relay, self._turns = relay, max(1, floor(pace.check / tick(pace)))
        self._round: list[bytes] = []
        self._share = 0
        self._looking = False

    def turn(self) -> None:
        """The next share of a round; in a greenlet of its own: a Redis that hesitates must hold up no heartbeat."""
        if not self._looking:
            self._looking = True
            gevent.spawn(self._look)

    def _look(self) -> None:
        try:
            self._compare([room for room in self._next() if room.last is not None and room.live and room.silent()])
        except LogUnavailable:
            pass  # the next round looks again
        finally:
            self._looking = False

    def _next(self) -> list[Room]:
        """Those of the next share that are still open; of a new round where none is left."""
        rooms = self._relay.rooms
        if not self._round:
            self._round = rooms.channels()
            self._share = -(-len(self._round) // self._turns)
        share, self._round = self._round[: self._share], self._round[self._share :]
        return [room for room in map(rooms.at, share) if room is not None]

    def _compare(self, rooms: Sequence[Room]) -> None:
        relay = self._relay
        lobbies = [room for room in rooms if room.job_id == MANY]
        rooms = [room for room in rooms if room.job_id != MANY]
        heads = relay.reader.heads([room.job_id for room in rooms])
        for room, head in zip(rooms, heads, strict=True):
            if head is None or room.last is None or decode_seq(head) != room.last.seq:
                fill(relay, room)
        for lobby in lobbies:
            fill(relay, lobby)
