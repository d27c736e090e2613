"""The job type that bench/transports.py watches: an event at a steady pace, told as it happens."""

import time

from pydantic import BaseModel, Field

from tailrace import Context, job


class Beat(BaseModel):
    rate: float = Field(gt=0, description="Events a second.")
    count: int = Field(ge=1)


@job("beat", params=Beat)
def beat(ctx: Context, params: Beat) -> None:
    """Items, which are never merged and never wait."""
    begun = time.monotonic()
    for n in range(1, params.count + 1):
        time.sleep(max(0.0, begun + n / params.rate - time.monotonic()))
        ctx.item(f"beat {n}", "succeeded")
