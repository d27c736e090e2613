"""Job types as a user's own module has them: outside the repository's packages, loaded through TAILRACE_JOBS."""

import asyncio
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from pydantic import BaseModel

from tailrace import Context, Retry, job


class Work(BaseModel):
    seconds: float = 600
    marks: str = ""


@job("calm", params=Work, steps=["work"])
def calm(ctx: Context, params: Work) -> int:
    """Looks up from its work every few milliseconds."""
    _mark(params, f"begin {ctx.job_id} {os.getpid()}")
    (ctx.workdir / "scratch").write_text("x")
    with ctx.step("work") as step:
        for n in step.track(range(round(params.seconds * 100)), unit="turns"):
            ctx.output("text").write(f"{n} ")
            time.sleep(0.01)
    _mark(params, f"end {ctx.job_id} {os.getpid()}")
    return os.getpid()


@job("gated", params=Work)
def gated(ctx: Context, params: Work) -> None:
    """Ends when its gate is there, and looks up meanwhile."""
    while not Path(params.marks).exists():
        ctx.raise_if_cancelled()
        time.sleep(0.01)


@job("deaf", params=Work)
def deaf(ctx: Context, params: Work) -> None:
    """Never looks up, catches whatever comes, and has begun a process of its own in a session of its own."""
    other = _other()
    (ctx.workdir / "scratch").write_text("x")
    _mark(params, f"begin {os.getpid()} {other.pid} {ctx.workdir}")
    while True:
        with suppress(BaseException):
            _spin()


def _spin() -> None:
    while True:
        pass


@job("heedful")
def heedful(ctx: Context) -> list[int]:
    """Waits until the service has cut down, and then until it has not; says how far that went."""
    seen = []
    for wanted in (True, False):
        while bool(ctx.load) is not wanted:
            ctx.raise_if_cancelled()
            time.sleep(0.01)
        seen.append(ctx.load)
    return seen


@job("sleeper", params=Work)
def sleeper(ctx: Context, params: Work) -> None:
    """Sleeps without a look, but ends its sleep when it may not go on."""
    _mark(params, f"begin {ctx.job_id} {os.getpid()}")
    time.sleep(params.seconds)


@job("hungry")
def hungry(_ctx: Context) -> None:
    """Asks for more memory than there is."""
    bytearray(1 << 60)


@job("poison", max_attempts=3)
def poison(_ctx: Context) -> None:
    """Takes its worker with it."""
    os.kill(os.getpid(), signal.SIGKILL)


@job("leaver")
def leaver(_ctx: Context) -> None:
    """Tries to end its worker."""
    sys.exit(3)


@job("twice")
def twice(ctx: Context) -> int:
    """Succeeds at its second attempt."""
    if ctx.attempt == 1:
        raise Retry(delay_seconds=0.2)
    return ctx.attempt


@job("late", params=Work, timeout_seconds=1)
def late(ctx: Context, params: Work) -> None:
    """Takes longer than it may and does not look up."""
    _mark(params, f"begin {os.getpid()} {ctx.deadline}")
    _spin()


@job("filed")
def filed(ctx: Context) -> str:
    """Leaves an artifact."""
    return ctx.artifact("hello.txt", "Hello.").sha256


# Busy in every way there is ------------------------------------------------------------------------------------------


@job("reader", params=Work)
def reader(ctx: Context, params: Work) -> None:
    """Waits for a peer that says nothing."""
    mine, theirs = socket.socketpair()
    _begin(ctx, params)
    with mine, theirs:
        mine.recv(1)


@job("parent", params=Work)
def parent(ctx: Context, params: Work) -> None:
    """Waits for a process of its own, in a session of its own."""
    other = _other()
    _begin(ctx, params, other.pid)
    other.wait()


@job("spinner", params=Work)
def spinner(ctx: Context, params: Work) -> None:
    """Never looks up, and swallows what goes wrong."""
    _begin(ctx, params)
    while True:
        with suppress(Exception):
            _spin()


@job("holder", params=Work)
def holder(ctx: Context, params: Work) -> str:
    """C code that keeps the interpreter's lock, and a process beside it."""
    with _other() as other:
        _begin(ctx, params, other.pid)
        ctypes.PyDLL(None).sleep(round(params.seconds))
        other.kill()
    return "held"


@job("napper", params=Work)
async def napper(ctx: Context, params: Work) -> None:
    _begin(ctx, params)
    await asyncio.sleep(params.seconds)


@job("blocker", params=Work)
async def blocker(ctx: Context, params: Work) -> None:
    """Blocks its own event loop."""
    _begin(ctx, params)
    time.sleep(params.seconds)  # noqa: ASYNC251 - that is its fault


@job("hider", params=Work)
def hider(ctx: Context, params: Work) -> None:
    """Asks to be left alone for so long, then looks up."""
    with ctx.shield():
        _begin(ctx, params)
        time.sleep(params.seconds)


@job("tidy", params=Work)
def tidy(ctx: Context, params: Work) -> None:
    """Takes half a second to clean up in two ways, and keeps what it has."""
    ctx.output("text").write("so far")
    ctx.cleanup(lambda: (time.sleep(0.25), _mark(params, "hook")))
    try:
        _begin(ctx, params)
        time.sleep(params.seconds)
    finally:
        time.sleep(0.25)
        ctx.artifact("partial.txt", "half of it")
        _mark(params, "finally")


@job("saver", params=Work)
def saver(ctx: Context, params: Work) -> int:
    """Saves its place where it is told to go, and goes on from there."""
    first = ctx.saved("next", 0)
    for n in range(first, round(params.seconds * 100)):
        try:
            ctx.raise_if_cancelled()
        except BaseException:
            ctx.save("next", n)
            raise
        time.sleep(0.01)
    return int(first)


@job("glutton", params=Work, memory_limit_bytes=300 * 1024 * 1024, max_attempts=1)
def glutton(ctx: Context, params: Work) -> None:
    """Has a process of its own grow beyond what the job may hold."""
    grow = "import time\nheld = []\nwhile True: held.append(b'x' * (16 << 20)); time.sleep(0.02)"
    other = subprocess.Popen([sys.executable, "-c", grow], start_new_session=True)
    _begin(ctx, params, other.pid)
    other.wait()


@job("gulper", memory_limit_bytes=300 * 1024 * 1024, max_attempts=1)
def gulper(_ctx: Context) -> int:
    """Takes three times what it may hold, at once."""
    return len(b"x" * (900 << 20))


@job("unsteady", params=Work)
def unsteady(_ctx: Context, params: Work) -> None:
    """Asks for another attempt, a while later."""
    raise Retry(delay_seconds=params.seconds)


def _other() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)


def _begin(ctx: Context, params: Work, *others: int) -> None:
    """Its workdir in use, and told in one line by which processes."""
    (ctx.workdir / "scratch").write_text("x")
    _mark(params, f"{ctx.workdir} {os.getpid()} {' '.join(map(str, others))}")


def _mark(params: Work, line: str) -> None:
    if params.marks:
        with Path(params.marks).open("a") as marks:
            marks.write(line + "\n")
