"""Fills a queue on a real service and holds what it tells against what happens.

    .venv/bin/python bench/queue_depth.py [--jobs 10000] [--longer 0.0] [--watched 1000]

Starts Redis, one web process and one worker with two slots; submits over HTTP, one call after the other, until so many
jobs wait, while the slots work. Then it asks for jobs at several positions when they will begin, again and again while
the queue shrinks, and watches the last ones by event stream. Prints: what a submit takes as its caller sees it; how far
the estimates were off; the memory of the web process; and what watching costs it. All of it shares one machine.
"""

import argparse
import random
import selectors
import socket
import statistics
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import psutil

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from tests.service import Service, running_service  # noqa: E402 - the root stands on the path from here on

#: Shares of the queue's depth at which a job is asked for its estimate.
SHARES = (0.01, 0.03, 0.1, 0.25, 0.5, 0.75, 1.0)
#: Seconds between two rounds of asking, and for which the cost of watching is measured.
ROUND, SPELL = 10.0, 10.0


class Told(NamedTuple):
    """What a job was told of its beginning, and when."""

    job: str
    at: float
    position: int
    eta: float


class Bench:
    """One service under load."""

    def __init__(self, service: Service, longer: float) -> None:
        self.service, self.longer = service, longer
        self.web = psutil.Process(service.processes[-1].pid).children()[0]
        self.ids: list[str] = []
        self.took: list[float] = []

    @property
    def memory(self) -> float:
        """MiB."""
        return float(self.web.memory_info().rss) / 2**20

    def fill(self, depth: int) -> None:
        """Submits until *depth* jobs wait."""
        position = 0
        while position < depth:
            kind = "longer" if random.random() < self.longer else "short"
            begun = time.perf_counter()
            job = self.service.submit(kind)
            self.took.append(time.perf_counter() - begun)
            self.ids.append(job["id"])
            position = (job["queue"] or {}).get("position") or 0

    def ask(self) -> Iterator[Told]:
        """One job at each share of what still waits."""
        waits = self._waiting()
        for share in SHARES if waits else ():
            job = self.service.job(self.ids[-waits:][max(0, round(waits * share) - 1)])
            queue = job["queue"]
            if queue and queue["position"] and queue["eta_seconds"] is not None:
                yield Told(job["id"], time.time(), queue["position"], queue["eta_seconds"])

    def _waiting(self) -> int:
        """Jobs from the last one back to the first that waits: nobody cancels, so that is its position."""
        return int((self.service.job(self.ids[-1])["queue"] or {}).get("position") or 0)

    def drain(self) -> list[Told]:
        """Asks until the queue is nearly empty."""
        told: list[Told] = []
        while self._waiting() > len(self.ids) * 0.02:
            told += self.ask()
            time.sleep(ROUND)
        return told

    def errors(self, told: Iterable[Told]) -> list[tuple[Told, float, float]]:
        """How far off each estimate was: in seconds, and as a share of how long it took in truth."""
        reals = [(each, self._began(each.job) - each.at) for each in told]
        return [(each, abs(each.eta - real), abs(each.eta - real) / real) for each, real in reals if real > 0]

    def _began(self, job_id: str) -> float:
        job = self.service.wait(job_id, "running", "succeeded", "failed", seconds=600)
        return datetime.fromisoformat(job["started_at"]).timestamp()

    # Watching -------------------------------------------------------------------------------------------------

    def watch(self, count: int) -> tuple[float, float, float]:
        """CPU shares of the web process without and with *count* watched jobs that wait, and positions a second."""
        alone = self._spell([])[0]
        streams = [self._stream(job_id) for job_id in self.ids[-count:]]
        self._spell(streams)
        busy, told = self._spell(streams)
        for stream in streams:
            stream.close()
        return alone, busy, told / SPELL

    def _stream(self, job_id: str) -> socket.socket:
        stream = socket.create_connection(("127.0.0.1", self.service.port))
        stream.sendall(f"GET /v1/jobs/{job_id}/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        stream.setblocking(False)
        return stream

    def _spell(self, streams: Iterable[socket.socket]) -> tuple[float, int]:
        """The web process's CPU share over one spell, and the positions that *streams* were told meanwhile."""
        with selectors.DefaultSelector() as selector:
            for stream in streams:
                selector.register(stream, selectors.EVENT_READ)
            before, end, told = sum(self.web.cpu_times()[:2]), time.monotonic() + SPELL, 0
            while (left := end - time.monotonic()) > 0:
                ready = selector.select(left) if selector.get_map() else time.sleep(left) or []
                told += sum(key.fileobj.recv(1 << 16).count(b"event: stream.position") for key, _ in ready)
        return (sum(self.web.cpu_times()[:2]) - before) / SPELL, told


def row(name: str, *values: Any) -> None:
    print(f"{name:<44}", *(f"{value:>12}" for value in values))


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def milliseconds(values: list[float]) -> tuple[str, str]:
    return f"{statistics.median(values) * 1000:.1f}", f"{percentile(values, 0.99) * 1000:.1f}"


def tell_submits(bench: Bench) -> None:
    row("submit, ms", "median", "p99")
    row(f"  all {len(bench.took)}", *milliseconds(bench.took))
    row("  the last tenth", *milliseconds(bench.took[-len(bench.took) // 10 :]))


def tell_errors(errors: list[tuple[Told, float, float]]) -> None:
    row("estimates, off by", "median, %", "worst, %", "worst, s", "asked")
    for low, high in pairwise((0, 10, 100, 1000, 5000, 1_000_000)):
        some = [(seconds, share) for told, seconds, share in errors if low < told.position <= high]
        if some:
            seconds, shares = zip(*some, strict=True)
            figures = (statistics.median(shares) * 100, max(shares) * 100, max(seconds))
            row(f"  positions {low + 1} to {high}", *(f"{figure:.1f}" for figure in figures), len(some))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--jobs", type=int, default=10_000, help="jobs that wait at the peak")
    parser.add_argument("--longer", type=float, default=0.0, help="share of jobs that take ten times as long")
    parser.add_argument("--watched", type=int, default=1000, help="jobs that are watched while they wait")
    given = parser.parse_args()
    with running_service(TAILRACE_JOBS="short_jobs", PYTHONPATH=str(HERE)) as service:
        service.client = httpx.Client(base_url=service.url, timeout=60)
        bench = Bench(service, given.longer)
        bench.fill(20)
        before = bench.memory
        begun = time.monotonic()
        bench.fill(given.jobs)
        tell_submits(bench)
        row("filling the queue, s", f"{time.monotonic() - begun:.0f}")
        row("memory of the web process, MiB", "before", "full")
        row(
            "",
            f"{before:.1f}",
            f"{bench.memory:.1f}",
        )
        alone, busy, told = bench.watch(given.watched)
        row("CPU of the web process, %", "unwatched", f"{given.watched} watched", "told a second")
        row("", f"{alone * 100:.1f}", f"{busy * 100:.1f}", f"{told:.0f}")
        tell_errors(bench.errors(bench.drain()))
        row("memory afterwards, MiB", f"{bench.memory:.1f}")


if __name__ == "__main__":
    main()
