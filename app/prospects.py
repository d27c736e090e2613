"""Where a job stands in its queue, and how long it takes to begin; read anew each second while somebody asks."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from app.known import Known, Recent
from jobs.catalogue import WorkerEntry
from jobs.clock import Clock
from jobs.estimate import Forecast, remaining, stretches
from jobs.head import Head
from jobs.lifecycle import Lifecycle
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
        return self._place(queue, kind, self._life.index.position(queue, job_id))

    def places(self, queue: str, kinds: Mapping[str, str]) -> list[Place]:
        """The places of many jobs of one queue, given with their types, in the order given."""
        positions = self._life.index.positions(queue, list(kinds))
        return [self._place(queue, kind, position) for kind, position in zip(kinds.values(), positions, strict=True)]

    def _place(self, queue: str, kind: str, position: int | None) -> Place:
        forecast = None if position is None or not self._known.serves(kind) else self._forecast(queue)
        eta = None if position is None or forecast is None else rounded(forecast.seconds(position))
        return {"position": position, "eta_seconds": eta}

    def _forecast(self, queue: str) -> Forecast | None:
        if queue not in self._forecasts:
            self._forecasts[queue] = Recent(partial(self._read, queue), self._monotonic)
        return self._forecasts[queue].get()

    def _read(self, queue: str) -> Forecast | None:
        """None where no worker listens, or none has yet ended a job that would tell how long they take."""
        workers = [worker for worker in self._known.workers() if queue in worker.queues]
        look = self._paces.look(sorted({queue}.union(*(worker.queues for worker in workers))))
        typical = look.means[queue].get(ANY)
        if not workers or typical is None:
            return None
        plan = stretches(look.depths[queue])
        ids = self._paces.at(queue, [stretch.rank for stretch in plan])
        heads = {head.id: head for head in self._life.heads([*filter(None, ids), *look.held])}
        slower = _slower(queue, workers, look)
        ahead = (
            (stretch.stop - stretch.start, slower * _mean(look, heads.get(job_id), typical))
            for stretch, job_id in zip(plan, ids, strict=True)
        )
        running = [heads[job_id] for job_id in look.held if job_id in heads]
        return Forecast(list(self._free(workers, running, look, typical)), ahead, slower * typical)

    def _free(
        self, workers: Sequence[WorkerEntry], running: Sequence[Head], look: Look, typical: float
    ) -> Iterator[float]:
        """For each slot of *workers* the seconds until it is free."""
        busy: dict[str, list[float]] = defaultdict(list)
        now = self._clock()
        for head in running:
            elapsed = max(0, now - (head.run_started or now)) / 1000
            worker = (head.worker or "").rpartition(":")[0]
            busy[worker].append(remaining(_mean(look, head, typical), elapsed))
        for entry in workers:
            idle = [0.0] * entry.concurrency
            yield from [*busy[entry.id], *idle][: entry.concurrency]


def rounded(seconds: float) -> float:
    """To a tenth of a second, and to no more than three digits."""
    return round(float(f"{seconds:.3g}"), 1)


def _mean(look: Look, head: Head | None, typical: float) -> float:
    """How long the job holds a slot; as most do where its type has not been measured."""
    if head is None:
        return typical
    known = look.means.get(head.queue, {})
    return known.get(head.type, known.get(ANY, typical))


def _slower(queue: str, workers: Sequence[WorkerEntry], look: Look) -> float:
    """How much longer it all takes because the workers serve other queues that have work: a job of each in turn."""
    typical = look.means[queue][ANY]
    share = 0.0
    for worker in workers:
        others = [other for other in worker.queues if other != queue and look.depths[other]]
        turn = typical + sum(look.means[other].get(ANY, typical) for other in others)
        share += worker.concurrency * (typical / turn if turn else 1.0)
    return sum(worker.concurrency for worker in workers) / share if share else 1.0
