"""Job types that bench/cancel.py cancels: each is busy in another way, and says by which processes."""

import ctypes
import os
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from pydantic import BaseModel

from tailrace import Context, job


class Marked(BaseModel):
    marks: str


def _here(params: Marked, *others: int) -> None:
    """The pids, all at once: whoever reads them never sees half of a line."""
    draft = Path(f"{params.marks}.draft")
    draft.write_text(" ".join(map(str, (os.getpid(), *others))))
    draft.replace(params.marks)


@job("track", params=Marked, steps=["work"])
def track(ctx: Context, params: Marked) -> None:
    """Looks up at every row."""
    with ctx.step("work") as step:
        for row in step.track(range(60_000)):
            if row == 0:
                _here(params)
            time.sleep(0.01)


@job("sleep", params=Marked)
def sleep(_ctx: Context, params: Marked) -> None:
    _here(params)
    time.sleep(600)


@job("socket", params=Marked)
def read(_ctx: Context, params: Marked) -> None:
    """Waits for a peer that says nothing."""
    mine, theirs = socket.socketpair()
    _here(params)
    with mine, theirs:
        mine.recv(1)


@job("subprocess", params=Marked)
def wait(_ctx: Context, params: Marked) -> None:
    """Waits for a process of its own, in a session of its own."""
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
    _here(params, other.pid)
    other.wait()


@job("spin", params=Marked)
def spin(_ctx: Context, params: Marked) -> None:
    """Never looks up, and swallows what goes wrong."""
    _here(params)
    while True:
        with suppress(Exception):
            while True:
                pass


@job("c-call", params=Marked)
def c_call(_ctx: Context, params: Marked) -> None:
    """C code that keeps the interpreter's lock: no Python runs in this process any more."""
    _here(params)
    ctypes.PyDLL(None).sleep(600)


@job("next")
def following(_ctx: Context) -> int:
    """What waits for the slot."""
    return os.getpid()
