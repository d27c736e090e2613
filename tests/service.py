"""Real Redis, gunicorn and Celery for the tests: on free ports, in folders of their own, ended by pid."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psutil
import pytest
import redis

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
#: Every wait of the tests is a multiple of this many seconds; slower machines set the factor.
UNIT = float(os.environ.get("TAILRACE_TESTS_TIMEOUT_FACTOR", "1"))
#: A Redis 6.2, the oldest that is promised to do: where ./tailrace puts the one from the wheel, unless told otherwise.
OLD_REDIS = Path(os.environ.get("TAILRACE_TESTS_OLD_REDIS", f"{sys.prefix}/redis/redis-server"))
REDISES = ["redis 7", "redis 6.2"] if OLD_REDIS.exists() else ["redis 7"]


#: A hundred for each test process: what one has found free no other takes before its server does. They lie below
#: those that the system gives to connections, of which any could take one meanwhile.
PORTS = cycle(range(first := 10_000 + os.getpid() % 200 * 100, first + 100))


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    for port in PORTS:
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError


T = TypeVar("T")


def wait_for(thing: Callable[[], T], seconds: float = 20, *, what: str = "it") -> T:
    """The first true value of *thing*; fails when there is none in *seconds*."""
    deadline = time.monotonic() + seconds * UNIT
    while True:
        found = thing()
        if found:
            return found
        if time.monotonic() > deadline:
            pytest.fail(f"waited {seconds} s for {what}")
        time.sleep(0.02)


class RedisServer:
    """One redis-server with its own folder; *durable* keeps an append-only file, so that it survives kill -9.

    *options* are further arguments of its command line; *password* is asked of its clients and given to its master.
    """

    def __init__(
        self, *options: str, durable: bool = False, binary: str | None = None, password: str | None = None
    ) -> None:
        binary = binary or shutil.which("redis-server") or shutil.which("valkey-server")
        if binary is None:
            if os.environ.get("CI"):
                pytest.fail("redis-server is not on PATH")
            pytest.skip("redis-server is not on PATH")
        self.binary, self.durable, self.port = binary, durable, free_port()
        self.folder = tempfile.mkdtemp(prefix="tailrace-test-redis-")
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.options, self.password = options, password
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        arguments = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", self.folder, "--save", ""]
        arguments += ["--appendonly", "yes" if self.durable else "no", "--maxmemory-policy", "noeviction"]
        if self.password:
            arguments += ["--requirepass", self.password, "--masterauth", self.password]
        log = Path(self.folder, "redis.log").open("ab")  # noqa: SIM115 - the process keeps it
        self.process = subprocess.Popen([self.binary, *arguments, *self.options], stdout=log, stderr=log)
        log.close()
        wait_for(self._answers, what="Redis")

    def _answers(self) -> bool:
        with contextlib.suppress(redis.RedisError), self.client() as client:
            return bool(client.ping())
        return False

    def client(self) -> redis.Redis:
        return redis.Redis(port=self.port, password=self.password, protocol=2)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


@contextlib.contextmanager
def redis_server(*, durable: bool = False, binary: str | None = None) -> Iterator[RedisServer]:
    server = RedisServer(durable=durable, binary=binary)
    try:
        yield server
    finally:
        server.stop()


class Process:
    """A web or worker process as the Procfile starts it, with its output in a file."""

    def __init__(self, name: str, arguments: list[str], env: dict[str, str], folder: str) -> None:
        self.name, self.log = name, Path(folder, f"{name}.log")
        with self.log.open("ab") as output:
            self.popen = subprocess.Popen(
                arguments, cwd=ROOT, env=env, stdout=output, stderr=output, stdin=subprocess.DEVNULL
            )
        self.pid = self.popen.pid

    def children(self) -> list[psutil.Process]:
        with contextlib.suppress(psutil.NoSuchProcess):
            return psutil.Process(self.pid).children(recursive=True)
        return []

    def kill(self) -> None:
        self.popen.kill()
        self.popen.wait()

    def stop(self, seconds: float = 40) -> None:
        """SIGTERM, and SIGKILL for it and whatever it left behind if that is not enough."""
        family = self.children()
        if self.popen.poll() is None:
            self.popen.send_signal(signal.SIGTERM)
        try:
            self.popen.wait(seconds * UNIT)
        except subprocess.TimeoutExpired:
            self.kill()
        for process in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()


class Service:
    """A whole Tailrace: one Redis, or several as one, any number of web and worker processes."""

    def __init__(self, redis_server: Any, *, env: dict[str, str] | None = None) -> None:
        self.redis = redis_server
        self.folder = tempfile.mkdtemp(prefix="tailrace-test-")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.processes: list[Process] = []
        #: One client for all calls: making one costs more than most calls do.
        self.client = httpx.Client(base_url=self.url, timeout=20)
        self.env = {
            **{name: value for name, value in os.environ.items() if not name.startswith("TAILRACE_")},
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "REDIS_URL": redis_server.url,
            "TAILRACE_DATA": self.folder,
            "TAILRACE_CONCURRENCY": "2",
            **(env or {}),
        }

    def web(self, *, port: int | None = None, **env: str) -> Process:
        port = port or self.port
        command = [str(BIN / "gunicorn"), "-c", "gunicorn.conf.py", "app.wsgi:app"]
        process = self._start("web", command, {"PORT": str(port), **env})
        wait_for(lambda: self._answers(port) or process.popen.poll() is not None, 30, what="the web process")
        assert process.popen.poll() is None, process.log.read_text()[-3000:]
        return process

    def worker(self, **env: str) -> Process:
        command = [str(BIN / "celery"), "--app", "worker.celery:app", "worker", "--loglevel", "INFO"]
        with self._catalogue() as catalogue:
            before = {known.id for known in catalogue.workers()}
            process = self._start("worker", command, env)
            #: An earlier one may just be leaving.
            begun = lambda: {known.id for known in catalogue.workers()} - before  # noqa: E731
            wait_for(lambda: begun() or process.popen.poll() is not None, 30, what="the worker")
        assert process.popen.poll() is None, process.log.read_text()[-3000:]
        return process

    def _start(self, name: str, command: list[str], env: dict[str, str]) -> Process:
        process = Process(f"{name}-{len(self.processes)}", command, {**self.env, **env}, self.folder)
        self.processes.append(process)
        return process

    def _answers(self, port: int) -> bool:
        with contextlib.suppress(httpx.HTTPError):
            return httpx.get(f"http://127.0.0.1:{port}/livez", timeout=1).status_code == 200
        return False

    def workers(self) -> list[Any]:
        with self._catalogue() as catalogue:
            return list(catalogue.workers())

    @contextlib.contextmanager
    def _catalogue(self) -> Iterator[Any]:
        """For many looks: to connect anew costs thirty times what a look does."""
        from jobs.catalogue import Catalogue
        from jobs.connect import redis_client

        client = redis_client(self.redis.url)
        try:
            yield Catalogue(client, lease_seconds=6)
        finally:
            client.close()
            client.connection_pool.disconnect()

    def submit(self, kind: str, **params: Any) -> dict[str, Any]:
        answer = self.client.post("/v1/jobs", json={"type": kind, "params": params})
        assert answer.status_code == 202, answer.text
        return dict(answer.json())

    def job(self, job_id: str) -> dict[str, Any]:
        return dict(self.client.get(f"/v1/jobs/{job_id}").json())

    def wait(self, job_id: str, *states: str, seconds: float = 30) -> dict[str, Any]:
        """The job once it is in one of *states* (terminal ones unless given)."""
        wanted = states or ("succeeded", "failed", "cancelled", "expired")
        return wait_for(
            lambda: job if (job := self.job(job_id)).get("state") in wanted else None,
            seconds,
            what=f"job {job_id} to be {wanted}",
        )

    def events(self, job_id: str) -> list[dict[str, Any]]:
        """The whole log of a job, page by page."""
        found: list[dict[str, Any]] = []
        after = "0"
        while True:
            url = f"/v1/jobs/{job_id}/events?after={after}&limit=1000"
            page = self.client.get(url, headers={"Accept": "application/json"}).json()
            found += page["events"]
            after = page["cursor"]
            if not page["events"]:
                return found

    def stop(self) -> None:
        self.client.close()
        for process in self.processes:
            if process.popen.poll() is None:
                process.popen.send_signal(signal.SIGTERM)
        for process in self.processes:
            process.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


@contextlib.contextmanager
def running_service(*, web: int = 1, worker: int = 1, durable: bool = False, **env: str) -> Iterator[Service]:
    """A service with *web* and *worker* processes; web process n has a port of its own unless there is one."""
    with redis_server(durable=durable) as server:
        #: A machine that runs tests is often short of time; what streams are told must not depend on that.
        service = Service(server, env={"TAILRACE_DEGRADE": "0", **env})
        try:
            for _ in range(worker):
                service.worker()
            for _ in range(web):
                service.web(**({"TAILRACE_SHARE_PORT": "1"} if web > 1 else {}))
            yield service
        finally:
            service.stop()
