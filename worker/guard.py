"""Keeps a warden beside this worker: begins it, begins another when it dies, ends it with the worker."""

import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from jobs.catalogue import TypeEntry, WorkerEntry
from jobs.clock import now_ms
from worker.collect import ROOT
from worker.registry import Crew, Registry

#: A worker that ends waits that long for its warden to have closed the books.
END_SECONDS = 10.0

log = logging.getLogger(__name__)


class Guard:
    """Belongs to the worker's main process, which has no threads: its children are forked from it."""

    def __init__(self, worker: WorkerEntry, types: Iterable[TypeEntry]) -> None:
        self.registry = Registry(Path(tempfile.mkdtemp(prefix="tailrace-worker-")))
        self.registry.create(Crew(worker=worker, types=list(types)))
        self._process = self._begin()

    def check(self) -> None:
        """Begins another warden where the last one is dead."""
        if self._process.poll() is not None and self.registry.drained() is None:
            log.warning("the warden ended (exit code %s); another one begins", self._process.returncode)
            self._process = self._begin()

    def drain(self, seconds: float) -> None:
        """Running jobs get *seconds* to finish; then they are given back."""
        self.registry.drain(now_ms() + round(seconds * 1000))

    def end(self) -> None:
        """The worker ends now: whatever still runs is given back."""
        self.drain(0)
        self._process.terminate()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            log.warning("the warden is still closing the books; it ends by itself")
        else:
            self.registry.remove()

    def _begin(self) -> "subprocess.Popen[bytes]":
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        command = [sys.executable, "-P", "-m", "worker.warden", str(self.registry.folder), str(os.getpid())]
        #: A group of its own: a signal to the worker's group is the worker's to pass on.
        return subprocess.Popen(  # noqa: S603 - our own module
            command, env={**os.environ, "PYTHONPATH": path}, stdin=subprocess.DEVNULL, process_group=0
        )
