"""A first job type of your own: squares, counted out while everybody watches.

TAILRACE_JOBS=worker.catalogue,my_jobs PYTHONPATH=examples ./tailrace up
./tailrace submit squares n=5
"""

import time

from pydantic import BaseModel, Field

from tailrace import Context, job


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
