"""The folder in which a worker's processes tell each other what runs: one small file per run.

    worker.json     the worker and its job types, written by its main process
    drain.json      when the worker's jobs have to be given back, once it is told to stop
    load            how far the service has cut down, where it has; written by the warden, read by the jobs
    calls/PID       one process that answers a doorbell, from before it claims a job until it is done with it
    runs/JOB-RUN    one claimed job and the process that runs it, written by that, read by the warden
    work/JOB-RUN/   that run's workdir, where it has asked for one

Files and not Redis, because it has to be known just as well while Redis is away and after a kill -9.
"""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import msgspec

from jobs.catalogue import TypeEntry, WorkerEntry
from worker import processes
from worker.graces import Leave
from worker.local import cleared

T = TypeVar("T")


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One claimed job in one process; ``born`` tells it from a later one with its pid."""

    job: str
    run: int
    pid: int
    born: float
    memory_limit_bytes: int | None = None
    #: Other jobs run in the same process: it is not killed for this one.
    shared: bool = False

    @property
    def key(self) -> str:
        return f"{self.job}-{self.run}"

    @property
    def mark(self) -> str:
        """What every process begun by the job carries in its environment; jobs that share a process share it."""
        return processes.mark_of(self.pid, self.born) if self.shared else self.key


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A process that may have claimed a job of which no run tells yet."""

    pid: int
    born: float


class Crew(msgspec.Struct, frozen=True, kw_only=True):
    """The worker as its warden makes it known, and its main process."""

    worker: WorkerEntry
    types: list[TypeEntry]
    pid: int
    born: float


class Drain(msgspec.Struct, frozen=True, kw_only=True):
    """By ``until`` running jobs have to have ended; at ``told`` they are told so. Milliseconds since 1970."""

    told: int
    until: int


class Registry:
    """*folder* belongs to one worker and is gone when it ends."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._calls, self._runs, self._work = folder / "calls", folder / "runs", folder / "work"
        self._drain = folder / "drain.json"

    def create(self, crew: Crew) -> None:
        for part in (self._calls, self._runs, self._work):
            part.mkdir(mode=0o700)
        _write(self.folder / "worker.json", crew)

    def crew(self) -> Crew:
        return msgspec.json.decode((self.folder / "worker.json").read_bytes(), type=Crew)

    def drain(self, leave: Leave) -> None:
        """Told to stop twice, a worker takes no more time than it was given first, but it may take less."""
        known = self.leaving()
        if known is not None and known.until_ms <= leave.until_ms:
            return
        _write(self._drain, Drain(told=leave.told_ms, until=leave.until_ms))

    def leaving(self) -> Leave | None:
        """When running jobs are told to end, and have to have; None while the worker goes on."""
        #: Asked at every turn of every run, and mostly there is none: a look costs a third of an attempt to open it.
        if not os.path.exists(self._drain):  # noqa: PTH110 - as it says
            return None
        with suppress(FileNotFoundError):
            drain = msgspec.json.decode(self._drain.read_bytes(), type=Drain)
            return Leave(drain.told, drain.until)
        return None

    def drained(self) -> int | None:
        """When running jobs have to have ended; None while the worker goes on."""
        leave = self.leaving()
        return None if leave is None else leave.until_ms

    def burden(self, load: int) -> None:
        """Notes how far the service has cut down."""
        note = self.folder / "load"
        if load == 0:
            note.unlink(missing_ok=True)
        elif load != self.load():
            with suppress(FileNotFoundError):
                _replace(note, b"%d" % load)

    def load(self) -> int:
        """How far the service has cut down, 0 to 4."""
        with suppress(FileNotFoundError):
            return int((self.folder / "load").read_bytes())
        return 0

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Notes that this process is about to claim: its run is noted after the claim, and that can be too late."""
        pid = os.getpid()
        note = self._calls / str(pid)
        #: A warden that has closed the books has taken the folder along.
        with suppress(FileNotFoundError):
            _write(note, Call(pid=pid, born=processes.born(pid)))
        try:
            yield
        finally:
            note.unlink(missing_ok=True)

    def calls(self) -> list[Call]:
        return _read(self._calls, Call)

    def hang_up(self, call: Call) -> None:
        """Strikes out the note of a process that is gone."""
        (self._calls / str(call.pid)).unlink(missing_ok=True)

    def enter(self, run: Run) -> Path:
        """Notes a run; where its workdir is to be, which whoever needs one makes."""
        note = self._runs / run.key
        try:
            _write(note, run)
        except FileNotFoundError:
            self._runs.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write(note, run)
        return self._work / run.key

    def has(self, run: Run) -> bool:
        return (self._runs / run.key).exists()

    def leave(self, run: Run) -> None:
        """Strikes a run out and removes whatever it left in its workdir."""
        cleared(self._work / run.key)
        (self._runs / run.key).unlink(missing_ok=True)

    def touch(self) -> None:
        """Keeps whoever clears temporary folders from taking a long-lived worker's for forgotten."""
        with suppress(FileNotFoundError):
            os.utime(self.folder / "worker.json")

    def runs(self) -> list[Run]:
        return _read(self._runs, Run)

    def idle_seconds(self) -> float:
        """How long ago the warden last touched the folder."""
        return time.time() - (self.folder / "worker.json").stat().st_mtime

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


def _read(folder: Path, kind: type[T]) -> list[T]:
    found: list[T] = []
    for path in sorted(folder.iterdir()) if folder.exists() else ():
        if not path.name.startswith("."):
            with suppress(FileNotFoundError):
                found.append(msgspec.json.decode(path.read_bytes(), type=kind))
    return found


def _write(path: Path, thing: msgspec.Struct) -> None:
    """All or nothing: whoever reads sees the old file, the new one or none."""
    _replace(path, msgspec.json.encode(thing))


def _replace(path: Path, data: bytes) -> None:
    """Each run passes here: the calls of the system themselves, for :class:`Path` takes as long again as they do."""
    draft = f"{path.parent}/.{path.name}"
    file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(file, data)
    finally:
        os.close(file)
    os.rename(draft, path)  # noqa: PTH104 - as above
