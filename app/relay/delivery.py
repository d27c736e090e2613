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
    """Lets others run whenever a slice is used up."""

    def __init__(self) -> None:
        self._until = monotonic() + SLICE

    def breathe(self) -> None:
        if monotonic() >= self._until:
            with gevent.Timeout(RESERVE, False):
                gevent.idle()
            self._until = monotonic() + SLICE


class Delivery:
    """*take* gives the loads of an audience whose time has come, *pass_on* sends one of them to some listeners."""

    def __init__(
        self, take: Callable[[Audience, float], list[Load]], pass_on: Callable[[Load, Sequence[Subscriber]], None]
    ) -> None:
        self._take, self._pass_on = take, pass_on
        self._ready: deque[Audience] = deque()
        self._later: list[tuple[float, int, Audience]] = []
        self._number = count()
        self._wake = Event()
        self._sender: gevent.Greenlet | None = None
        self._late = 0.0

    @property
    def behind(self) -> int:
        """Audiences whose time has come and that still wait for it."""
        return len(self._ready)

    def lateness(self) -> float:
        """The most seconds by which listeners were late to hear, or are, since this was last asked."""
        late, self._late = self._late, 0.0
        due = self._ready[0].due if self._ready else None
        return late if due is None else max(late, monotonic() - due)

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

    def _run(self) -> None:
        while True:
            self._wake.wait(max(0.0, self._later[0][0] - monotonic()) if self._later else None)
            self._wake.clear()
            try:
                self._turn(Slices())
            except Exception:
                log.exception("a delivery failed; the next goes on")

    def _turn(self, slices: Slices) -> None:
        self._ripen()
        while self._ready:
            audience = self._ready.popleft()
            audience.queued, audience.sending = False, True
            due = audience.due
            try:
                self._flush(audience, slices)
            finally:
                audience.sending = False
            if due is not None:
                self._late = max(self._late, monotonic() - due)
            self._ripen()

    def _flush(self, audience: Audience, slices: Slices) -> None:
        for load in self._take(audience, monotonic()):
            for begin in range(0, len(load.listeners), TOGETHER):
                self._pass_on(load, load.listeners[begin : begin + TOGETHER])
                slices.breathe()

    def _ripen(self) -> None:
        now = monotonic()
        while self._later and self._later[0][0] <= now:
            audience = heapq.heappop(self._later)[2]
            #: It may have been flushed early, and wait for another time by now.
            if audience.due is not None and audience.due <= now:
                self._queue(audience)
