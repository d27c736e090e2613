"""What the scenarios inside the service share: it and a bare Celery on the ground's Redis, each bound to a core."""

import contextlib
import os
import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

import psutil
import redis

from bench.field.bare_celery import bare
from bench.field.ground import Field
from jobs import keys
from tests.service import BIN, ROOT, Process, RedisServer, Service, wait_for

BENCH = Path(__file__).resolve().parent.parent


class Inner(Service):
    """The service under test, its job types such as cost nothing; its limits are those of production but the queue's.

    What is started runs on the core of the load, unless it is started within ``ground.server()``.
    """

    def __init__(self, ground: Field, **env: str) -> None:
        jobs = {"TAILRACE_JOBS": "jobs_of_comparison,jobs_of_publish", "PYTHONPATH": str(BENCH)}
        super().__init__(ground.redis, env={**jobs, "TAILRACE_MAX_QUEUED": "1000000", **env})
        self.ground = ground
        self.store, self.bare = redis.Redis.from_url(self.redis.url), bare(_bare_url(self.redis))
        #: Where the bare Celery has its queue.
        self.broker = redis.Redis.from_url(f"{_bare_url(self.redis)}/1")

    def stop(self) -> None:
        super().stop()
        self.bare.close()
        self.store.close()
        self.broker.close()

    def clear(self) -> None:
        """Every job and every ring is gone; the job types stay."""
        types = self.store.hgetall(keys.CATALOGUE)
        self.store.flushall()
        self.store.hset(keys.CATALOGUE, mapping=types)  # type: ignore[arg-type] # of bytes to bytes

    def live(self) -> int:
        """Jobs that have not ended."""
        return int(self.store.zcard(keys.LIVE))

    def redis_cpu(self) -> float:
        """Seconds that Redis has used."""
        process = self.redis.process
        return cpu_seconds([process.pid]) if process else 0.0

    @contextlib.contextmanager
    def bare_worker(self, slots: int) -> Iterator[None]:
        """A worker of the bare Celery on the server's core, gone afterwards."""
        command = [str(BIN / "celery"), "--app", "bench.field.bare_celery:app", "worker", "--pool", "prefork"]
        command += ["--concurrency", str(slots), "--loglevel", "WARNING", "--without-gossip", "--without-mingle"]
        plain = {name: value for name, value in os.environ.items() if not name.startswith(("TAILRACE_", "CELERY_"))}
        environ = {**plain, "PYTHONPATH": str(ROOT), "FIELD_REDIS": _bare_url(self.redis)}
        with self.ground.server():
            process = Process("bare", command, environ, self.folder)
        try:
            wait_for(lambda: self.bare.control.ping(timeout=0.5), 30, what="the bare worker")
            yield
        finally:
            process.stop()


@contextlib.contextmanager
def inner(ground: Field, **env: str) -> Iterator[Inner]:
    """The service on an empty Redis; nothing of it is started yet."""
    with ground.beside(), ground.redis.client() as client:
        client.flushall()
        made = Inner(ground, **env)
        try:
            yield made
        finally:
            made.stop()


def _bare_url(server: RedisServer) -> str:
    return server.url.removesuffix("/0")


def move(pid: int, core: int) -> None:
    """Binds a process, its children and all their threads to *core*."""
    process = psutil.Process(pid)
    for each in (process, *process.children(recursive=True)):
        for thread in each.threads():
            with contextlib.suppress(ProcessLookupError):
                os.sched_setaffinity(thread.id, {core})


def cpu_seconds(pids: Iterable[int]) -> float:
    """What these processes have used so far, by their own clocks: exact, where /proc counts ticks."""
    return sum(time.clock_gettime(~pid << 3 | 2) for pid in pids)


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def moment(time_of: str) -> float:
    """Seconds since 1970 of a time as the wire shows it."""
    return datetime.fromisoformat(time_of).timestamp()
