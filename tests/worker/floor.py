"""A Redis, real workers on it, and the jobs that they run: for tests that kill, stop and drain."""

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import psutil

from jobs import events as ev
from jobs.doorbell import CeleryDoorbell, celery_app
from jobs.eventlog import Record
from jobs.files import new_id
from jobs.head import Head
from jobs.model import Job, JobState
from jobs.settings import Settings
from jobs.wiring import Parts, assemble
from tests.service import ROOT, Process, RedisServer, Service, redis_server, wait_for
from worker.processes import MARK

OWN = ROOT / "tests" / "worker"


class Floor:
    """Submits to the workers that it started, and looks at what became of it."""

    def __init__(self, service: Service) -> None:
        self.service = service
        settings = Settings.from_env({"REDIS_URL": service.redis.url, "TAILRACE_DATA": service.folder})
        self.celery = celery_app(settings.broker_url)
        self.parts: Parts = assemble(settings, doorbell=CeleryDoorbell(self.celery))

    def close(self) -> None:
        self.service.stop()
        self.celery.pool.force_close_all()
        self.celery.close()
        self.parts.client.connection_pool.disconnect()

    def worker(self, **env: str) -> Process:
        given = {"TAILRACE_JOBS": "jobs_of_a_user", "PYTHONPATH": str(OWN), "TAILRACE_CONCURRENCY": "1", **env}
        return self.service.worker(**given)

    def submit(self, kind: str, *, max_attempts: int = 3, timeout: float | None = None, **params: Any) -> str:
        request = ev.Request(type=kind, params=params, max_attempts=max_attempts, timeout_seconds=timeout)
        return self.parts.lifecycle.submit(new_id(), request).id

    def head(self, job_id: str) -> Head:
        return self.parts.lifecycle.head(job_id)

    def job(self, job_id: str) -> Job:
        return self.parts.lifecycle.load(job_id)

    def wait(self, job_id: str, right: Callable[[Head], bool], *, seconds: float = 20, what: str = "") -> Head:
        """The job's head once it is *right*."""
        return wait_for(
            lambda: head if right(head := self.head(job_id)) else None,
            seconds,
            what=f"job {job_id} to be {what or 'right'}: {self.types(job_id)}\n{self.logs()}",
        )

    def running(self, job_id: str, *, attempt: int = 1) -> Head:
        return self.wait(job_id, lambda head: head.state is JobState.RUNNING and head.attempt == attempt)

    def ended(self, job_id: str, *, seconds: float = 20) -> Job:
        self.wait(job_id, lambda head: head.state.terminal, seconds=seconds, what="ended")
        return self.job(job_id)

    def child(self, head: Head) -> psutil.Process:
        """The process that runs a job."""
        assert head.worker is not None
        return psutil.Process(int(head.worker.rsplit(":", 1)[1]))

    def cancel(self, job_id: str, grace_seconds: float = 5) -> None:
        self.parts.lifecycle.cancel(job_id, grace_seconds=grace_seconds)

    def records(self, job_id: str) -> list[Record]:
        entries = self.parts.log.read(job_id, 0, 100_000).entries
        return [msgspec.json.decode(entry.envelope, type=Record) for entry in entries]

    def types(self, job_id: str) -> list[str]:
        """The job's own events, without what it tells of its work."""
        told = ("step.", "output.", "item", "log", "metric")
        return [r.type for r in self.records(job_id) if not r.type.startswith(told) and r.type != "job.progress"]

    def logs(self) -> str:
        return "\n".join(process.log.read_text()[-3000:] for process in self.service.processes)

    def left(self) -> list[psutil.Process]:
        """Living processes that carry a job's mark."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if MARK in process.environ() and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found


@contextlib.contextmanager
def floor(*, durable: bool = False) -> Iterator[Floor]:
    with redis_server(durable=durable) as server:
        service = Service(server)
        made = Floor(service)
        try:
            yield made
        finally:
            made.close()


def lines(path: Path) -> list[str]:
    """The marks that jobs have left."""
    return path.read_text().splitlines() if path.exists() else []


def alive(pid: int) -> bool:
    with contextlib.suppress(psutil.Error):
        return psutil.Process(pid).status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    return False


def stop(process: psutil.Process) -> None:
    os.kill(process.pid, signal.SIGSTOP)


__all__ = ["Floor", "RedisServer", "alive", "floor", "lines", "stop"]
