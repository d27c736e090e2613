"""A job type that takes its time: n ticks, one every few seconds, to see progress, reconnects and cancel at work."""

import time

from pydantic import BaseModel, ConfigDict, Field

from worker.catalogue.waiting import wait_until
from worker.context import Context
from worker.job import job


class Params(BaseModel):
    """How many ticks, and how far apart."""

    model_config = ConfigDict(extra="forbid")

    n: int = Field(default=10, ge=1, le=100_000, description="Number of ticks.", title="Ticks")
    seconds: float = Field(default=1.0, ge=0, le=3600, description="Seconds between two ticks.", title="Every")


@job(
    "ticks",
    title="Ticks",
    description="Sends n ticks, one every few seconds.",
    params=Params,
    example={"n": 5, "seconds": 1},
)
def ticks(ctx: Context, params: Params) -> dict[str, int]:
    """Tick n times; the time that a tick takes does not add up."""
    text = ctx.output("text")
    due = time.monotonic()
    for tick in range(1, params.n + 1):
        due += params.seconds
        wait_until(ctx, due)
        text.write(f"tick {tick}\n")
        ctx.progress(tick / params.n, message=f"Tick {tick} of {params.n}")
    return {"ticks": params.n}
