"""The five transports side by side: what each costs, how soon it tells, and what it comes through.

    ./tailrace bench transports [--seconds 10] [--rates 1,10,100] [--clients 20] [--idle 200] [--write | --out FOLDER]

Starts Redis, one web process and one worker. For every rate one job tells so many events a second, and for every
transport so many clients, threads of one process, read it with the readers of bench/readers.py. Then it measures what
idle clients hold in web processes of their own, and sends every transport through nginx, curl and cut connections.
Prints the decision matrix; with --write also to docs/transports.md and its picture. All of it shares one machine.
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

import psutil

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from bench.counting import Clients, Clock  # noqa: E402 - the root stands on the path from here on
from bench.idle import memory_of  # noqa: E402
from bench.matrix import Cell, Findings, machine, tables, written  # noqa: E402
from bench.passing import passages  # noqa: E402
from bench.picture import draw  # noqa: E402
from bench.readers import READERS, lines_of  # noqa: E402
from tests.service import Service, running_service  # noqa: E402

#: More events than any run is long.
ENDLESS = 10**6


class Bench:
    """One service, and one job at a time that is watched in every way."""

    def __init__(self, service: Service, seconds: float, clients: int) -> None:
        self.service, self._seconds, self._clients = service, seconds, clients
        self._web = psutil.Process(service.processes[-1].pid).children()[0]
        self._waited: list[float] = []

    def cells(self, rate: float) -> list[Cell]:
        """What the clients of each transport see and cost at *rate* events a second."""
        job_id = self._begun(rate)
        url = f"{self.service.url}/v1/jobs/{job_id}/events"
        before = Clock.of(self._web)
        time.sleep(self._seconds)
        unwatched = Clock.of(self._web).since(before)
        found = [self._cell(name, rate, url, unwatched) for name in READERS]
        self._end(job_id)
        return found

    def _cell(self, name: str, rate: float, url: str, unwatched: Clock) -> Cell:
        with Clients(name, url, self._clients) as clients:
            before = Clock.of(self._web)
            count = clients.count(self._seconds)
            spent = Clock.of(self._web).since(before)
        if not count.latencies:
            sys.exit(f"{name}: no event in {self._seconds:g} s at {rate:g} a second; take more --seconds")
        self._waited.append(spent.waited / self._seconds)
        polled = count.requests / self._clients / self._seconds * 60
        return Cell.of(name, rate, count, polled=polled, web=max(0.0, spent.since(unwatched).ran))

    @property
    def waited(self) -> float:
        """The share of the time that the web process stood ready to run and did not."""
        return statistics.mean(self._waited)

    def idle(self, count: int) -> dict[str, float]:
        """Bytes that each of *count* clients holds who hear nothing, by transport."""
        if not count:
            return {}
        job_id = self._begun(0.01)
        found = memory_of(self.service, job_id, count)
        self._end(job_id)
        return found

    def _begun(self, rate: float) -> str:
        job_id = str(self.service.submit("beat", rate=rate, count=ENDLESS)["id"])
        self.service.wait(job_id, "running")
        return job_id

    def _end(self, job_id: str) -> None:
        self.service.client.post(f"/v1/jobs/{job_id}/cancel").raise_for_status()
        self.service.wait(job_id)


def measure(given: argparse.Namespace) -> Findings:
    #: Not cut down by itself: what one transport has overloaded would be refused to the next.
    env = {"TAILRACE_JOBS": "jobs_of_transports", "PYTHONPATH": str(HERE), "TAILRACE_DEGRADE": "0"}
    with running_service(**env) as service:
        bench = Bench(service, given.seconds, given.clients)
        cells = []
        for rate in given.rates:
            cells += bench.cells(rate)
            print(f"measured at {rate:g} events a second", file=sys.stderr, flush=True)
        return Findings(
            cells=cells,
            lines={name: lines_of(name) for name in READERS},
            memory=bench.idle(given.idle),
            passages=passages(service),
            waited=bench.waited,
            made=f"{machine()}; {given.clients} clients, {given.seconds:g} s a cell, {given.idle} idle clients",
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rates", type=lambda text: [float(rate) for rate in text.split(",")], default=[1, 10, 100])
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--idle", type=int, default=200)
    parser.add_argument("--write", action="store_const", const=HERE.parent / "docs", dest="out")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    findings = measure(given)
    print(tables(findings))
    if given.out is not None:
        written(given.out / "transports.md", findings)
        draw(given.out / "pictures" / "transports.svg", findings)


if __name__ == "__main__":
    main()
