"""One child of the worker: answers a doorbell by claiming a job, running it and filing how it ended."""

import logging
import os
import time
from collections.abc import Callable, Mapping
from functools import cached_property

from jobs.model import Job
from jobs.wiring import Parts
from worker import memory, processes
from worker.files import JobFiles
from worker.job import JobType
from worker.registry import Registry, Run
from worker.runner import Runner
from worker.stopwatch import Stopwatch

log = logging.getLogger(__name__)


class Slot:
    """Runs one job at a time; *assemble* is called in the child, at its first doorbell."""

    def __init__(
        self, kinds: Mapping[str, JobType], *, worker: str, registry: Registry, assemble: Callable[[], Parts]
    ) -> None:
        self._kinds, self._worker, self._registry, self._assemble = kinds, worker, registry, assemble
        self._entries = {name: kind.entry() for name, kind in kinds.items()}

    @cached_property
    def _parts(self) -> Parts:
        return self._assemble()

    @cached_property
    def _stopwatch(self) -> Stopwatch:
        return Stopwatch(self._parts.paces, self._parts.clock)

    def answer(self, queue: str) -> None:
        """Runs the first job in *queue* that this worker can run, if any."""
        #: Unlike its siblings by its pid: of two that claim at once each has to know which one won.
        holder = f"{self._worker}:{os.getpid()}"
        self._stopwatch.start()
        job = self._parts.lifecycle.claim(queue, self._entries, holder)
        if job is not None:
            self._hold(job)
        self._stopwatch.stop(job)

    def _hold(self, job: Job) -> None:
        pid = os.getpid()
        limit = self._kinds[job.request.type].memory_limit_bytes
        run = Run(job=job.id, run=job.run, pid=pid, born=processes.born(pid), memory_limit_bytes=limit)
        os.environ[processes.MARK] = run.key
        try:
            ended = self._run(job, run)
        except BaseException:  # a MemoryError or SystemExit would end the worker, an unfiled job waits for the sweep
            log.exception("job %s: run %d broke off", job.id, job.run)
            ended = self._parts.lifecycle.lose(job.id, run=job.run)
        finally:
            os.environ.pop(processes.MARK, None)
            self._registry.leave(run)
        if ended is not None:
            self._parts.lifecycle.settle(ended)

    def _run(self, job: Job, run: Run) -> Job | None:
        kind, began = job.request.type, time.monotonic()
        log.info("job %s: %s begins, attempt %d, run %d", job.id, kind, job.attempt, job.run)
        workdir = self._registry.enter(run)
        runner = Runner(
            eventlog=self._parts.log,
            clock=self._parts.clock,
            sweep=lambda: processes.end_own(run.key),
            leaving=self._registry.leaving,
        )
        with memory.bounded(run.memory_limit_bytes):
            ended = runner.run(self._kinds[kind], job, JobFiles(self._parts.files, job.id), workdir)
        outcome = "another's by now" if ended is None else f"{ended.state}{_why(ended)}"
        log.info("job %s: %s after %.2f s", job.id, outcome, time.monotonic() - began)
        return ended


def _why(job: Job) -> str:
    return f": {job.error.code}" if job.error else ""
