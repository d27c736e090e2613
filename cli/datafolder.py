"""The data folder belongs to one ``up`` at a time, until the last process of that ``up`` is gone."""

import contextlib
import fcntl
import os
import time
from pathlib import Path
from typing import TextIO

from cli.errors import CommandError, UsageError

#: How long the processes of an ``up`` that was killed may still need.
LAST_ONE_ENDS_SECONDS = 15.0
_PAUSE_SECONDS = 0.1


def claim(folder: Path) -> TextIO:
    """The open, locked ``.lock`` of *folder*, made where it is missing; whoever keeps it open keeps the folder.

    CommandError where another ``up`` has it; one that was killed gets a moment to be cleared away.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / ".lock").open("a+", encoding="ascii")
    except OSError as error:
        raise UsageError(f"the data folder {folder} cannot be used: {error.strerror}") from None
    deadline = time.monotonic() + LAST_ONE_ENDS_SECONDS
    while not _locked(lock):
        owner = _owner(lock)
        if _lives(owner) or time.monotonic() > deadline:
            lock.close()
            raise CommandError(f"the data folder {folder} is in use by another ./tailrace up (pid {owner})")
        time.sleep(_PAUSE_SECONDS)
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def _locked(lock: TextIO) -> bool:
    with contextlib.suppress(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def _owner(lock: TextIO) -> int:
    lock.seek(0)
    text = lock.read(20)
    return int(text) if text.isdecimal() else 0


def _lives(pid: int) -> bool:
    if not pid:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
