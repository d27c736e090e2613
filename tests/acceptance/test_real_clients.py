"""Clients that nobody here wrote, each by its own means: cut off, refused and told to come back, they miss nothing."""

import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from httpx_sse import connect_sse
from ld_eventsource import SSEClient as LaunchDarkly
from ld_eventsource.config import ErrorStrategy
from ld_eventsource.errors import HTTPStatusError
from sseclient import SSEClient

from tests.acceptance.conftest import JOBS
from tests.scissors import Scissors
from tests.service import Service, running_service, wait_for

pytestmark = pytest.mark.acceptance

Log = list[dict[str, Any]]
NODE = Path(__file__).parent / "node"
#: Seconds after which a client that has not been told to stop gives up.
PATIENCE = 45


# The clients: each follows a URL until it is told by 204 to stop -----------------------------------------------------


def resumed(once: Callable[[str, dict[str, str], Log], bool]) -> Callable[[str], Log]:
    """The loop that a user writes around a client that does not reconnect by itself."""

    def follow(url: str) -> Log:
        seen: Log = []
        last: dict[str, str] = {}
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            with suppress(httpx.TransportError):
                if not once(url, last, seen):
                    break
            ids = [event["id"] for event in seen if event["id"]]
            last = {"Last-Event-ID": ids[-1]} if ids else {}
            time.sleep(seen[-1]["data"].get("retry_ms", 100) / 1000 if seen else 0.1)
        return seen

    return follow


def httpx_sse(url: str, headers: dict[str, str], seen: Log) -> bool:
    with httpx.Client(timeout=30) as client, connect_sse(client, "GET", url, headers=headers) as source:
        if source.response.status_code == 204:
            return False
        for event in source.iter_sse():
            seen.append(json.loads(event.data))
    return True


def sseclient_py(url: str, headers: dict[str, str], seen: Log) -> bool:
    with httpx.stream("GET", url, headers=headers, timeout=30) as answer:
        if answer.status_code == 204:
            return False
        for event in SSEClient(answer.iter_bytes()).events():
            #: It gives out what a connection broke off, too: that is no JSON, or all of the event is there.
            with suppress(json.JSONDecodeError):
                seen.append(json.loads(event.data))
    return True


def curl(url: str, headers: dict[str, str], seen: Log) -> bool:
    arguments = [word for name, value in headers.items() for word in ("-H", f"{name}: {value}")]
    command = ["curl", "-sSN", "-w", "%{stderr}%{http_code}", *arguments, url]
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    *whole, _rest = done.stdout.decode().split("\n\n")
    lines = [line for event in whole for line in event.split("\n")]
    seen += [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]
    return not done.stderr.endswith(b"204")


def launchdarkly(url: str) -> Log:
    deadline, seen = time.monotonic() + PATIENCE, list[dict[str, Any]]()

    def judge(error: Exception | None) -> tuple[bool, None]:
        return isinstance(error, HTTPStatusError) or time.monotonic() > deadline, None

    strategy = ErrorStrategy.from_lambda(judge)
    with LaunchDarkly(url, initial_retry_delay=0.2, error_strategy=strategy) as client, suppress(HTTPStatusError):
        for event in client.events:
            seen.append(json.loads(event.data))
    return seen


def npm_eventsource(url: str) -> Log:
    """As a browser's, it does not tell a plain ``onmessage`` of events that have a name."""
    command = ["node", "follow.mjs", f"{url}&names=0"]
    done = subprocess.run(command, cwd=NODE, capture_output=True, timeout=PATIENCE, check=True, text=True)
    return [json.loads(line) for line in done.stdout.split("\n") if line]


CLIENTS: dict[str, Callable[[str], Log]] = {
    "httpx-sse": resumed(httpx_sse),
    "sseclient-py": resumed(sseclient_py),
    "curl": resumed(curl),
    "launchdarkly-eventsource": launchdarkly,
    "npm eventsource": npm_eventsource,
}
each_client = pytest.mark.parametrize("name", CLIENTS)


@pytest.fixture(scope="module", autouse=True)
def packages() -> None:
    """The client from npm, by the lock file beside it; what a test of another client does not need may be missing."""
    if not shutil.which("npm"):
        return
    lock, installed = NODE / "package-lock.json", NODE / "node_modules" / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run(command, cwd=NODE, capture_output=True, timeout=100, check=False)


def able(name: str) -> bool:
    return not name.startswith("npm") or bool(shutil.which("node") and (NODE / "node_modules" / "eventsource").exists())


@dataclass
class Run:
    """One client, on its way to the service past the scissors."""

    way: Scissors
    seen: Future[Log]

    def told(self, name: str) -> bool:
        """Whether an answer with that event has come back."""
        return any(f'"type":"{name}"'.encode() in exchange.answered for exchange in self.way.exchanges)


Runs = dict[str, Run]


@contextmanager
def everybody(service: Service, job_id: str, cuts: tuple[int, ...] = ()) -> Iterator[Runs]:
    """All clients at once, since most of their time is waiting."""
    path = f"/v1/jobs/{job_id}/events?after=0"
    with ExitStack() as stack, ThreadPoolExecutor(len(CLIENTS)) as pool:
        ways = {name: stack.enter_context(Scissors(service.port, cuts)) for name in CLIENTS if able(name)}
        yield {name: Run(way, pool.submit(CLIENTS[name], way.url + path)) for name, way in ways.items()}


def whole(runs: Runs, name: str, log: Log) -> Run:
    """The run of that client, which has seen all there was, each event once, and has stopped when it was told to."""
    if name not in runs:
        pytest.skip("there is no node with npm, or the package could not be had")
    run = runs[name]
    assert [event for event in run.seen.result(100) if "seq" in event] == log
    assert run.way.statuses.index(204) == len(run.way.statuses) - 1
    assert run.way.exchanges[-1].last_event_id == log[-1]["id"]
    return run


# Cut off -------------------------------------------------------------------------------------------------------------

#: Bytes of answer: within the head, the wait, the first events, and further on.
CUTS = (100, 420, 1500, 9000, 20_000)


@pytest.fixture(scope="module")
def cut_off(wide_service: Service) -> Iterator[tuple[Runs, Log]]:
    job_id = wide_service.submit("steady", count=400, pause=0.01)["id"]
    with everybody(wide_service, job_id, CUTS) as runs:
        wide_service.wait(job_id)
        yield runs, wide_service.events(job_id)


@each_client
def test_cut_off_in_the_middle_it_goes_on_without_a_hole_or_a_repeat_and_stops_at_the_end(
    cut_off: tuple[Runs, Log], name: str
) -> None:
    run = whole(cut_off[0], name, cut_off[1])
    assert [exchange.cut for exchange in run.way.exchanges[: len(CUTS)]] == [True] * len(CUTS)
    assert len(run.way.exchanges) == len(CUTS) + 2


# Refused -------------------------------------------------------------------------------------------------------------

MOST = 8


@pytest.fixture(scope="module")
def small() -> Iterator[Service]:
    """A web process that carries few streams, on a Redis that may go away."""
    with running_service(durable=True, TAILRACE_MAX_STREAMS=str(MOST), **JOBS) as running:
        yield running


@pytest.fixture(scope="module")
def finished(small: Service) -> tuple[str, Log]:
    job_id = small.submit("steady", count=50)["id"]
    small.wait(job_id)
    return job_id, small.events(job_id)


@pytest.fixture(scope="module")
def overloaded(small: Service, finished: tuple[str, Log]) -> Iterator[Runs]:
    """Everybody, after all places were taken when they came."""
    busy = small.submit("steady", count=1000, pause=0.1)["id"]
    with ExitStack() as crowd:
        for _ in range(MOST):
            crowd.enter_context(httpx.stream("GET", f"{small.url}/v1/jobs/{busy}/events"))
        with everybody(small, finished[0]) as runs:
            with crowd:
                wait_for(lambda: all(run.told("stream.overloaded") for run in runs.values()), what="refusals")
            small.client.post(f"/v1/jobs/{busy}/cancel")
            yield runs


@each_client
def test_told_that_all_places_are_taken_it_comes_back(overloaded: Runs, finished: tuple[str, Log], name: str) -> None:
    run = whole(overloaded, name, finished[1])
    #: Each on a connection of its own: another web process may have a place.
    assert [exchange.statuses for exchange in run.way.exchanges][:2] == [[200], [200]]


@pytest.fixture(scope="module")
def without_redis(small: Service, finished: tuple[str, Log]) -> Iterator[Runs]:
    """Everybody, after Redis was away when they came."""
    assert small.redis.process is not None
    small.redis.process.terminate()
    small.redis.process.wait()
    with everybody(small, finished[0]) as runs:
        wait_for(lambda: all(run.told("stream.reconnect") for run in runs.values()), what="everybody to be refused")
        small.redis.start()
        yield runs


@each_client
def test_told_that_redis_is_away_it_comes_back(without_redis: Runs, finished: tuple[str, Log], name: str) -> None:
    run = whole(without_redis, name, finished[1])
    assert [exchange.statuses for exchange in run.way.exchanges][:2] == [[200], [200]]
