"""Job types that wait more than they work: many of them fit into one process."""

import subprocess
import sys
import time
from contextlib import suppress

from pydantic import BaseModel

from tailrace import Context, Released, job


class Work(BaseModel):
    seconds: float = 600


@job("patient", params=Work)
def patient(ctx: Context, params: Work) -> str:
    """Waits, and looks up now and then; saves where it was when its worker goes."""
    end = time.monotonic() + params.seconds
    try:
        while time.monotonic() < end:
            ctx.raise_if_cancelled()
            time.sleep(0.05)
    except Released:
        ctx.save("left", ctx.attempt)
        raise
    return f"attempt {ctx.attempt}"


@job("expectant", params=Work)
def expectant(ctx: Context, params: Work) -> list[str]:
    """Waits for others that wait."""
    return [ctx.child("patient", {"seconds": params.seconds}, name=f"patient {n}").result for n in range(2)]


@job("busy", params=Work, max_attempts=1)
def busy(_ctx: Context, params: Work) -> None:
    """Pure Python that never looks up."""
    end = time.monotonic() + params.seconds
    while time.monotonic() < end:
        pass


@job("stubborn", params=Work)
def stubborn(_ctx: Context, params: Work) -> None:
    """Takes nothing for an answer."""
    end = time.monotonic() + params.seconds
    while time.monotonic() < end:
        with suppress(BaseException):
            time.sleep(0.05)


@job("asleep", params=Work)
def asleep(_ctx: Context, params: Work) -> None:
    """One long sleep."""
    time.sleep(params.seconds)


@job("parent", params=Work)
def parent(ctx: Context, params: Work) -> None:
    """Has begun a process of its own in a session of its own."""
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
    ctx.metric("pid", other.pid)
    patient.function(ctx, params)


@job("chatty", capture=True, max_attempts=1)
def chatty(ctx: Context) -> None:
    """Prints its own name, again and again."""
    for _ in range(20):
        print(ctx.job_id)  # noqa: T201
        time.sleep(0.005)
