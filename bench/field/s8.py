"""S8: from the request to cancel until the job has stopped, while the service carries half of what S2 found it can."""

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from bench.field import product, s2
from bench.field.figures import OURS, Bar, Figure, Figures, Notes
from bench.field.ground import Field, Target, family, search
from bench.field.inner import Inner, inner, moment, percentile
from tests.service import Process

TITLE = "Cancel: until a job has stopped at a cooperative point, under half of S2's load"
NAME = "S8"
SUBJECTS = (OURS,)
STREAMS = 2000
#: Jobs that run at a time, each to be cancelled.
SLOTS = 4
#: Where the search for the most that the service bears begins, in deliveries a second.
START = 8_000
P50, P99, LOAD = "cancelled, p50", "cancelled, p99", "deliveries meanwhile"


def measure(field: Field, rounds: int, quick: bool) -> Iterator[Figure]:
    notes = Notes(NAME)
    for _ in range(rounds if field.having(SUBJECTS) else 0):
        most = field.found.median(s2.NAME, OURS, s2.MOST) or _most(field)
        #: Another service: one that was given more than it can bear turns streams away for a while.
        with inner(field, TAILRACE_CONCURRENCY=str(SLOTS)) as service:
            service.worker()
            with field.server():
                web = service.web()
            found, told = _cancelled(service, _target(service, web), most / 2, 6 if quick else 25)
            notes.add(OURS, P50, "ms", percentile(found, 0.5))
            notes.add(OURS, P99, "ms", percentile(found, 0.99))
            notes.add(OURS, LOAD, "/s", told)
    yield from notes.figures()


def bars(figures: Figures) -> Iterator[Bar]:
    value = figures.median(NAME, OURS, P99)
    yield Bar(scenario=NAME, text="from the request to the job's end, p99 in ms", value=value, limit=200)


def _most(field: Field) -> float:
    """Searched for where S2 has not just found it."""
    with field.running(OURS, STREAMS) as target:
        return float(target.search(START, **search(quick=True), **_how())["best"])


def _target(service: Inner, web: Process) -> Target:
    """The service with jobs that are listened to."""
    jobs = product.Jobs(service.ground, STREAMS)
    options = {"port": service.port, **jobs.options()}
    return Target(service.ground, OURS, family(web.pid), options, renew=jobs.written)


def _how() -> dict[str, Any]:
    return {"channels": STREAMS, "readers": STREAMS, "pub": "live"}


def _cancelled(service: Inner, target: Target, rate: float, seconds: float) -> tuple[list[float], float]:
    """Milliseconds of each cancel while the load lasts, and the deliveries a second that it came to."""
    with ThreadPoolExecutor(1) as pool:
        load = pool.submit(target.rate, rate, seconds=seconds, **_how())
        found = list(_trials(service, load))
        return found, float(load.result()["delivered"])


def _trials(service: Inner, load: "Future[dict[str, Any]]") -> Iterator[float]:
    while not load.done():
        jobs = [service.submit("rows")["id"] for _ in range(SLOTS)]
        for job_id in jobs:
            service.wait(job_id, "running")
        asked = {job_id: _cancel(service, job_id) for job_id in jobs}
        ended = {job_id: service.client.get(f"/v1/jobs/{job_id}?wait=15").json() for job_id in jobs}
        if load.done():
            #: These were without it, towards their end at least.
            return
        for job_id, job in ended.items():
            if job["cancel"]["mode"] != "cooperative":
                raise SystemExit(f"a job was cancelled {job['cancel']['mode']}")
            yield (moment(job["finished_at"]) - asked[job_id]) * 1000


def _cancel(service: Inner, job_id: str) -> float:
    """When it was asked for."""
    asked = time.time()
    service.client.post(f"/v1/jobs/{job_id}/cancel").raise_for_status()
    return asked
