"""From what waits to the sockets: flushes audiences when they are due, a few milliseconds at a time.

What piles up while this is busy makes the next send larger, never a queue longer; between two slices whatever else
the process has to do, REST and health above all, gets its turn.
"""

import heapq
import logging
from collections import deque
from collections.abc import Callable, Sequence
from itertools import count
from time import monotonic

import gevent
from gevent.event import Event
from gevent.hub import get_hub

from app.relay.audience import Audience, Load
from app.relay.subscriber import Subscriber

#: Seconds of sending at a stretch.
SLICE = 0.003
#: Listeners served between two looks at the clock: a send takes some 10 µs.
TOGETHER = 16
#: Seconds for which all others go first between two slices, as long as they have anything to do. A ``sleep(0)`` would
#: be fifty slices without a look at any socket.
RESERVE = 0.01

log = logging.getLogger("tailrace.stream")


class Slices:
    """Lets others run whenever a slice is used up, and they have not had their turn meanwhile."""

    def __init__(self) -> None:
        self._loop = get_hub().loop
        self._renew()

    def breathe(self) -> float:
        """The time, by the monotonic clock."""
        now = monotonic()
        if now < self._until:
            return now
        #: Whoever has waited for something since has let the loop go round.
        if self._loop.iteration == self._round:
            with gevent.Timeout(RESERVE, False):
                gevent.idle()
        self._renew()
        return monotonic()

    def _renew(self) -> None:
        self._until, self._round = monotonic() + SLICE, self._loop.iteration


class Delivery:
    """*take* gives the loads of an audience whose time has come, *pass_on* sends one of them to some listeners.

    What comes by the feed is sent by whoever reads it, once it has read all that there was; everything else by a
    greenlet of its own. Only one of them is at it at any time, so that nobody is told the later before the earlier.
    """

    def __init__(
        self, take: Callable[[Audience, float], list[Load]], pass_on: Callable[[Load, Sequence[Subscriber]], None]
    ) -> None:
        self._take, self._pass_on = take, pass_on
        self._ready: deque[Audience] = deque()
        self._later: list[tuple[float, int, Audience]] = []
        self._number = count()
        self._wake = Event()
        self._sender: gevent.Greenlet | None = None
        #: Since when somebody is at it, None while nobody is.
        self._turning: float | None = None
        self._late = 0.0

    @property
    def behind(self) -> int:
        """Audiences whose time has come and that still wait for it."""
        return len(self._ready)

    def lateness(self) -> float:
        """The most seconds by which listeners were late to hear, or are, since this was last asked."""
        late, self._late, now = self._late, 0.0, monotonic()
        due = self._ready[0].due if self._ready else None
        return max([late, *(now - since for since in (due, self._turning) if since is not None)])

    def start(self) -> None:
        if self._sender is None:
            self._sender = gevent.spawn(self._run)

    def stop(self) -> None:
        if self._sender is not None:
            self._sender.kill()

    def plan(self, audience: Audience, due: float, now: float) -> None:
        """Has *audience* flushed at *due*, or at once where that has come."""
        if due <= now:
            self._queue(audience)
        else:
            heapq.heappush(self._later, (due, next(self._number), audience))
            if self._later[0][2] is not audience:
                return
        self._wake.set()

    def _queue(self, audience: Audience) -> None:
        if not audience.queued:
            audience.queued = True
            self._ready.append(audience)

    def begin(self) -> bool:
        """Whether the caller may send from here on, and is to :meth:`finish`; False where somebody else is at it."""
        if self._turning is not None:
            return False
        self._turning = monotonic()
        return True

    def finish(self, slices: Slices) -> None:
        """Flushes all whose time has come, those too whom others have planned meanwhile."""
        began = self._turning or monotonic()
        try:
            self._ripen()
            while self._ready:
                self._flush(self._ready.popleft(), slices)
                self._ripen()
        finally:
            self._turning, self._late = None, max(self._late, monotonic() - began)
            if self._later:
                self._wake.set()

    def _run(self) -> None:
        while True:
            idle = self._turning is not None or not self._later
            self._wake.wait(None if idle else max(0.0, self._later[0][0] - monotonic()))
            if self.begin():
                self.finish(Slices())
            #: Whatever has been planned meanwhile, the next look at the plan counts it in: woken by itself it would not
            #: rest, nor let others run, until the next is due.
            self._wake.clear()

    def _flush(self, audience: Audience, slices: Slices) -> None:
        audience.queued = False
        due, now = audience.due, monotonic()
        try:
            for load in self._take(audience, now):
                self.send(audience, load, slices)
        except Exception:
            log.exception("a delivery failed; the next goes on")
        if due is not None:
            self._late = max(self._late, monotonic() - due)

    def send_all(self, loads: Sequence[tuple[Audience, Load]], slices: Slices) -> None:
        """Sends what audiences have been taken for already: between two sends others have their turn."""
        try:
            for audience, load in loads:
                self.send(audience, load, slices)
        finally:
            for audience, _ in loads:
                audience.sending = False

    def send(self, audience: Audience, load: Load, slices: Slices) -> None:
        """Passes *load* on to all whom it is for; only within a turn."""
        listeners, audience.sending = load.listeners, True
        try:
            for begin in range(0, len(listeners), TOGETHER):
                self._pass_on(load, listeners[begin : begin + TOGETHER])
                slices.breathe()
        finally:
            audience.sending = False

    def _ripen(self) -> None:
        if not self._later:
            return
        now = monotonic()
        while self._later and self._later[0][0] <= now:
            audience = heapq.heappop(self._later)[2]
            #: It may have been flushed early, and wait for another time by now.
            if audience.due is not None and audience.due <= now:
                self._queue(audience)
