"""Where a job stands in its queue, and how long it takes to begin; read anew each second while somebody asks."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from app.known import Known, Recent
from app.lineup import Lineup
from jobs.catalogue import WorkerEntry
from jobs.clock import Clock
from jobs.estimate import Forecast, remaining
from jobs.head import Head
from jobs.lifecycle import Lifecycle
from jobs.limits import Parked
from jobs.pace import ANY, Look, Paces

#: As the wire shows it: ``position`` and ``eta_seconds``, each None where nobody can tell.
Place = dict[str, float | None]


class Prospects:
    """Calls may raise LogUnavailable."""

    def __init__(
        self,
        lifecycle: Lifecycle,
        paces: Paces,
        known: Known,
        clock: Clock,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._life, self._paces, self._known, self._clock = lifecycle, paces, known, clock
        self._monotonic = monotonic
        self._forecasts: dict[str, Recent[Forecast | None]] = {}

    def place(self, queue: str, kind: str, job_id: str) -> Place:
        """The place of one job, which is of type *kind*."""
        return self.places(queue, {job_id: kind})[0]

    def places(self, queue: str, kinds: Mapping[str, str]) -> list[Place]:
        """The places of many jobs of one queue, given with their types, in the order given.

        A job that is parked has its place among those that wait for the same limit.
        """
        positions = dict(zip(kinds, self._life.index.positions(queue, list(kinds)), strict=True))
        parked = self._life.index.limits.parked([job_id for job_id, at in positions.items() if at is None])
        return [self._place(queue, kinds[job_id], at, parked.get(job_id)) for job_id, at in positions.items()]

    def at(self, queue: str, kind: str, position: int) -> Place:
        """The place of a job of type *kind* that is known to stand at *position* of its queue."""
        return self._place(queue, kind, position, None)

    def _place(self, queue: str, kind: str, at: int | None, parked: Parked | None) -> Place:
        position = at or (parked.position if parked else None)
        forecast = None if position is None or not self._known.serves(kind) else self._forecast(queue)
        if position is None or forecast is None:
            return {"position": position, "eta_seconds": None}
        seconds = forecast.seconds(position) if parked is None else forecast.parked(position, parked.places)
        return {"position": position, "eta_seconds": rounded(seconds)}

    def _forecast(self, queue: str) -> Forecast | None:
        if queue not in self._forecasts:
            lineup = Lineup(queue, self._life, self._paces)
            self._forecasts[queue] = Recent(partial(self._read, queue, lineup), self._monotonic)
        return self._forecasts[queue].get()

    def _read(self, queue: str, lineup: Lineup) -> Forecast | None:
        """None where no worker listens, or none has yet ended a job that would tell how long they take."""
        workers = [worker for worker in self._known.workers() if queue in worker.queues]
        look = self._paces.look(sorted({queue}.union(*(worker.queues for worker in workers))))
        if not workers or ANY not in look.means[queue]:
            return None
        slower = _slower(queue, workers, look)
        ahead = [(count, slower * _mean(look, queue, kind)) for count, kind in lineup.look(look.depths[queue])]
        return Forecast(list(self._free(workers, look)), ahead, slower * _mean(look, queue, ANY))

    def _free(self, workers: Sequence[WorkerEntry], look: Look) -> Iterator[float]:
        """For each slot of *workers* the seconds until it is free."""
        busy: dict[str, list[float]] = defaultdict(list)
        now = self._clock()
        for head in self._life.heads(look.held):
            busy[_worker(head)].append(_left(look, head, now))
        for entry in workers:
            idle = [0.0] * entry.concurrency
            yield from [*busy[entry.id], *idle][: entry.concurrency]


def rounded(seconds: float) -> float:
    """To a tenth of a second, and to no more than three digits."""
    return round(float(f"{seconds:.3g}"), 1)


def _mean(look: Look, queue: str, kind: str) -> float:
    """How long a job holds a slot; as the queue's jobs do on average where its type has not been measured."""
    means = look.means.get(queue, {})
    return means.get(kind, means.get(ANY, 0.0))


def _left(look: Look, head: Head, now: int) -> float:
    """Seconds that the job still runs."""
    elapsed = max(0, now - (head.run_started or now)) / 1000
    return remaining(_mean(look, head.queue, head.type), elapsed, head.fraction)


def _worker(head: Head) -> str:
    """The worker whose child holds the job: a holder is called <worker>:<pid>."""
    return (head.worker or "").rpartition(":")[0]


def _slower(queue: str, workers: Sequence[WorkerEntry], look: Look) -> float:
    """How much longer it all takes because the workers serve other queues that have work: a job of each in turn."""
    own, share = _mean(look, queue, ANY), 0.0
    for worker in workers:
        others = [other for other in worker.queues if other != queue and look.depths[other]]
        turn = own + sum(_mean(look, other, ANY) for other in others)
        share += worker.concurrency * (own / turn if turn else 1.0)
    return sum(worker.concurrency for worker in workers) / share if share else 1.0
