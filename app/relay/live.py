"""From a room to those who listen in it: what has been put in order there is delivered, each audience in its time."""

import logging
from collections.abc import Sequence
from time import monotonic
from typing import TYPE_CHECKING, Any

import gevent

from app.relay.audience import Audience, Load
from app.relay.delivery import Delivery, Slices
from app.relay.rate import Rate, rate
from app.relay.room import Room
from app.relay.subscriber import WELL, Subscriber
from jobs.eventlog import Entry

if TYPE_CHECKING:
    from app.relay.hub import Relay

log = logging.getLogger("tailrace.stream")

#: Seconds for which the feed may be broken before those who listen are told.
AWAY = 1.0


class Live:
    """The relay's way for events; *level* says how much of it the process can bear (``app/relay/rate.py``)."""

    def __init__(self, relay: "Relay") -> None:
        self._relay = relay
        self.delivery = Delivery(self._take, self.pass_on)
        self.level, self.reason = WELL
        #: Rooms whose listeners may stand behind them, where what came was for none or is yet to be sent.
        self._moved: set[Room] = set()
        #: Whether Redis does not answer: streams stay open, and say so.
        self.away = False

    # In -------------------------------------------------------------------------------------------------------

    def deliver(self, room: Room, entries: Sequence[Entry], slices: Slices | None = None) -> None:
        """Passes *entries* on to all that are live in *room*, each audience in its time.

        Whoever has *slices*, and with them the turn to send, sends at once what is due at once.
        """
        if entries:
            loads = self._offer(room, entries, at_once=slices is not None)
            if slices is not None:
                self.delivery.send_all(loads, slices)
        if room.lost:
            self._renew(room)

    def _offer(self, room: Room, entries: Sequence[Entry], *, at_once: bool) -> list[tuple[Audience, Load]]:
        """Has each audience take what is for it, or gives it back to be sent *at_once*, and by nobody else."""
        tally, now, loads = self._relay.tally, monotonic(), []
        tally.events += len(entries)
        self._moved.add(room)
        for audience in room.concerned(entries):
            tally.offered += len(entries) * len(audience.listeners)
            pace = self.rate(audience)
            if at_once and (load := audience.at_once(entries, pace, now)) is not None:
                audience.sending = True
                loads.append((audience, load))
            elif (due := audience.add(entries, pace, now)) is not None:
                self.delivery.plan(audience, due, now)
        return loads

    def rate(self, audience: Audience) -> Rate:
        return rate(self.level, audience.lens.min_interval_ms)

    # Out ------------------------------------------------------------------------------------------------------

    def _take(self, audience: Audience, now: float) -> list[Load]:
        return audience.take(self.rate(audience), now)

    def pass_on(self, load: Load, several: Sequence[Subscriber]) -> None:
        """The innermost loop of all: each step in it is one for every event and reader."""
        data, at, now, plain = load.data, load.at, monotonic(), not (load.last or load.look)
        for subscriber in several:
            #: Between two slices it may have gone, or have been told all this from the log.
            if not subscriber.live:
                continue
            try:
                if subscriber.follow(data, at, now) if plain else subscriber.stands_at(at):
                    continue
            except OSError:
                self._relay.drop(subscriber, "gone")
            else:
                self._part(load, subscriber)

    def _part(self, load: Load, subscriber: Subscriber) -> None:
        """What it was to be told is the last, or may be, or was too much for it."""
        subscriber.position = load.at
        if load.last:
            self._relay.end(subscriber, load.data, "terminal")
        elif load.look and self._relay.send(subscriber, load.data):
            self._fall_behind(subscriber)
            self._relay.rejoin(subscriber)
        elif not subscriber.closed:
            self._relay.watch(subscriber)
            self._fall_behind(subscriber)

    def _fall_behind(self, subscriber: Subscriber) -> None:
        """The subscriber could not take everything: its place is kept as a cursor, not as a buffer."""
        room = self._relay.leave(subscriber)
        room.expect(subscriber)

    def tell(self, room: Room, name: str, data: dict[str, Any]) -> None:
        """An event of the stream itself, to all that are live in *room* and have taken what they were sent."""
        for lens, audience in tuple(room.live.items()):
            told = lens.control(name, room.job_id, data)
            for subscriber in [listener for listener in audience.listeners if not listener.rest]:
                if not self._relay.send(subscriber, told) and not subscriber.closed:
                    self._fall_behind(subscriber)

    def end_all(self, room: Room, reason: str) -> None:
        for lens, audience in tuple(room.live.items()):
            last = lens.control("stream.end", room.job_id, {"reason": reason}, cursor=room.last)
            for subscriber in tuple(audience.listeners):
                self._relay.end(subscriber, last, reason)

    def _renew(self, room: Room) -> None:
        """The log went on in another epoch: whoever was live looks anew and is told of the gap."""
        subscribers = [s for audience in room.live.values() for s in audience.listeners]
        for subscriber in subscribers:
            self._fall_behind(subscriber)
        room.last, room.lost, room.over = None, False, False
        for subscriber in subscribers:
            self._relay.rejoin(subscriber)

    def settle(self) -> None:
        """Who waits for nothing stands where the room does, also where its filter let nothing through for long."""
        moved, self._moved = self._moved, set()
        for room in moved:
            for audience in room.live.values():
                if not audience.idle:
                    self._moved.add(room)
                elif room.last is not None:
                    for subscriber in audience.listeners:
                        subscriber.position = room.last

    # How much --------------------------------------------------------------------------------------------------

    @property
    def condition(self) -> tuple[int, str]:
        """How things stand with this process, as streams are told: a level and why."""
        return self.level, "redis_away" if self.away else self.reason

    def degrade(self, level: int, reason: str) -> None:
        """From here on events come as *level* allows; every stream is told so."""
        if (level, reason) == (self.level, self.reason):
            return
        self.level, self.reason = level, reason
        now = monotonic()
        for room in self._relay.rooms.all():
            for audience in room.live.values():
                due = audience.replan(self.rate(audience), now)
                if due is not None:
                    self.delivery.plan(audience, due, now)
        gevent.spawn(self._announce)

    def look(self, now: float) -> None:
        """Whether Redis is away; it is back once all that was missed has been filled in."""
        since = self._relay.feed.broken_since
        if self.away:
            away = since is not None or any(room.filling for room in self._relay.rooms.all())
        else:
            away = since is not None and now - since > AWAY
        if away != self.away:
            self.away = away
            gevent.spawn(self._announce)

    def _announce(self) -> None:
        slices = Slices()
        for subscriber in self._relay.subscribers():
            told = subscriber.fresh or bool(subscriber.rest) or self.say(subscriber)
            if not told and subscriber.live:
                self._fall_behind(subscriber)
            slices.breathe()

    def say(self, subscriber: Subscriber) -> bool:
        """Tells a stream how things stand where it knows otherwise; False where it could not take that."""
        condition = self.condition
        if subscriber.closed or subscriber.ending or subscriber.condition == condition:
            return True
        subscriber.condition = condition
        (level, reason), lens = condition, subscriber.reading.lens
        interval = round(1000 * rate(level, lens.min_interval_ms).progress)
        data = {"level": level, "min_interval_ms": interval, "reason": reason}
        return self._relay.send(subscriber, lens.control("stream.degraded", subscriber.reading.job_id, data))
