"""Jobs of five durable steps that leave a mark of whatever they do: what the soak kills and stops, and then asks.

Loaded as a user's own module is, through TAILRACE_JOBS and PYTHONPATH. A mark is one line of JSON in the file that the
params name: written at once and behind all others, so that it tells of what really ran, whatever the log says.
"""

import asyncio
import json
import os
import random
import secrets
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from tailrace import Context, JobFailed, job

STEPS = ("read", "clean", "count", "weigh", "write")
#: In the environment of a run, as of every process that it begins: the job and the run.
RUN = "TAILRACE_RUN"
SLICE_SECONDS = 0.02
#: Longer than any soak: what is left behind is found at its end.
FOR_EVER_SECONDS = "86400"

Value = dict[str, Any]


class Params(BaseModel):
    marks: Path
    seed: int = 0


class Diary:
    """The marks of one run."""

    def __init__(self, ctx: Context, params: Params) -> None:
        self.run = int(os.environ[RUN].rpartition("-")[2])
        self._path, self._of = params.marks, {"job": ctx.job_id, "run": self.run, "attempt": ctx.attempt}

    def mark(self, what: str, step: str = "", token: str = "") -> None:
        """One line at the file's end; CLOCK_MONOTONIC is one clock for all processes of a machine."""
        more = {"pid": os.getpid(), "at": time.monotonic(), "what": what, "step": step, "token": token}
        file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(file, json.dumps({**self._of, **more}).encode() + b"\n")
        finally:
            os.close(file)

    @contextmanager
    def attempt(self) -> Iterator[None]:
        self.mark("began")
        try:
            yield
        except BaseException as error:
            self.mark(f"ended: {type(error).__name__}")
            raise
        self.mark("ended")

    def returned(self, step: str) -> Value:
        """What a durable step gives: it says which call made it."""
        token = secrets.token_hex(6)
        self.mark("returned", step, token)
        return {"run": self.run, "token": token}


class Survivor:
    """One run: its diary, its dice, and what is common to all kinds."""

    def __init__(self, ctx: Context, params: Params) -> None:
        self.ctx, self.diary, self._seed = ctx, Diary(ctx, params), params.seed
        self.values: dict[str, Value] = {}
        self._before = int(ctx.saved("done", 0))

    def seconds(self, step: str) -> float:
        """How long a step takes: the same in every run."""
        return random.Random(f"{self._seed}-{step}").uniform(0.05, 0.4)

    def work(self, step: str) -> Value:
        """The step's function: an inner step, output, items and a line, all of which say whose they are."""
        self.diary.mark("called", step)
        until, run, piece = time.monotonic() + self.seconds(step), self.diary.run, 0
        with self.ctx.step(f"{step}, in detail") as inner:
            while (left := until - time.monotonic()) > 0:
                self.ctx.output("text").write(f"{step} {piece} ")
                inner.progress(message=f"piece {piece}")
                piece += 1
                time.sleep(min(left, SLICE_SECONDS))
        self.ctx.item(f"{step} of {run}", "succeeded", run=run)
        self.ctx.log(f"{step} is done", run=run)
        return self.diary.returned(step)

    def done(self, step: str, value: Value) -> None:
        """A step is behind: what it gave, and how many there are, is for later runs."""
        self.values[step] = value
        self.ctx.save("done", len(self.values))

    def end(self) -> dict[str, Value]:
        """All values. What was saved stands beside the steps or one behind them: the run may have died between both."""
        reused = sum(value["run"] != self.diary.run for value in self.values.values())
        if self._before not in (reused, reused - 1):
            raise JobFailed("forgot", f"{reused} steps were reused, {self._before} had been saved")
        return self.values


@job("survivor", params=Params, steps=STEPS)
def survivor(ctx: Context, params: Params) -> dict[str, Value]:
    """Looks up from its work every few milliseconds."""
    run = Survivor(ctx, params)
    with run.diary.attempt():
        for step in STEPS:
            run.done(step, ctx.durable(step, run.work, step))
        return run.end()


@job("awaiter", params=Params, steps=STEPS)
async def awaiter(ctx: Context, params: Params) -> dict[str, Value]:
    """Waits in an event loop."""
    run = Survivor(ctx, params)

    async def work(step: str) -> Value:
        run.diary.mark("called", step)
        ctx.output("text").write(f"{step} ")
        await asyncio.sleep(run.seconds(step))
        ctx.item(f"{step} of {run.diary.run}", "succeeded", run=run.diary.run)
        return run.diary.returned(step)

    with run.diary.attempt():
        for step in STEPS:
            run.done(step, await ctx.durable(step, work, step))
        return run.end()


@job("spawner", params=Params, steps=STEPS)
def spawner(ctx: Context, params: Params) -> dict[str, Value]:
    """Has a process at its side, in a session of its own, that never ends by itself."""
    run = Survivor(ctx, params)
    with run.diary.attempt():
        other = subprocess.Popen(["sleep", FOR_EVER_SECONDS], start_new_session=True)
        for step in STEPS:
            run.done(step, ctx.durable(step, run.work, step))
        other.kill()
        other.wait()
        return run.end()


@job("deaf", params=Params, steps=STEPS)
def deaf(ctx: Context, params: Params) -> dict[str, Value]:
    """Does not look up in one of its steps; every other one swallows whatever is raised into it there."""
    run = Survivor(ctx, params)
    swallowed = suppress(BaseException) if params.seed % 2 else nullcontext()

    def work(step: str) -> Value:
        run.diary.mark("called", step)
        until = time.monotonic() + 10 * run.seconds(step)
        while time.monotonic() < until:
            with swallowed:
                time.sleep(max(0.0, until - time.monotonic()))
        return run.diary.returned(step)

    with run.diary.attempt():
        for step in STEPS:
            run.done(step, ctx.durable(step, work if step == "count" else run.work, step))
        return run.end()
