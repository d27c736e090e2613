"""Which types of jobs wait in a queue, from its head to its end: each look adds to what the looks before it saw."""

from jobs.estimate import shares, unknown
from jobs.lifecycle import Lifecycle
from jobs.pace import Paces


class Lineup:
    """One queue's. A job's type never changes, so only its place is asked again. Calls may raise LogUnavailable."""

    def __init__(self, queue: str, lifecycle: Lifecycle, paces: Paces) -> None:
        self._queue, self._life, self._paces = queue, lifecycle, paces
        #: Of the jobs that have been looked at and waited then: job id → type.
        self._types: dict[str, str] = {}

    def look(self, depth: int) -> list[tuple[int, str]]:
        """How many jobs of which type come one after another, in a queue of *depth* jobs."""
        types = self._standing()
        #: The queue may have grown since its depth was read.
        depth = max([depth, *(place + 1 for place in types)])
        types |= self._more(sorted(types), depth)
        #: Two looks at a time only know less than they could: each leaves what it saw, whole.
        self._types = dict(types.values())
        places = sorted(types)
        return [(count, types[place][1]) for place, count in zip(places, shares(places, depth), strict=True)]

    def _standing(self) -> dict[int, tuple[str, str]]:
        """The jobs that are known and wait, by their places now: id and type."""
        known = list(self._types.items())
        positions = self._life.index.positions(self._queue, [job_id for job_id, _ in known])
        return {at - 1: job for job, at in zip(known, positions, strict=True) if at is not None}

    def _more(self, known: list[int], depth: int) -> dict[int, tuple[str, str]]:
        """Jobs that are new."""
        wanted = unknown(known, depth)
        found = {job_id: at for at, job_id in zip(wanted, self._paces.at(self._queue, wanted), strict=True) if job_id}
        return {found[head.id]: (head.id, head.type) for head in self._life.heads(list(found))}
