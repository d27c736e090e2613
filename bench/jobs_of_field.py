"""The job type that the comparison listens to: progress at a steady pace, each with the moment at which it was told."""

import time

from pydantic import BaseModel, Field

from tailrace import Context, job


class Stamped(BaseModel):
    rate: float = Field(gt=0, description="Calls of progress a second.")
    seconds: float = Field(gt=0)


@job("stamped", params=Stamped)
def stamped(ctx: Context, params: Stamped) -> None:
    """The stamp is that of the generator's own events: step 00, measured, CLOCK_MONOTONIC in ns."""
    begun, number = time.monotonic(), round(params.rate * params.seconds)
    for n in range(1, number + 1):
        time.sleep(max(0.0, begun + n / params.rate - time.monotonic()))
        ctx.progress(n / number, f"@00m{time.monotonic_ns():019d}")
