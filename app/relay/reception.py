"""What the feed brings, brought to its rooms: looked at together, and told where it may go the short way."""

import logging
from collections.abc import Sequence
from itertools import islice
from time import monotonic
from typing import TYPE_CHECKING

from app.relay import upkeep
from app.relay.delivery import TOGETHER, Slices
from app.relay.feed import News
from app.relay.lobby import Lobby
from app.relay.room import Room
from app.relay.shortcut import shortcut
from jobs.news import parse_live

if TYPE_CHECKING:
    from app.relay.hub import Relay

log = logging.getLogger("tailrace.stream")


class Reception:
    """What the feed calls; everything but the short way is done by :class:`app.relay.live.Live`."""

    def __init__(self, relay: "Relay") -> None:
        self._relay, self._live = relay, relay.live

    def on_ready(self, channel: bytes) -> None:
        """The subscription holds from here on: a room that had begun before looks for what it missed."""
        room = self._relay.rooms.at(channel)
        if room is None:
            return
        if room.ready.is_set():
            upkeep.fill(self._relay, room)
            room.ring()
        room.confirm(monotonic())

    def on_news(self, news: News, slices: Slices) -> None:
        """All that there was has been read: what came of one job at the same time is looked at together."""
        mine, rest = self._live.delivery.begin(), iter(news.items())
        try:
            while some := list(islice(rest, TOGETHER)):
                self._hear_some(some, slices, mine=mine)
        finally:
            if mine:
                self._live.delivery.finish(slices)

    def _hear_some(self, news: Sequence[tuple[bytes, list[bytes]]], slices: Slices, *, mine: bool) -> None:
        """What goes the short way is looked at first and sent then: a processor is quicker at one thing at a time."""
        loads, others, now, at = [], [], slices.breathe(), self._relay.rooms.at
        for channel, payloads in news:
            room = at(channel)
            if room is None:
                continue
            load = shortcut(room, payloads, self._live.level, now) if mine else None
            if load is None:
                others.append((room, payloads))
            else:
                loads.append(load)
        tally, count = self._relay.tally, sum([load.count for load in loads])
        tally.events += count
        tally.offered += count
        for load in loads:
            self._live.pass_on(load, load.listeners)
        for room, payloads in others:
            #: Where nothing is due at once nothing else leaves the loop to others.
            slices.breathe()
            try:
                self._hear(room, payloads, slices if mine else None)
            except Exception:
                #: A fault in one message is none of other jobs'; the log has what it was about.
                log.exception("a live message could not be passed on")
                upkeep.fill(self._relay, room)

    def _hear(self, room: Room, payloads: Sequence[bytes], slices: Slices | None) -> None:
        if room.bells:
            room.ring()
        if isinstance(room, Lobby):
            room.hear(payloads[-1])
            upkeep.fill(self._relay, room)
        #: Where all wait for a page, nothing is kept for anybody.
        elif room.last is not None or room.expectant:
            entries = parse_live(payloads[0])
            for payload in payloads[1:]:
                entries += parse_live(payload)
            self._live.deliver(room, room.take(entries), slices)
            if room.held and room.last is not None:
                upkeep.fill(self._relay, room)
