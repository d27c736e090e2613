"""The worker tier's root: ``celery --app worker.celery:app worker``; everything is wired here and nowhere else."""

import logging
import os
import secrets
import signal
import socket
import sys
import traceback
import warnings
from contextlib import nullcontext
from functools import partial
from types import FrameType
from typing import Any

from celery import Celery, signals

from jobs.catalogue import WorkerEntry
from jobs.clock import now_ms, rfc3339
from jobs.doorbell import CeleryDoorbell, celery_app, celery_queue
from jobs.errors import SettingsError
from jobs.settings import Settings
from jobs.wiring import assemble
from worker import logs, processes, tasks
from worker.carried import Carried, carried
from worker.collect import root_first
from worker.graces import Leave, hurry, leave
from worker.guard import Guard
from worker.pools import pool_of
from worker.slot import Slot
from worker.spared import spared

#: Seconds between two looks at whether the warden and the children live. Celery looks at its children every five: it
#: is told of an end at once, but a child that is not quite dead at that very moment it overlooks.
CHECK_SECONDS = 0.1

#: Where a platform wants it so, Celery takes SIGTERM for SIGQUIT.
REMAPPED = os.environ.get("REMAP_SIGTERM") == "SIGQUIT"

log = logging.getLogger(__name__)


class Worker:
    """One worker: Celery's signals are its life."""

    def __init__(self, settings: Settings, carries: Carried) -> None:
        self._settings, self._pool = settings, pool_of(settings.pool)
        self._kinds, self._left_out = carries
        self._main = 0
        self._guard: Guard | None = None
        self._slot: Slot | None = None
        self._timer: Any = None
        self.app = self._celery()
        tasks.register(self.app, self._answer)
        for hook, receiver in (
            (signals.setup_logging, self._log),
            (signals.worker_init, self._quiet),
            (signals.celeryd_after_setup, self._begin),
            (signals.worker_ready, self._ready),
            (signals.worker_process_init, self._child),
            (signals.worker_shutting_down, self._drain),
            (signals.worker_shutdown, self._end),
        ):
            hook.connect(receiver, weak=False)

    def _celery(self) -> Celery:
        queues = sorted({celery_queue(kind.queue) for kind in self._kinds.values()})
        app = celery_app(self._settings.broker_url)
        app.conf.update(
            worker_concurrency=self._settings.concurrency,
            #: That of gevent is for the command line to name: Celery warns of it here, rightly.
            worker_pool=None if self._pool.name == "gevent" else self._pool.name,
            worker_redirect_stdouts=False,
            task_queues={name: {"exchange": name, "routing_key": name} for name in queues},
            task_default_queue=queues[0],
        )
        return app

    # The main process -----------------------------------------------------------------------------------------

    def _log(self, loglevel: int, **_: Any) -> None:
        logs.set_up(loglevel)

    def _quiet(self, sender: Any, **_: Any) -> None:
        """Workers need not know of one another: the log and the leases say who does what."""
        sender.options.update(without_gossip=True, without_mingle=True, without_heartbeat=True)
        sender.quiet = True

    def _begin(self, instance: Any, **_: Any) -> None:
        """Before the children are forked: they find the registry in their memory."""
        if instance.pool_cls.__module__ != self._pool.module:
            sys.exit(f"tailrace worker: --pool: is not the one that TAILRACE_POOL names, {self._pool.name}")
        entries = [kind.entry() for kind in self._kinds.values()]
        worker = WorkerEntry(
            id=f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(2)}",
            types=sorted(self._kinds),
            queues=sorted({kind.queue for kind in self._kinds.values()}),
            concurrency=self._settings.concurrency,
            started_at=rfc3339(now_ms()),
        )
        self._main, self._guard = os.getpid(), Guard(worker, entries)
        build = partial(assemble, self._settings, doorbell=CeleryDoorbell(self.app))
        registry = self._guard.registry
        self._slot = Slot(self._kinds, worker=worker.id, registry=registry, assemble=build, pool=self._pool)
        log.info("worker %s carries %s", worker.id, ", ".join(worker.types))
        if self._left_out:
            why = "async job types need a worker of TAILRACE_POOL=prefork or threads beside it"
            log.warning("worker %s leaves out %s: %s", worker.id, ", ".join(self._left_out), why)
        if self._pool.shared:
            self._share()

    def _share(self) -> None:
        """Its jobs share this process, and with it the mark of what they begin."""
        os.environ[processes.MARK] = processes.mark_of(self._main, processes.born(self._main))
        for kind in self._kinds.values():
            if kind.memory_limit_bytes is not None:
                log.warning("the memory limit of %s does not hold in a pool of %s", kind.name, self._pool.name)

    def _ready(self, sender: Any, **_: Any) -> None:
        """At the start, and again after each loss of the broker."""
        if self._timer is None:
            self._forewarn(signal.SIGQUIT, *([signal.SIGTERM] if REMAPPED else []))
            signal.signal(signal.SIGINT, partial(_one_by_one, signal.getsignal(signal.SIGINT)))
        else:
            self._timer.cancel()
        self._timer = sender.timer.call_repeatedly(CHECK_SECONDS, self._check, (sender.pool,))

    def _check(self, pool: Any) -> None:
        if self._guard is not None:
            self._guard.check()
        #: The slot of a killed job is free again once another child has taken the dead one's place.
        pool.maintain_pool()

    def _forewarn(self, *numbers: int) -> None:
        """Celery's cold shutdown signals its children and waits for their end before it says that it ends."""
        for number in numbers:
            signal.signal(number, partial(self._hurry, signal.getsignal(number)))

    def _hurry(self, then: Any, number: int, frame: FrameType | None) -> None:
        self._leave(hurry(now_ms(), self._settings.drain_seconds))
        then(number, frame)

    def _drain(self, how: str = "Warm", **_: Any) -> None:
        if how == "Warm":
            self._leave(leave(now_ms(), self._settings.drain_seconds))
            #: The next Ctrl-C is a cold shutdown; Celery has put that in place just now.
            self._forewarn(signal.SIGINT)

    def _leave(self, wished: Leave) -> None:
        if self._guard is not None:
            self._guard.drain(wished)
            self._pool.leave_within((wished.until_ms - now_ms()) / 1000)

    def _end(self, **_: Any) -> None:
        if self._guard is not None and os.getpid() == self._main:
            self._guard.end()

    # A child --------------------------------------------------------------------------------------------------

    def _child(self, **_: Any) -> None:
        """Leads a group of its own, so that a signal to the worker's group cannot end a job in mid-air.

        That the death of the main process is its own as well Celery has asked of the kernel just before.
        """
        os.setpgid(0, 0)
        if os.getppid() != self._main:
            os._exit(1)

    def _answer(self, queue: str) -> None:
        #: In a shared process these signals are Celery's, and no job's.
        with nullcontext() if self._pool.shared else spared():
            if self._slot is not None:
                self._slot.answer(queue)


def _one_by_one(then: Any, number: int, frame: FrameType | None) -> None:
    """The next such signal waits until this one is through.

    At a first Ctrl-C Celery puts the cold shutdown in place of the warm one, and only then tells of the warm one: a
    second in between would be before our warning, and the jobs would be left to run.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {number})
    try:
        then(number, frame)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def build() -> Celery:
    """The Celery app of a worker as the environment wants it; SystemExit with a sentence where that cannot be."""
    #: Celery minds root because of pickle; only JSON is taken here.
    warnings.filterwarnings("ignore", message=".*superuser privileges")
    sys.path[:] = root_first(sys.path, os.getcwd())  # noqa: PTH109 - a plain string is what the path holds
    for name in ("CELERY_BROKER_URL", "CELERY_RESULT_BACKEND"):
        #: Celery's command line makes these of BROKER_URL and RESULT_BACKEND, which are not meant for us.
        os.environ.pop(name, None)
    try:
        settings = Settings.from_env(os.environ)
        return Worker(settings, carried(settings)).app
    except SettingsError as error:
        if error.__cause__ is not None:
            traceback.print_exception(error.__cause__)
        sys.exit(f"tailrace worker: {error}")


app = build()
