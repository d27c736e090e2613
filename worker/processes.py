"""The processes of one run: whether they live, and their end by SIGKILL."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from enum import Enum
from functools import lru_cache

import psutil

#: Every process that a job begins inherits this variable, whatever session it puts itself into.
MARK = "TAILRACE_RUN"
#: Two readings of one process's birth differ by less than this.
_SAME_SECONDS = 1.0
#: Between two looks at whether the killed are gone.
_LOOK_SECONDS = 0.01


class Life(Enum):
    #: It runs or could.
    RUNNING = "running"
    #: SIGSTOP or a debugger holds it: it cannot keep its promises.
    STOPPED = "stopped"
    #: It ended; its parent may not have noticed yet.
    GONE = "gone"


@lru_cache(maxsize=4)
def born(pid: int) -> float:
    """When this process, whose *pid* it is, began, in seconds since 1970."""
    return float(psutil.Process(pid).create_time())


def mark_of(pid: int, since: float) -> str:
    """The mark of everything that the jobs of one process begin, where they share it."""
    return f"process-{pid}-{since:.2f}"


def life(pid: int, since: float) -> Life:
    """How it goes with the process that began at *since*."""
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        found = process.status()
        if abs(process.create_time() - since) < _SAME_SECONDS and found not in (
            psutil.STATUS_ZOMBIE,
            psutil.STATUS_DEAD,
        ):
            return Life.STOPPED if found in (psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP) else Life.RUNNING
    return Life.GONE


def hold(pid: int, since: float) -> None:
    """SIGSTOP: the process does nothing more until it is resumed or killed."""
    _send(pid, since, signal.SIGSTOP)


def resume(pid: int, since: float) -> None:
    _send(pid, since, signal.SIGCONT)


def end(pid: int, since: float, mark: str, *, seconds: float = 0.5) -> bool:
    """SIGKILL to the process, its group, its descendants and all that carry *mark*; True once they are gone."""
    deadline = time.monotonic() + seconds
    while True:
        left = list(_of_run(pid, since, mark))
        if not left:
            return True
        for process in left:
            _kill(process)
        while any(process.is_running() and _living(process) for process in left):
            if time.monotonic() > deadline:
                return False
            time.sleep(_LOOK_SECONDS)


def resident(pid: int, since: float, mark: str) -> int:
    """Bytes that the processes of the run hold in memory together."""
    total = 0
    for process in _of_run(pid, since, mark):
        with suppress(psutil.Error):
            total += process.memory_info().rss
    return total


def end_own(mark: str) -> None:
    """SIGKILL to what this process has begun for the run that *mark* names."""
    for process in _of_run(os.getpid(), born(os.getpid()), mark):
        _kill(process)


def _of_run(pid: int, since: float, mark: str) -> Iterator[psutil.Process]:
    """Each living process of the run: by descent, by group, by mark."""
    family: set[psutil.Process] = set()
    if life(pid, since) is not Life.GONE:
        with suppress(psutil.Error):
            leader = psutil.Process(pid)
            family = {leader, *leader.children(recursive=True)}
    for process in psutil.process_iter():
        if process.pid != os.getpid() and (process in family or _belongs(process, pid, mark)) and _living(process):
            yield process


def _belongs(process: psutil.Process, group: int, mark: str) -> bool:
    with suppress(psutil.Error, OSError):
        return os.getpgid(process.pid) == group or process.environ().get(MARK) == mark
    return False


def _living(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return process.status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    return False


def _send(pid: int, since: float, what: signal.Signals) -> None:
    if life(pid, since) is not Life.GONE:
        with suppress(psutil.Error):
            psutil.Process(pid).send_signal(what)


def _kill(process: psutil.Process) -> None:
    with suppress(psutil.Error):
        process.send_signal(signal.SIGKILL)
