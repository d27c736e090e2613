"""When a waiting job begins: from the work ahead of it and the slots that do it. Pure.

The jobs next in line are dealt out to the slots one by one, each to the slot that is free first. Behind them the work
is a sum, and all slots share it.
"""

import heapq
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

#: Jobs at the head of a queue that are each looked at, and jobs in all: one of each stretch behind the head stands for
#: its stretch. Stretches grow with their distance, so that of every hundred jobs ahead, near or far, about as many are
#: known; with half of the jobs ten times as long as the others that puts an estimate off by 9 % (one sigma).
NEAR, SAMPLE = 64, 256
#: Where in its stretch a sampled job stands: steps of the golden ratio meet no rhythm that jobs may come in.
_GOLDEN = 0.6180339887498949


class Stretch(NamedTuple):
    """Jobs of a queue from place *start* up to *stop* (counted from 0), each as long as the one at *rank*."""

    start: int
    stop: int
    rank: int


def stretches(depth: int) -> list[Stretch]:
    """What to look at in a queue of *depth* jobs; together they are the whole of it."""
    if depth <= SAMPLE:
        return [Stretch(rank, rank + 1, rank) for rank in range(depth)]
    growth, count = depth / NEAR, SAMPLE - NEAR
    bounds = sorted({round(NEAR * growth ** (n / count)) for n in range(count + 1)})
    far = [Stretch(a, b, a + int((b - a) * (n * _GOLDEN % 1))) for n, (a, b) in enumerate(pairwise(bounds))]
    return [*stretches(NEAR), *far]


def remaining(mean: float, elapsed: float) -> float:
    """Seconds that a job still takes which has taken *elapsed*; one that is late is likely to be a long one."""
    return max(mean - elapsed, elapsed / 10)


class Forecast:
    """The beginnings of one queue's jobs.

    *free* has the seconds after which each slot is free (0: now), at least one; *ahead* how many jobs come one after
    another that take so many seconds each, from the head of the queue; *typical* is for whatever comes behind them.
    """

    def __init__(self, free: Sequence[float], ahead: Iterable[tuple[int, float]], typical: float) -> None:
        jobs = list(ahead)
        self._slots, self._busy, self._typical = len(free), sum(free), typical
        self._near = list(_dealt(free, jobs))
        self._places = list(accumulate((count for count, _ in jobs), initial=0))
        self._work = list(accumulate((count * seconds for count, seconds in jobs), initial=0.0))
        self._seconds = [*(seconds for _, seconds in jobs), typical]

    def seconds(self, position: int) -> float:
        """Until the job at *position* begins; 1 is the next."""
        before = position - 1
        if before < len(self._near):
            return self._near[before]
        stretch = bisect_right(self._places, before) - 1
        work = self._work[stretch] + (before - self._places[stretch]) * self._seconds[stretch]
        #: At that moment the other slots are, on average, half way through what they had of it.
        unfinished = work / before * (self._slots - 1) / 2
        return max(self._near[-1], (self._busy + work - unfinished) / self._slots)


def _dealt(free: Sequence[float], jobs: Iterable[tuple[int, float]]) -> Iterator[float]:
    """When each job begins that is known one by one, and the one behind them."""
    slots = list(free)
    heapq.heapify(slots)
    for count, seconds in jobs:
        yield slots[0]
        if count > 1:
            return
        heapq.heapreplace(slots, slots[0] + seconds)
    yield slots[0]
