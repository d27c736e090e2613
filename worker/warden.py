"""The process beside each worker that keeps its leases, ends what will not end and notices what is dead.

``python -m worker.warden FOLDER PARENT``: started by the worker's main process, which is PARENT, and ended by its
death. A thread of the child would starve while C code holds the GIL; threads in the main process do not go with fork.
"""

import logging
import os
import queue
import signal
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import FrameType

from jobs.clock import now_ms
from jobs.doorbell import Doorbell
from jobs.errors import SettingsError, TailraceError
from jobs.settings import Settings
from jobs.wiring import Parts, assemble
from worker.every import Every
from worker.forsaken import clear_forsaken
from worker.logs import set_up
from worker.registry import Registry
from worker.vigil import Vigil

TURN_SECONDS = 0.2
#: How often this process asks whether it is its turn to sweep.
SWEEP_SECONDS = 0.5
#: How often it asks how far the service has cut down.
LOAD_SECONDS = 1.0
#: How often it looks for folders of workers that were killed together with their wardens.
CLEAR_SECONDS = 60.0
#: How long the warden of a dead worker tries to give its jobs up before it leaves them to the sweep.
LAST_SECONDS = 30.0

log = logging.getLogger(__name__)


class Later(Doorbell):
    """Hands rings to the thread that sweeps: a broker that does not answer must not hold up leases."""

    def __init__(self) -> None:
        self.queues: queue.SimpleQueue[str] = queue.SimpleQueue()

    def ring(self, queue: str) -> bool:
        self.queues.put(queue)
        return True

    def rung(self, queue: str) -> int | None:  # noqa: ARG002 - the port's
        return None

    def clear(self, queue: str) -> None:
        """It rings for others and takes none away."""


class Sweeper:
    """The worker tier's turn at the sweep, the rings that its warden has handed over, and a word on the load."""

    def __init__(self, parts: Parts, registry: Registry, rings: "queue.SimpleQueue[str]") -> None:
        self._parts, self._registry, self._rings = parts, registry, rings
        self._clearing, self._asking = Every(CLEAR_SECONDS, time.monotonic), Every(LOAD_SECONDS, time.monotonic)

    def start(self) -> None:
        threading.Thread(target=self._work, name="sweep", daemon=True).start()

    def _work(self) -> None:
        turn = Every(SWEEP_SECONDS, time.monotonic)
        while True:
            with suppress(queue.Empty):
                self._parts.lifecycle.doorbell.ring(self._rings.get(timeout=SWEEP_SECONDS))
            if turn.due():
                self._sweep()

    def _sweep(self) -> None:
        try:
            if self._clearing.due():
                clear_forsaken(Path(tempfile.gettempdir()))
            if self._asking.due():
                self._registry.burden(self._parts.load.highest())
            self._parts.sweep.turn()
        except TailraceError as error:
            log.debug("the sweep waits: %s", error)
        except Exception:
            log.exception("the sweep failed; it goes on")


class Warden:
    """The process: turns until its parent is dead or says that it ends."""

    def __init__(self, registry: Registry, vigil: Vigil, parent: int) -> None:
        self._registry, self._vigil, self._parent = registry, vigil, parent
        self._told = False

    def run(self) -> None:
        signal.signal(signal.SIGTERM, self._tell)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        while os.getppid() == self._parent and not self._dismissed():
            self._turn()
            time.sleep(TURN_SECONDS)
        self._finish()

    def _dismissed(self) -> bool:
        """A SIGTERM is not enough: a platform that signals every process must not end jobs that still have time."""
        until = self._registry.drained()
        return self._told and until is not None and now_ms() >= until

    def _tell(self, _signal: int, _frame: FrameType | None) -> None:
        self._told = True

    def _turn(self) -> None:
        try:
            self._vigil.turn()
        except Exception:
            log.exception("the warden met a fault; it goes on")

    def _finish(self) -> None:
        for _ in range(round(LAST_SECONDS / TURN_SECONDS)):
            if self._vigil.finish():
                break
            time.sleep(TURN_SECONDS)
        self._registry.remove()


def main(folder: str, parent: str) -> None:
    set_up("INFO")
    settings = Settings.from_env(os.environ)
    registry, rings = Registry(Path(folder)), Later()
    parts = assemble(settings, doorbell=rings)
    vigil = Vigil(registry, parts.lifecycle, parts.catalogue, lease_seconds=settings.lease_seconds, clock=parts.clock)
    Sweeper(assemble(settings), registry, rings.queues).start()
    Warden(registry, vigil, int(parent)).run()


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except SettingsError as error:
        sys.exit(f"tailrace warden: {error}")
