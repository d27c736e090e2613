"""Keeps a warden beside this worker: begins it, begins another when it dies, ends it with the worker."""

import logging
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from jobs.catalogue import TypeEntry, WorkerEntry
from jobs.clock import now_ms
from worker import processes
from worker.collect import ROOT
from worker.forsaken import PREFIX, clear_forsaken
from worker.graces import Leave, leave
from worker.registry import Crew, Registry

#: A worker that ends waits that long for its warden to have closed the books.
END_SECONDS = 10.0

log = logging.getLogger(__name__)


class Guard:
    """Belongs to the worker's main process, which has no threads: its children are forked from it."""

    def __init__(self, worker: WorkerEntry, types: Iterable[TypeEntry]) -> None:
        clear_forsaken(Path(tempfile.gettempdir()))
        pid = os.getpid()
        self.registry = Registry(Path(tempfile.mkdtemp(prefix=PREFIX)))
        self.registry.create(Crew(worker=worker, types=list(types), pid=pid, born=processes.born(pid)))
        self._process = self._begin()

    def check(self) -> None:
        """Begins another warden where the last one is dead."""
        if self._process.poll() is not None and self.registry.drained() is None:
            log.warning("the warden ended (exit code %s); another one begins", self._process.returncode)
            self._process = self._begin()

    def drain(self, wished: Leave) -> None:
        """Running jobs are told, and then given back."""
        #: A warden that has closed the books has taken the folder along.
        with suppress(FileNotFoundError):
            self.registry.drain(wished)

    def end(self) -> None:
        """The worker ends now: whatever still runs is given back."""
        self.drain(leave(now_ms(), 0))
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
        #: Told to end before it can listen, it would end with its books open: it begins deaf to that, and unblocks it.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        try:
            #: A group of its own: a signal to the worker's group is the worker's to pass on.
            return subprocess.Popen(  # noqa: S603 - our own module
                command, env={**os.environ, "PYTHONPATH": path}, stdin=subprocess.DEVNULL, process_group=0
            )
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
