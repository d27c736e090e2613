"""One place of the worker: answers a doorbell by claiming a job, running it and filing how it ended."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import partial

from jobs.books import Ledger
from jobs.doorbell import FOREIGN
from jobs.errors import LogUnavailable
from jobs.model import Job
from jobs.wiring import Parts
from worker import memory
from worker.children import JobChildren
from worker.files import JobFiles
from worker.job_type import JobType
from worker.pools import PREFORK, Pool
from worker.publisher import Publisher
from worker.registry import Registry, Run
from worker.rounds import LINGER_SECONDS, Rounds
from worker.runner import Runner
from worker.stopwatch import Stopwatch
from worker.upward import Upward

#: For so long after it was called a slot goes on to the next job by itself; then other queues have their turn. Where
#: none of them has a job it goes on, for as long as a call is to take at most.
TURN_SECONDS, CALL_SECONDS = 0.25, 5.0

log = logging.getLogger(__name__)


class Slot:
    """Runs one job at a time in each child, or thread; *assemble* is called in the child, at its first doorbell."""

    def __init__(
        self,
        kinds: Mapping[str, JobType],
        *,
        worker: str,
        registry: Registry,
        assemble: Callable[[], Parts],
        pool: Pool = PREFORK,
    ) -> None:
        self._kinds, self._worker, self._registry, self._assemble = kinds, worker, registry, assemble
        self._pool, self._building = pool, threading.Lock()
        #: Fifty threads that reach for one queue at once would all reach for its first job, then for its second, …
        self._claiming = threading.Lock()
        self._built: Parts | None = None
        self._own = threading.local()
        #: Those of no run, to be taken over.
        self._rounds: list[Rounds] = []
        self._entries = {name: kind.entry() for name, kind in kinds.items()}
        self._queues = {kind.queue for kind in kinds.values()}

    @property
    def _parts(self) -> Parts:
        with self._building:
            if self._built is None:
                self._built = self._assemble()
            return self._built

    @property
    def _stopwatch(self) -> Stopwatch:
        """Each thread has a slot, and so a watch, of its own."""
        if not hasattr(self._own, "stopwatch"):
            self._own.stopwatch = Stopwatch(self._parts.paces, self._parts.clock)
        found: Stopwatch = self._own.stopwatch
        return found

    def answer(self, queue: str) -> None:
        """Runs the first job in *queue* that this worker can run, if any, and for a moment those that follow it.

        To be called by Celery costs more than a short job does: whoever went on takes away the rings that nobody needs
        now, or each would call somebody for nothing.
        """
        with self.answering():
            began, job = time.monotonic(), self._claim(queue)
            if job is None:
                return
            self._pass_on(queue)
            until, alone = began + TURN_SECONDS, True
            while job is not None:
                self._end(job)
                if self._registry.leaving() is not None:
                    break
                if (now := time.monotonic()) >= until:
                    if now >= began + CALL_SECONDS or self._others_wait(queue):
                        break
                    until = now + TURN_SECONDS
                job = self._claim(queue)
                alone = alone and job is None
            self._leave(queue, alone=alone, empty=job is None)

    def _others_wait(self, queue: str) -> bool:
        """Whether any other queue of this worker has jobs, as far as Redis tells."""
        try:
            return any(self._parts.lifecycle.index.depth(other) for other in self._queues if other != queue)
        except LogUnavailable:
            return True

    def _leave(self, queue: str, *, alone: bool, empty: bool) -> None:
        """The slot turns to something else after one job *alone*, or several; its queue was found *empty*, or not."""
        if not alone:
            self._parts.lifecycle.doorbell.clear(queue)
        if not (alone and empty):
            self._pass_on(queue)
        self._stopwatch.tell()

    def _claim(self, queue: str) -> Job | None:
        self._stopwatch.start()
        with self._claiming:
            job = self._parts.lifecycle.claim(queue, self._entries, self._pool.holder(self._worker))
        if job is None:
            self._stopwatch.stop(None)
        return job

    def _end(self, job: Job) -> None:
        self.hold(job)
        self._stopwatch.stop(job)

    def _pass_on(self, queue: str) -> None:
        """Rings for jobs that this slot leaves to others, where no ring tells of them: not every job has one."""
        lifecycle = self._parts.lifecycle
        #: There may be a job in hand: a Redis that goes now must not keep it from being run.
        with suppress(LogUnavailable):
            if lifecycle.index.depth(queue) and lifecycle.doorbell.rung(queue) == 0:
                lifecycle.doorbell.ring(queue)

    def answering(self) -> AbstractContextManager[None]:
        """Stands around a claim and what follows from it; a process that jobs share is no warden's to kill for one."""
        return nullcontext() if self._pool.shared else self._registry.answering()

    def hold(self, job: Job) -> Job | None:
        """Runs *job*, claimed for this worker, and files how it ended; None where it is another's by now."""
        run, ledger = self._pool.run(job, self._kinds[job.request.type]), self._parts.log.ledger(run=True)
        try:
            with self._pool.marked(run):
                ended = self._run(job, run, ledger)
        except BaseException:  # a MemoryError or SystemExit would end the worker, an unfiled job waits for the sweep
            log.exception("job %s: run %d broke off", job.id, job.run)
            ended, ledger.filed = self._parts.lifecycle.lose(job.id, run=job.run), None
        finally:
            self._registry.leave(run)
        return None if ended is None else self._parts.lifecycle.settle(ended, ledger.filed)

    def _run(self, job: Job, run: Run, ledger: Ledger) -> Job | None:
        kind, began = job.request.type, time.monotonic()
        log.info("job %s: %s begins, attempt %d, run %d", job.id, kind, job.attempt, job.run)
        workdir = self._registry.enter(run)
        rounds = self._free_rounds()
        runner = Runner(
            eventlog=ledger,
            clock=self._parts.clock,
            sweep=lambda: self._pool.sweep(run),
            leaving=self._registry.leaving,
            load=self._registry.load,
            interrupter=self._pool.interrupter,
            publisher=partial(Publisher, upward=self._upward(job), rounds=rounds),
            children=None if job.request.queue.startswith(FOREIGN) else JobChildren(self._parts, job),
        )
        try:
            with memory.bounded(run.memory_limit_bytes):
                ended = runner.run(self._kinds[kind], job, JobFiles(self._parts.files, job.id), workdir)
        finally:
            #: Also where the run broke off: nothing more is told of it.
            rounds.end()
            self._rounds.append(rounds)
        outcome = "another's by now" if ended is None else f"{ended.state}{_why(ended)}"
        log.info("job %s: %s after %.2f s", job.id, outcome, time.monotonic() - began)
        return ended

    def _free_rounds(self) -> Rounds:
        with suppress(IndexError):
            return self._rounds.pop()
        return Rounds(linger_seconds=LINGER_SECONDS)

    def _upward(self, job: Job) -> Callable[[Job], None]:
        """Where it is told how far *job* is, beside its own log."""
        parent = job.request.parent
        return _nowhere if parent is None else Upward(self._parts.log, self._parts.clock, parent)


def _nowhere(_job: Job) -> None:
    """It is no child."""


def _why(job: Job) -> str:
    return f": {job.error.code}" if job.error else ""
