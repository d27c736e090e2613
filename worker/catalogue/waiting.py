"""Wait for a moment, so that a cancel is seen at once."""

import time

from worker.context import Context

#: Seconds slept in one go: a cancel is seen within this time.
_SLICE_SECONDS = 0.05


def wait_until(ctx: Context, due: float) -> None:
    """Sleep until the monotonic clock says `due`, in slices."""
    ctx.raise_if_cancelled()
    while (left := due - time.monotonic()) > 0:
        time.sleep(min(left, _SLICE_SECONDS))
        ctx.raise_if_cancelled()
