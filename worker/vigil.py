"""What the warden does, turn by turn: renew leases, notice the dead, end what has to end, and say so."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from jobs.catalogue import Catalogue
from jobs.clock import Clock
from jobs.errors import JobNotFound, LogUnavailable, TailraceError
from jobs.head import Head
from jobs.lifecycle import Lifecycle
from worker import processes, sentence
from worker.every import Every
from worker.processes import Life
from worker.registry import Call, Registry, Run
from worker.sentence import Sentence

#: Seconds between two looks at the heads of the jobs that run.
LOOK_SECONDS = 0.4
#: Seconds between two looks at whether the catalogue still knows the worker's types.
CATALOGUE_SECONDS = 30.0

log = logging.getLogger(__name__)


class Vigil:
    """Sees to the runs in *registry*; :meth:`turn` is to be called several times a second."""

    def __init__(
        self,
        registry: Registry,
        lifecycle: Lifecycle,
        catalogue: Catalogue,
        *,
        lease_seconds: float,
        clock: Clock,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._registry, self._life, self._catalogue, self._clock = registry, lifecycle, catalogue, clock
        self._crew = registry.crew()
        self._monotonic = monotonic
        self._renewal = Every(lease_seconds / 6, monotonic)
        self._look, self._publication = Every(LOOK_SECONDS, monotonic), Every(CATALOGUE_SECONDS, monotonic)
        self._heads: dict[str, Head] = {}
        self._foreign: dict[str, float] = {}
        self._sentences: dict[str, Sentence] = {}
        #: Since when those that claim have been stopped.
        self._stopped: dict[Call, float] = {}
        self._lease_seconds = lease_seconds
        self._away, self._published = False, False

    @property
    def away(self) -> bool:
        """Whether Redis did not answer when it was last asked."""
        return self._away

    def turn(self) -> None:
        """Everything that is due now; a Redis that is away is tried again at the next turn."""
        runs = self._runs()
        with self._patience():
            self._renew([run for run in runs if self._life_of(run) is Life.RUNNING])
            self._read(runs)
        for run in runs:
            self._judge(run)
        with self._patience():
            for run in runs:
                self._execute(run)
        self._part({run.pid for run in runs})

    def finish(self) -> bool:
        """The worker is no more: ends every run that is left; True once nothing is."""
        runs, drains = self._runs(), self._registry.drained() is not None
        for run in runs:
            fate = sentence.drained(run) if drains else sentence.lost(run, self._clock())
            self._sentences.setdefault(run.key, fate)
        for call in self._registry.calls():
            #: It has no parent and soon no warden: what it claims now nobody would watch over.
            if call.pid not in {run.pid for run in runs}:
                self._end(call)
        with self._patience():
            for run in runs:
                self._execute(run)
            self._catalogue.leave(self._crew.worker.id)
            return not self._registry.runs()
        return False

    def _runs(self) -> Sequence[Run]:
        runs = self._registry.runs()
        keys = {run.key for run in runs}
        for known in (self._heads, self._foreign, self._sentences):
            for key in known.keys() - keys:
                del known[key]
        return runs

    def _life_of(self, run: Run | Call) -> Life:
        return processes.life(run.pid, run.born)

    # What Redis has to know and to say ------------------------------------------------------------------------

    def _renew(self, living: Sequence[Run]) -> None:
        """Leases first: after an outage they are what is most urgent."""
        if not (self._renewal.due() or self._away):
            return
        try:
            ids = [run.job for run in living if run.key not in self._sentences]
            missing = self._life.index.lease(ids, mode="XX")
            #: A lease that is gone while the job is still the run's was lost with Redis's memory, not taken.
            kept = {head.id for head in self._life.heads(missing) for run in living if sentence.own(head, run)}
            self._life.index.lease([job_id for job_id in missing if job_id in kept])
            #: What has forgotten the worker has forgotten its types too: a Redis that came back empty, or with less.
            if self._catalogue.beat(self._crew.worker):
                self._publication.again()
            self._publish()
        except LogUnavailable:
            self._renewal.again()
            raise
        if self._away:
            log.info("the warden goes on: Redis is back")
        self._away = False

    def _publish(self) -> None:
        """All types at first, later only what Redis has lost: an older worker must not take a newer one's word back."""
        if not self._publication.due():
            return
        self._registry.touch()
        try:
            known = self._catalogue.types() if self._published else {}
            self._catalogue.publish(entry for entry in self._crew.types if entry.name not in known)
            self._published = True
        except LogUnavailable:
            self._publication.again()
            raise

    def _read(self, runs: Sequence[Run]) -> None:
        if not self._look.due():
            return
        heads = {head.id: head for head in self._life.heads([run.job for run in runs])}
        for run in runs:
            head = heads.get(run.job)
            if head is not None and sentence.own(head, run):
                self._heads[run.key] = head
                self._foreign.pop(run.key, None)
            else:
                self._heads.pop(run.key, None)
                self._foreign.setdefault(run.key, self._monotonic())

    # What follows ---------------------------------------------------------------------------------------------

    def _judge(self, run: Run) -> None:
        """Sentences a run; it needs no Redis, a deadline that is known holds while that is away."""
        if run.key in self._sentences:
            return
        now, until = self._clock(), self._registry.drained()
        head, foreign = self._heads.get(run.key), self._foreign.get(run.key)
        found = sentence.by_clock(head, run, now) if head is not None else None
        if found is None and run.memory_limit_bytes is not None:
            found = sentence.greedy(run, processes.resident(run.pid, run.born, run.mark))
        if found is None:
            found = sentence.by_drain(run, until, now)
        if found is None and foreign is not None:
            found = sentence.foreign(run, self._monotonic() - foreign)
        if found is None and self._life_of(run) is Life.GONE:
            found = sentence.lost(run, now) if until is None else sentence.drained(run)
        if found is not None:
            self._sentences[run.key] = found
            log.warning("job %s: run %d in process %d ends: %s", run.job, run.run, run.pid, found.reason)

    def _execute(self, run: Run) -> None:
        """Kills what is left of a sentenced run, and only then writes what became of its job."""
        found = self._sentences.get(run.key)
        if found is None or self._left(run) or not processes.end(run.pid, run.born, run.mark):
            return
        try:
            self._life.decide(run.job, found.decision)
        except JobNotFound:
            pass
        except LogUnavailable:
            raise
        except TailraceError:
            log.exception("job %s: run %d could not be closed; the sweep will see to it", run.job, run.run)
        self._registry.leave(run)

    def _left(self, run: Run) -> bool:
        """Whether the child has gone on to other work in this very moment; if not it is held still."""
        processes.hold(run.pid, run.born)
        if self._registry.has(run):
            return False
        processes.resume(run.pid, run.born)
        return True

    def _part(self, running: set[int]) -> None:
        """Ends what was stopped in the middle of a claim: its job goes on elsewhere after a lease, its slot stays."""
        stopped = {}
        for call in self._registry.calls():
            found = self._life_of(call)
            if found is Life.GONE:
                self._registry.hang_up(call)
            elif found is Life.STOPPED and call.pid not in running:
                stopped[call] = self._stopped.get(call, self._monotonic())
        self._stopped = stopped
        for call, since in stopped.items():
            if self._monotonic() - since > self._lease_seconds:
                self._end(call)

    def _end(self, call: Call) -> None:
        log.warning("process %d ends in the middle of a claim", call.pid)
        processes.end(call.pid, call.born, processes.mark_of(call.pid, call.born))

    @contextmanager
    def _patience(self) -> Iterator[None]:
        """Redis away: said once, tried again at the next turn."""
        try:
            yield
        except LogUnavailable as error:
            if not self._away:
                log.warning("the warden waits: %s", error)
            self._away = True
