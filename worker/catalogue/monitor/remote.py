"""Probes that may have to wait, each in a thread of its own, so that none holds up the others or the job's end."""

import threading
import time
from collections.abc import Iterable, Iterator
from queue import Empty, SimpleQueue
from typing import Protocol

from worker.catalogue.monitor.readings import Probe, Reading, look

#: A call that had not got as far as having something to cut is cut at the next try. Then its thread is left to
#: itself: it is a daemon, and its call does not outlast its own time by much.
_TRIES, _TRY_SECONDS = 20, 0.05


class SlowProbe(Probe, Protocol):
    """A probe that may have to wait for an answer."""

    def cut(self) -> None:
        """Ends the look that another thread has begun, if it can; that thread then finds that it failed."""
        ...

    def close(self) -> None:
        """Lets go of what it holds; it is not asked again."""
        ...


class Poller:
    """Asks one probe again and again; its thread keeps time, the job's thread takes what there is."""

    def __init__(self, target: str, probe: SlowProbe, *, every_seconds: float, timeout_seconds: float) -> None:
        self._target, self._probe = target, probe
        self._every, self._timeout = every_seconds, timeout_seconds
        self._found: SimpleQueue[Reading] = SimpleQueue()
        self._over = threading.Event()
        #: When the look that goes on now began; None between two.
        self._began: float | None = None
        self._late = False
        self._thread = threading.Thread(target=self._work, name=f"monitor {target}", daemon=True)
        self._thread.start()

    def take(self) -> Iterator[Reading]:
        """What has come since; a look that takes longer than it may is cut."""
        began = self._began
        if began is not None and time.monotonic() - began > self._timeout:
            self._late = True
            self._probe.cut()
        while True:
            try:
                yield self._found.get_nowait()
            except Empty:
                return

    def stop(self) -> None:
        self._over.set()
        self._probe.cut()

    def ended(self, seconds: float) -> bool:
        """Whether its thread has, after up to so many seconds."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _work(self) -> None:
        try:
            while not self._over.is_set():
                began = time.monotonic()
                self._found.put(self._look())
                self._over.wait(max(0.0, began + self._every - time.monotonic()))
        finally:
            self._probe.close()

    def _look(self) -> Reading:
        self._began, self._late = time.monotonic(), False
        reading = look(self._target, self._probe)
        self._began = None
        if self._late and reading.fault is not None:
            return Reading(target=self._target, fault=f"no answer within {self._timeout:g} s")
        return reading


def stop(pollers: Iterable[Poller]) -> None:
    """Ends them all, in about a second at most."""
    left = list(pollers)
    for _ in range(_TRIES):
        for poller in left:
            poller.stop()
        left = [poller for poller in left if not poller.ended(_TRY_SECONDS / len(left))]
