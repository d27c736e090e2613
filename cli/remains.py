"""Finds and ends whatever a supervised command has left: by its session, or by the mark in its environment."""

import contextlib
import os
import signal
import time
from collections.abc import Collection

import psutil

#: Every process below one ``up`` has it in its environment, also one that has left its session.
MARK = "TAILRACE_UP"
_PAUSE_SECONDS = 0.05


def members(sessions: Collection[int], mark: str | None = None) -> list[psutil.Process]:
    """The living processes of *sessions*, and with *mark* those that carry it; never this one itself."""
    return [process for pid in psutil.pids() if (process := _member(pid, sessions, mark))]


def tell(sessions: Collection[int], number: signal.Signals, mark: str | None = None) -> None:
    """Sends a signal to every member."""
    for process in members(sessions, mark):
        with contextlib.suppress(psutil.Error):
            process.send_signal(number)


def end(sessions: Collection[int], mark: str, *, grace_seconds: float) -> None:
    """SIGTERM to every member, SIGKILL to what is left after *grace_seconds*; returns when none is left."""
    tell(sessions, signal.SIGTERM, mark)
    deadline = time.monotonic() + grace_seconds
    while members(sessions, mark):
        if time.monotonic() > deadline:
            tell(sessions, signal.SIGKILL, mark)
        time.sleep(_PAUSE_SECONDS)


def _member(pid: int, sessions: Collection[int], mark: str | None) -> psutil.Process | None:
    """The process, if it is one of ours and more than a zombie. The cheap question comes first."""
    if pid in {0, os.getpid()}:
        return None
    try:
        if os.getsid(pid) in sessions or (mark and psutil.Process(pid).environ().get(MARK) == mark):
            process = psutil.Process(pid)
            return None if process.status() == psutil.STATUS_ZOMBIE else process
    except (OSError, psutil.Error):
        pass
    return None
