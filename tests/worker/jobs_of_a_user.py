"""Job types as a user's own module has them: outside the repository's packages, loaded through TAILRACE_JOBS."""

import os
import signal
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


@job("deaf", params=Work)
def deaf(ctx: Context, params: Work) -> None:
    """Never looks up, catches whatever comes, and has begun a process of its own in a session of its own."""
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
    (ctx.workdir / "scratch").write_text("x")
    _mark(params, f"begin {os.getpid()} {other.pid} {ctx.workdir}")
    while True:
        with suppress(BaseException):
            _spin()


def _spin() -> None:
    while True:
        pass


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


def _mark(params: Work, line: str) -> None:
    if params.marks:
        with Path(params.marks).open("a") as marks:
            marks.write(line + "\n")
