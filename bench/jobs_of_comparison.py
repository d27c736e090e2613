"""The job types of the comparison: that does nothing, that tells of progress or of items, and to be cancelled."""

import os
import time

from pydantic import BaseModel

from tailrace import Context, job


class Batch(BaseModel):
    items: int


class Rows(BaseModel):
    rows: int = 1_000_000


@job("nothing", title="Nothing at all", max_attempts=1)
def nothing(_: Context) -> None:
    """What it takes is what everything around it takes."""


@job("chunks", max_attempts=1)
def chunks(ctx: Context) -> None:
    """Tells of progress ten times, the first time at once."""
    for current in range(10):
        ctx.progress((current + 1) / 10, "processing chunk " + "x" * 120)


@job("items", params=Batch, max_attempts=1)
def items(ctx: Context, params: Batch) -> int:
    """So many items as fast as they are taken; returns the process that told them."""
    for n in range(params.items):
        ctx.item(f"item {n}", "succeeded")
    return os.getpid()


@job("rows", params=Rows, steps=["walk"], max_attempts=1)
def rows(ctx: Context, params: Rows) -> None:
    """Goes through its rows at its ease, each a cancel point."""
    with ctx.step("walk") as step:
        for _ in step.track(range(params.rows)):
            time.sleep(0.005)
