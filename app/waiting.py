"""``?wait=``: an answer held back until what the caller waits for has come."""

import re
import time
from collections.abc import Callable

from app.problems import Problem

MAX_WAIT_SECONDS = 60
_SECONDS = re.compile(r"[0-9]{1,2}(\.[0-9]{1,3})?", re.ASCII)
#: The pause between two looks, in seconds: first and longest.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 0.25


def wait_seconds(text: str | None) -> float:
    """What ``?wait=`` asks for; 400 where that is not 0 to 60."""
    if text is None:
        return 0.0
    if _SECONDS.fullmatch(text) is None or float(text) > MAX_WAIT_SECONDS:
        raise Problem("malformed_query", f"wait must be a number of seconds from 0 to {MAX_WAIT_SECONDS}.")
    return float(text)


def wait_until(come: Callable[[], bool], seconds: float, stop: Callable[[], bool]) -> None:
    """Returns as soon as it has *come*, after *seconds*, or when the process is to *stop*."""
    end, pause = time.monotonic() + seconds, _FIRST_PAUSE
    while seconds and not come() and not stop():
        left = end - time.monotonic()
        if left <= 0:
            return
        time.sleep(min(pause, left))
        pause = min(pause * 1.5, _LONGEST_PAUSE)
