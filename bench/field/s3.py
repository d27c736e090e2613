"""S3: how soon an event is there at light load, from its publishing and from the worker's own call."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from bench.field.figures import LIMIT, OURS, Bar, Figure, Figures, Notes, ratio_bar
from bench.field.ground import Field, Target
from bench.field.polling import polled
from bench.field.product import TOKEN, environment
from bench.field.servers import process
from tests.service import BIN, ROOT, wait_for

TITLE = "Latency at light load: 200 jobs, one reader each, 1,000 events a second"
NAME = "S3"
JOBS, RATE = 200, 1_000
STREAMS, POLLING = (OURS, LIMIT, "nchan", "sse-starlette", "flask-sse"), "celery polling"
SUBJECTS = (*STREAMS, POLLING)
#: Those whom a bar names.
QUICK = STREAMS[:2]
#: Calls of progress a second in a worker, and how often a client of Celery's own way asks.
CALLS, ASK_SECONDS = 20, 1.0
P50, P99 = "publish to receipt, p50", "publish to receipt, p99"
CALL_P50, CALL_P99 = "call in the worker to receipt, p50", "call in the worker to receipt, p99"


def measure(field: Field, rounds: int, quick: bool) -> Iterator[Figure]:
    notes = Notes(NAME)
    seconds = 2 if quick else 5
    for _ in range(rounds):
        for name in field.having(QUICK if quick else STREAMS):
            with field.running(name, JOBS) as target:
                found = target.rate(RATE, channels=JOBS, readers=JOBS, seconds=seconds)
            notes.add(name, P50, "ms", found["p50"])
            notes.add(name, P99, "ms", found["p99"])
            notes.add(name, "CPU of a delivery", "µs", found["server_us"])
        with field.running(OURS) as target, _worker(field, target):
            p50, p99 = _from_worker(target, seconds)
            notes.add(OURS, CALL_P50, "ms", p50)
            notes.add(OURS, CALL_P99, "ms", p99)
        for name in field.having([] if quick else [POLLING]):
            with field.running(name) as target:
                p50, p99 = polled(field, target, rate=CALLS, seconds=seconds, every=ASK_SECONDS)
                notes.add(name, CALL_P50, "ms", p50)
                notes.add(name, CALL_P99, "ms", p99)
    yield from notes.figures()


@contextmanager
def _worker(field: Field, target: Target) -> Iterator[None]:
    """A worker beside Redis and the generator: the server's core is the relay's alone."""
    jobs = {"TAILRACE_JOBS": "jobs_of_field", "PYTHONPATH": f"{ROOT}:{ROOT / 'bench'}", "TAILRACE_CONCURRENCY": "1"}
    env = {**environment(field, int(target.options["port"])), **jobs}
    words = [str(BIN / "celery"), "--app", "worker.celery:app", "worker", "--loglevel", "INFO"]
    with process(field, "worker", words, beside=True, cwd=ROOT, env=env):
        yield


def _from_worker(target: Target, seconds: float) -> tuple[float, float]:
    """p50 and p99 in ms from a job's call of progress to its reader."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with httpx.Client(base_url=f"http://127.0.0.1:{target.options['port']}", headers=headers) as client:
        served = lambda: client.get("/v1/job-types/stamped").json().get("served")  # noqa: E731 - asked again and again
        wait_for(served, 60, what="the worker")
        params = {"rate": CALLS, "seconds": seconds + 5}
        job_id = client.post("/v1/jobs", json={"type": "stamped", "params": params}).raise_for_status().json()["id"]
        wait_for(lambda: client.get(f"/v1/jobs/{job_id}").json()["state"] == "running", what="the job")
        time.sleep(0.5)  # its first calls find everything cold
        path = f"/v1/jobs/{job_id}/events?after=latest"
        found = target.load("listen", path=path, pub="none", channels=1, readers=1, names="", hold=seconds)[-1]
    return found["p50"], found["p99"]


def bars(figures: Figures) -> Iterator[Bar]:
    yield ratio_bar(figures, NAME, P50, "publish to receipt, p50, to the bare loop's", to=LIMIT, limit=1.6)
    for name, limit in ((CALL_P50, 8), (CALL_P99, 20)):
        yield Bar(scenario=NAME, text=f"ms from a {name}", value=figures.median(NAME, OURS, name), limit=limit)
