"""When a waiting job begins: from the work ahead of it and the slots that do it. Pure.

The jobs next in line are dealt out to the slots one by one, each to the slot that is free first. Behind them the work
is a sum, and all slots share it.
"""

import heapq
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate, chain, islice, pairwise, repeat

#: Jobs looked at in one look at most: a few milliseconds.
LOOK = 256
#: A job stands for its neighbours where these are fewer than this share of all the jobs ahead: the head of a queue is
#: known job by job, and 10,000 jobs by 1,800. Where one job in ten takes ten times as long as the others, that puts an
#: estimate off by 4 % (one sigma); a single look of 256, before others have added to it, by 14 %.
FINE = 0.0025
#: Jobs at the head that count as ahead of everybody, or the first few would have to be known before all others.
HEAD = 64
#: Where a gap is divided. In the middle, again and again, would meet the rhythm of jobs that come in turns.
_GOLDEN = 0.6180339887498949
#: A job's own word on how far it is counts from this fraction, and this time, on.
TOLD, TOLD_SECONDS = 0.02, 0.5
#: Jobs from the head of a queue that are dealt out one by one: a millisecond's work.
DEALT = 2000


def unknown(known: Sequence[int], depth: int) -> list[int]:
    """The places (from 0) to look at next in a queue of *depth* jobs, where those at *known*, in order, are known."""
    gaps = [(_weight(a, b), a, b) for a, b in pairwise([-1, *known, depth])]
    heapq.heapify(gaps)
    found: list[int] = []
    while len(found) < LOOK and gaps[0][0] < -FINE:
        _, a, b = heapq.heappop(gaps)
        place = a + 1 + int((b - a - 1) * _GOLDEN)
        found.append(place)
        heapq.heappush(gaps, (_weight(a, place), a, place))
        heapq.heappush(gaps, (_weight(place, b), place, b))
    return sorted(found)


def _weight(a: int, b: int) -> float:
    """How much the gap between the places *a* and *b* adds to the error of those behind it; the most is the least."""
    return -(b - a - 1) / (b + HEAD)


def shares(known: Sequence[int], depth: int) -> list[int]:
    """For each of the places *known*, in order, how many jobs it stands for: half of the way to its neighbours."""
    borders = [0, *((a + b + 1) // 2 for a, b in pairwise(known)), depth]
    return [b - a for a, b in pairwise(borders)] if known else []


def remaining(mean: float, elapsed: float, fraction: float = 0.0) -> float:
    """Seconds that a job still takes which has taken *elapsed*; one that is late is likely to be a long one.

    Where it says how far it is, that is better than what others of its type have taken: params make jobs long or short.
    """
    if TOLD < fraction <= 1 and elapsed > TOLD_SECONDS:
        return elapsed * (1 - fraction) / fraction
    return max(mean - elapsed, elapsed / 10)


class Forecast:
    """The beginnings of one queue's jobs.

    *free* has the seconds after which each slot is free (0: now), at least one; *ahead* how many jobs come one after
    another that take so many seconds each, from the head of the queue; *typical* is for whatever comes behind them.
    """

    def __init__(self, free: Sequence[float], ahead: Iterable[tuple[int, float]], typical: float) -> None:
        jobs = [*ahead, (DEALT, typical)]
        self._slots, self._busy, self._typical = len(free), sum(free), typical
        self._seconds = [seconds for _, seconds in jobs]
        self._places = list(accumulate((count for count, _ in jobs[:-1]), initial=0))
        self._work = list(accumulate((count * seconds for count, seconds in jobs[:-1]), initial=0.0))
        self._near = _deal(free, chain.from_iterable(repeat(seconds, count) for count, seconds in jobs))
        #: Behind those dealt out the slots share the work, and a job begins before all of it is done: how much before
        #: shows in how it was with them.
        late = range(len(self._near) // 2, len(self._near))
        self._lag = sum(self._shared(before) - self._near[before] for before in late) / len(late)

    def seconds(self, position: int) -> float:
        """Until the job at *position* begins; 1 is the next."""
        before = position - 1
        if before < len(self._near):
            return self._near[before]
        return max(self._near[-1], self._shared(before) - self._lag)

    def parked(self, position: int, places: int) -> float:
        """Until a job that is the *position*-th to wait for one of *places* places begins, each with half done."""
        return (position - 0.5) * self._typical / places

    def _shared(self, before: int) -> float:
        """When so many jobs would be done if each were shared by all slots."""
        at = bisect_right(self._places, before) - 1
        work = self._work[at] + (before - self._places[at]) * self._seconds[at]
        return (self._busy + work) / self._slots


def _deal(free: Sequence[float], jobs: Iterable[float]) -> list[float]:
    """When each of the first jobs begins."""
    slots, begun = list(free), []
    heapq.heapify(slots)
    for seconds in islice(jobs, DEALT):
        begun.append(slots[0])
        heapq.heapreplace(slots, slots[0] + seconds)
    return begun
