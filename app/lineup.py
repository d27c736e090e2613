"""Which types of jobs wait in a queue, from its head to its end: each look adds to what the looks before it saw."""

from jobs.estimate import shares, unknown
from jobs.lifecycle import Lifecycle
from jobs.pace import Paces


class Lineup:
    """One queue's. A job's type never changes, so only its place is asked again. Calls may raise LogUnavailable."""

    def __init__(self, queue: str, lifecycle: Lifecycle, paces: Paces) -> None:
        self._queue, self._life, self._paces = queue, lifecycle, paces
        #: Of the jobs that have been looked at and wait: job id → type.
        self._types: dict[str, str] = {}

    def look(self, depth: int) -> list[tuple[int, str]]:
        """How many jobs of which type come one after another, in a queue of *depth* jobs."""
        places = self._places()
        places |= self._more(sorted(places), depth)
        self._types = {job_id: self._types[job_id] for job_id in places.values()}
        known = sorted(places)
        #: The queue may have grown since its depth was read.
        counts = shares(known, max([depth, *(place + 1 for place in known[-1:])]))
        return [(count, self._types[places[place]]) for place, count in zip(known, counts, strict=True)]

    def _places(self) -> dict[int, str]:
        """Where the jobs that are known stand now."""
        positions = self._life.index.positions(self._queue, list(self._types))
        return {at - 1: job_id for job_id, at in zip(self._types, positions, strict=True) if at is not None}

    def _more(self, known: list[int], depth: int) -> dict[int, str]:
        """Jobs that are new, by their places."""
        wanted = unknown(known, max([depth, *(place + 1 for place in known[-1:])]))
        found = {job_id: at for at, job_id in zip(wanted, self._paces.at(self._queue, wanted), strict=True) if job_id}
        types = {head.id: head.type for head in self._life.heads(list(found))}
        self._types |= types
        return {found[job_id]: job_id for job_id in types}
