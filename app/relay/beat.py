"""The process's beat: who waits for the clock wakes together with the others, for what a waking costs is the waking."""

from time import monotonic

import gevent


def pause(seconds: float) -> None:
    """Sleeps until the clock has reached a multiple of *seconds*; at least for a quarter of that."""
    gevent.sleep(remaining(seconds, monotonic()))


def remaining(seconds: float, now: float) -> float:
    """A timer that came a little early must not bring the same beat twice."""
    rest = seconds - now % seconds
    return rest if rest > seconds / 4 else rest + seconds
