"""A whole service for crowds: web processes on one port, workers of greenlets with many slots, and their figures."""

import contextlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import psutil
import redis

from bench.crowd import Crowd, many_files
from bench.reader import Reader
from jobs import keys
from tests.fault_proxy import FaultProxy
from tests.service import BIN, Process, RedisServer, Service, redis_server, wait_for

HERE = Path(__file__).resolve().parent
#: What no job here takes longer than.
PATIENCE_SECONDS = 120.0


class Stage(Service):
    """*wire*: the web processes reach Redis through a proxy that fails on demand."""

    def __init__(self, server: RedisServer, *, slots: int, wire: FaultProxy | None = None, **env: str) -> None:
        jobs = {"TAILRACE_JOBS": "jobs_of_crowds", "PYTHONPATH": str(HERE), "TAILRACE_CONCURRENCY": str(slots)}
        super().__init__(server, env={**jobs, "TAILRACE_POOL": "gevent", **env})
        self.wire: Any = wire
        self.client.timeout = httpx.Timeout(60)

    def web(self, *, port: int | None = None, **env: str) -> Process:
        port = port or self.port
        if self.wire is not None:
            env["REDIS_URL"] = self.wire.url
        given = {"PORT": str(port), "TAILRACE_SHARE_PORT": "1", **env}
        command = [str(BIN / "gunicorn"), "-c", "gunicorn.conf.py", "counted:app"]
        process = self._start("web", command, given)
        wait_for(lambda: "Booting worker" in process.log.read_text(), 30, what="the web process")
        wait_for(lambda: self._answers(port), 30, what="the web process")
        return process

    def worker(self, **env: str) -> Process:
        command = [str(BIN / "celery"), "--app", "worker.celery:app", "worker", "--pool", "gevent"]
        before = {known.id for known in self.workers()}
        process = self._start("worker", command, env)
        wait_for(lambda: {known.id for known in self.workers()} - before, 30, what="the worker")
        return process

    def living(self, kind: str) -> list[Process]:
        return [each for each in self.processes if each.name.startswith(kind) and each.popen.poll() is None]

    # Figures --------------------------------------------------------------------------------------------------

    def relay_of(self, web: Process) -> psutil.Process:
        """The one worker of gunicorn, which holds the streams."""
        return max(web.children(), key=lambda process: process.num_fds())

    def memory(self) -> tuple[float, float]:
        """MiB of the first web process: resident, and its own alone."""
        full = self.relay_of(self.living("web")[0]).memory_full_info()
        return full.rss / 2**20, full.uss / 2**20

    def metric(self, name: str) -> float:
        return metric(self.client.get("/metrics").text, name)

    def calls(self) -> dict[str, int]:
        """How often each Redis command was called so far."""
        with redis.Redis.from_url(self.redis.url) as store:
            stats = store.info("commandstats")
        return {name.removeprefix("cmdstat_"): int(stat["calls"]) for name, stat in stats.items()}

    def last(self, job_id: str) -> int:
        """Seq of the job's last event, as Redis itself says."""
        with redis.Redis.from_url(self.redis.url) as store:
            return int(store.xrevrange(keys.log(job_id), count=1)[0][0].partition(b"-")[0])

    def judge(self, readers: Sequence[Reader]) -> list[str]:
        """What is wrong with what *readers* were told, held against the logs of their jobs."""
        logs = {job_id: self.events(job_id) for job_id in {reader.job_id for reader in readers}}
        return [f"{each.job_id}: {fault}" for each in readers for fault in each.told.judge(logs[each.job_id])]


def metric(text: str, name: str) -> float:
    """The sum of all that *name* has, whatever its labels."""
    values = [line.rpartition(" ")[2] for line in text.splitlines() if line.partition(" ")[0].partition("{")[0] == name]
    return sum(float(value) for value in values)


@contextlib.contextmanager
def stage(*, web: int = 1, worker: int = 1, slots: int = 8, wired: bool = False, **env: str) -> Iterator[Stage]:
    """*wired*: with a wire between the web processes and Redis that can be made to fail."""
    many_files()
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(redis_server(durable=True))
        wire = stack.enter_context(FaultProxy(server.port)) if wired else None
        made = Stage(server, slots=slots, wire=wire, **env)
        stack.callback(made.stop)
        for _ in range(worker):
            made.worker()
        for _ in range(web):
            made.web()
        yield made


@contextlib.contextmanager
def crowd_of(made: Stage) -> Iterator[Crowd]:
    crowd = Crowd(made.port)
    try:
        yield crowd
    finally:
        crowd.close()


def percentile(values: Sequence[float], share: float) -> float:
    """0 where there is none."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else 0.0


def table(title: str, rows: Sequence[tuple[str, Any]]) -> None:
    print(f"\n{title}")
    for name, value in rows:
        shown = f"{value:,.1f}" if isinstance(value, float) else str(value)
        print(f"  {name:<58} {shown:>16}")
    sys.stdout.flush()


def tell_faults(faults: Sequence[str]) -> None:
    for fault in faults[:12]:
        print(f"  WRONG {fault}")
    if faults:
        print(f"  {len(faults)} in all", flush=True)
