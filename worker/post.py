"""A project's process and its place in the service: a registry and a warden beside its worker, parts of its own."""

import os
import secrets
import socket
import threading
from collections.abc import Sequence

from jobs.catalogue import WorkerEntry
from jobs.clock import now_ms, rfc3339
from jobs.doorbell import FOREIGN
from jobs.errors import JobNotFound
from jobs.events import Request
from jobs.model import Job, JobState
from jobs.settings import Settings
from jobs.wiring import Parts, assemble
from worker.guard import Guard
from worker.guests import Guests, Mute
from worker.interrupt import here
from worker.job_type import JobType
from worker.pools import PREFORK, Pool
from worker.raising import BySetting
from worker.slot import Slot


class Post:
    """Nothing is made before it is needed, and what may not be forked is made anew in each process."""

    def __init__(self) -> None:
        self.guard: Guard | None = None
        self._worker, self._main = "", 0
        self._parts: tuple[int, Parts] | None = None
        self._lock = threading.Lock()

    @property
    def parts(self) -> Parts:
        with self._lock:
            if self._parts is None or self._parts[0] != os.getpid():
                self._parts = os.getpid(), assemble(Settings.from_env(os.environ), doorbell=Mute())
            return self._parts[1]

    @property
    def guests(self) -> Guests:
        return Guests(self.parts.lifecycle)

    def open(self, types: Sequence[str], project: str, concurrency: int) -> None:
        """A worker begins here: a warden begins beside it. SettingsError where it could not."""
        Settings.from_env(os.environ)
        self._main = os.getpid()
        self._worker = f"{socket.gethostname()}-{self._main}-{secrets.token_hex(2)}"
        entry = WorkerEntry(
            id=self._worker,
            types=list(types),
            queues=[f"{FOREIGN}{project}"],
            concurrency=concurrency,
            started_at=rfc3339(now_ms()),
        )
        self.guard = Guard(entry, ())

    def begin(self, job_id: str, asked: Request, kind: JobType) -> Job | None:
        """The job of the message that has come, now this process's; None where it is not to be run."""
        holder = self._pool.holder(self._worker)
        return self.guests.begin(job_id, asked, worker=holder, steps=list(kind.steps) or None)

    def slot(self, kind: JobType) -> Slot:
        """What runs a job of *kind* here."""
        if self.guard is None:
            self.open([kind.name], "tasks", 1)
        assert self.guard is not None  # noqa: S101 - open has made it
        registry = self.guard.registry
        return Slot(
            {kind.name: kind}, worker=self._worker, registry=registry, assemble=lambda: self.parts, pool=self._pool
        )

    def cancelled(self, job_id: str) -> bool:
        try:
            return self.parts.lifecycle.load(job_id).state is JobState.CANCELLED
        except JobNotFound:
            return False

    @property
    def _pool(self) -> Pool:
        """A child of the worker runs one job and can be killed for it; the main process is shared."""
        if os.getpid() != self._main:
            return PREFORK
        main = threading.current_thread() is threading.main_thread()
        return Pool(name="shared", shared=True, interrupter=here if main else BySetting)
