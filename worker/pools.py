"""The kinds of pool that a worker can be: what a run is in each, who can interrupt it, and how its process ends."""

import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from jobs.errors import SettingsError
from jobs.model import Job
from worker import processes
from worker.interrupt import Interrupter, here
from worker.job_type import JobType
from worker.raising import BySetting
from worker.registry import Run


@dataclass(frozen=True, kw_only=True)
class Pool:
    """*shared* where several jobs run in one process: then none of them can be killed alone."""

    name: str
    shared: bool
    interrupter: Callable[[], Interrupter]
    #: Where Celery keeps it.
    module: str = ""
    #: Calls something after so many seconds; to be called from a signal, and not to wait for anything.
    later: Callable[[float, Callable[[], None]], None] = lambda _seconds, _call: None

    def holder(self, worker: str) -> str:
        """Who claims: unlike its siblings, for of two that claim at once each has to know which one won."""
        return f"{worker}:{os.getpid()}" + (f".{threading.get_ident():x}" if self.shared else "")

    def run(self, job: Job, kind: JobType) -> Run:
        """The run of *job* in this process; a limit of memory is one of a process, not of a job among others."""
        pid, limit = os.getpid(), None if self.shared else kind.memory_limit_bytes
        return Run(
            job=job.id,
            run=job.run,
            pid=pid,
            born=processes.born(pid),
            memory_limit_bytes=limit,
            shared=self.shared,
        )

    @contextmanager
    def marked(self, run: Run) -> Iterator[None]:
        """What the job begins carries its run's mark; an environment that jobs share can name none of them."""
        if self.shared:
            yield
            return
        os.environ[processes.MARK] = run.mark
        try:
            yield
        finally:
            os.environ.pop(processes.MARK, None)

    def sweep(self, run: Run) -> None:
        """Ends what the job has begun and left behind, where that can be told from what others have begun."""
        if not self.shared:
            processes.end_own(run.mark)

    def leave_within(self, seconds: float) -> None:
        """Ends a shared process by then, whatever still runs in it: a thread can be asked to end, not made to.

        The warden, which sees its parent gone, gives back the jobs.
        """
        self.later(seconds, _leave)


def _in_a_thread(seconds: float, call: Callable[[], None]) -> None:
    timer = threading.Timer(seconds, call)
    timer.daemon = True
    timer.start()


def _leave() -> None:
    logging.shutdown()
    os._exit(0)


PREFORK = Pool(name="prefork", shared=False, interrupter=here, module="celery.concurrency.prefork")
THREADS = Pool(
    name="threads", shared=True, interrupter=BySetting, module="celery.concurrency.thread", later=_in_a_thread
)


def pool_of(name: str) -> Pool:
    """The pool of that *name*; SettingsError where it cannot be in this process."""
    if name != "gevent":
        return {"prefork": PREFORK, "threads": THREADS}[name]
    from worker import greenlets  # noqa: PLC0415 - it brings gevent, which other pools do not have

    if not greenlets.patched():
        why = "gevent has to be there from the first line on: the worker's command needs --pool gevent as well"
        raise SettingsError(name="TAILRACE_POOL", why=why)
    interrupter, module = greenlets.ByThrowing, "celery.concurrency.gevent"
    return Pool(name=name, shared=True, interrupter=interrupter, module=module, later=greenlets.later)
