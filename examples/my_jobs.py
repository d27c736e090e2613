"""Job types of your own, one idea each: read it from top to bottom, run it, change it.

TAILRACE_JOBS=worker.catalogue,my_jobs PYTHONPATH=examples ./tailrace up
./tailrace submit squares n=5

How such jobs are tested is in test_my_jobs.py, everything that they can do in docs/writing-jobs.md.
"""

import asyncio
import math
import random
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field

from tailrace import Backoff, Context, Released, job

# 1. Steps ------------------------------------------------------------------------------------------------------------
# A step says where the job is; `track` counts its rows, and each row is a place where a cancel is noticed.


class Squares(BaseModel):
    """What is asked for; the page draws a form from it."""

    n: int = Field(default=10, ge=1, le=1000, description="How many squares.")
    pause_seconds: float = Field(default=0.1, ge=0, le=10)


@job("squares", params=Squares, example={"n": 3, "pause_seconds": 0}, steps={"count": 9, "report": 1})
def squares(ctx: Context, params: Squares) -> dict[str, int]:
    """Adds up squares, slowly enough to watch."""
    total = 0
    with ctx.step("count", title="Counting") as step:
        for number in step.track(range(1, params.n + 1), unit="squares"):
            total += number * number
            ctx.output("text").write(f"{number}² = {number * number}\n")
            time.sleep(params.pause_seconds)
        step.summary(f"{params.n} squares")
    with ctx.step("report"):
        ctx.artifact("sum.txt", f"{total}\n")
    return {"sum": total}


# 2. Durable steps ----------------------------------------------------------------------------------------------------
# What a durable step has returned is kept: the next attempt does not ask for that page again. Which errors are worth
# another attempt is said by `retry_on`, how long to wait for it by `backoff`.


class Crawl(BaseModel):
    pages: int = Field(default=10, ge=1, le=100)
    failing: float = Field(default=0.2, ge=0, le=0.9, description="How often the source does not answer.")


def read_page(number: int, failing: float) -> str:
    """Stands for a service that is not always there."""
    if random.random() < failing:  # noqa: S311 - a chance that guards nothing
        raise ConnectionError(f"page {number}: nobody answers")
    return f"page {number}: " + "word " * number


@job(
    "crawl",
    params=Crawl,
    example={"pages": 3, "failing": 0.2},
    max_attempts=20,
    retry_on=ConnectionError,
    backoff=Backoff(first_seconds=0.5, longest_seconds=10),
)
def crawl(ctx: Context, params: Crawl) -> dict[str, int]:
    """Reads pages from a source that fails now and then, each of them once."""
    words = 0
    for number in range(1, params.pages + 1):
        page = ctx.durable(f"page {number}", read_page, number, params.failing)
        words += len(page.split()) - 2
        ctx.progress(number / params.pages)
    return {"words": words}


# 3. Saved state ------------------------------------------------------------------------------------------------------
# A long loop keeps where it stands. After a crash it goes on from what was saved last; when its worker has to go, for a
# deploy, it is told so (Released), saves once more and goes on elsewhere, in the same attempt.


class Fit(BaseModel):
    epochs: int = Field(default=100, ge=1, le=10_000)
    seconds: float = Field(default=0.1, ge=0, le=60, description="How long an epoch takes.")


@job("fit", params=Fit, example={"epochs": 30, "seconds": 0}, steps=["fit"])
def fit(ctx: Context, params: Fit) -> dict[str, Any]:
    """Fits one number, epoch by epoch, and loses at most ten of them."""
    model = ctx.saved("model", {"epoch": 0, "weight": 0.0})
    with ctx.step("fit") as step:
        try:
            while model["epoch"] < params.epochs:
                better = {"epoch": model["epoch"] + 1, "weight": model["weight"] + 0.1 * (math.pi - model["weight"])}
                time.sleep(params.seconds)
                ctx.metric("loss", (math.pi - better["weight"]) ** 2, step=better["epoch"])  # may raise Released
                model = better
                step.progress(model["epoch"], params.epochs, unit="epochs")
                if model["epoch"] % 10 == 0:
                    ctx.save("model", model)
        except Released:
            ctx.save("model", model)
            raise
    return model


# 4. Streams ----------------------------------------------------------------------------------------------------------
# What a generator yields goes to the output "text" as it comes, which is how the tokens of a model are shown. An async
# one is cancelled wherever it awaits.


class Story(BaseModel):
    about: str = Field(default="a river", min_length=1, max_length=100)
    seconds: float = Field(default=0.05, ge=0, le=5, description="Between two words.")


@job("story", params=Story, example={"about": "a river", "seconds": 0})
async def story(_ctx: Context, params: Story) -> AsyncIterator[str]:
    """Tells a story, word by word."""
    for word in f"Once there was {params.about} that went its way and came to the sea.".split():
        await asyncio.sleep(params.seconds)
        yield f"{word} "


# 5. What must not be cut in half -------------------------------------------------------------------------------------
# A shield holds a cancel back for a moment, until the grace time is over at most. What `cleanup` was given is called
# however the run ends, but by a kill.


class Transfer(BaseModel):
    n: int = Field(default=20, ge=1, le=1000)
    seconds: float = Field(default=0.1, ge=0, le=1)


@job("transfer", params=Transfer, example={"n": 3, "seconds": 0})
def transfer(ctx: Context, params: Transfer) -> int:
    """Books amounts from one account to another, never one side alone."""
    books = Path(tempfile.mkdtemp(prefix="books-"))
    ctx.cleanup(shutil.rmtree, books, ignore_errors=True)
    for number in range(params.n):
        with ctx.shield():
            for side in ("debit", "credit"):
                (books / f"{side}-{number}").write_text("1")
                ctx.item(f"{side} {number}", "succeeded")
                time.sleep(params.seconds / 2)
    return len(list(books.iterdir()))


# 6. Batches ----------------------------------------------------------------------------------------------------------
# Each of many is an item: one that is bad is told as such and does not spoil the others.


class Readings(BaseModel):
    readings: list[str] = Field(default=["12.5", "cold", "14"], max_length=1000)


@job("readings", params=Readings, example={"readings": ["12.5", "cold", "14"]}, steps=["read"])
def readings(ctx: Context, params: Readings) -> dict[str, float | None]:
    """Takes the mean of those readings that are numbers."""
    good: list[float] = []
    with ctx.step("read") as step:
        for place, reading in enumerate(step.track(params.readings)):
            try:
                good.append(float(reading))
            except ValueError:
                ctx.item(f"reading {place}", "failed", error=f"{reading[:40]!r} is no number")
            else:
                ctx.item(f"reading {place}", "succeeded", degrees=good[-1])
        step.summary(f"{len(good)} of {len(params.readings)} are numbers")
    return {"mean": sum(good) / len(good) if good else None}


# 7. One at a time ----------------------------------------------------------------------------------------------------
# However many workers there are, one of these runs; the others wait for their turn.


@job("reindex", max_running=1, timeout_seconds=600, memory_limit_bytes=512 * 1024 * 1024)
def reindex(ctx: Context) -> str:
    """Rebuilds what must not be rebuilt twice at a time."""
    for percent in range(101):
        ctx.progress(percent / 100)
        time.sleep(0.01)
    return "rebuilt"
