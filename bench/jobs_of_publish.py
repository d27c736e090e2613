"""The job type that bench/publish.py runs: it tells as much as it can, and takes the time of every call."""

import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

from pydantic import BaseModel

from tailrace import Context, job

#: Calls between two looks at the clock of the whole job.
BLOCK = 1000


class Telling(BaseModel):
    calls: int
    #: What the job takes at least; without it, it tells as fast as it can.
    seconds: float = 0.0
    #: Where its pace is written, to be followed from outside.
    marks: str = ""


class Figures(BaseModel):
    """Of one kind of call: microseconds, and the longest in milliseconds."""

    median_us: float
    p99_us: float
    longest_ms: float
    seconds: float


@job("tell", params=Telling, steps=["work"])
def tell(ctx: Context, params: Telling) -> dict[str, dict[str, float]]:
    """Progress, tokens and items, one kind after the other; the figures of each."""
    pace, output = _Pace(params), ctx.output("text")
    with ctx.step("work") as step:
        return {
            "progress": pace.measure(lambda n: step.progress(n + 1, params.calls)),
            "tokens": pace.measure(lambda n: output.write(f"token {n} ")),
            "items": pace.measure(lambda n: ctx.item(f"item {n}", "succeeded")),
        }


class _Pace:
    def __init__(self, params: Telling) -> None:
        self._calls, self._marks = params.calls, Path(params.marks) if params.marks else None
        self._began, self._blocks = time.monotonic(), count(1)
        self._block_seconds = params.seconds / (3 * max(1, params.calls // BLOCK))

    def measure(self, call: Callable[[int], object]) -> dict[str, float]:
        took, clock, began = [], time.perf_counter_ns, time.perf_counter()
        for n in range(self._calls):
            if n % BLOCK == 0:
                self._keep()
            before = clock()
            call(n)
            took.append(clock() - before)
        took.sort()
        return Figures(
            median_us=took[len(took) // 2] / 1000,
            p99_us=took[len(took) * 99 // 100] / 1000,
            longest_ms=took[-1] / 1e6,
            seconds=time.perf_counter() - began,
        ).model_dump()

    def _keep(self) -> None:
        """Waits where the job is ahead of its pace, and says how far it is."""
        block = next(self._blocks)
        time.sleep(max(0.0, self._began + block * self._block_seconds - time.monotonic()))
        if self._marks is not None:
            self._marks.write_text(f"{block} {time.monotonic()}")
