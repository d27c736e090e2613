"""S7: what telling costs a job and its worker, beside Celery's ``update_state``."""

import json
import time
from collections.abc import Iterator
from statistics import median
from typing import Any

from bench.field.bare_celery import META, TELL
from bench.field.figures import OURS, Bar, Figure, Figures, Notes, ratio_bar
from bench.field.ground import Field
from bench.field.inner import Inner, cpu_seconds, inner, moment, percentile
from tests.service import wait_for

TITLE = "Publisher: what telling costs a job and its worker"
NAME = "S7"
SUBJECTS = ()
UPDATE_STATE, LOOP = "Celery `update_state`", "a fixed loop"
CALLS = ("progress", "tokens", "items")
ITEMS, CPU, REDIS_CPU = "items stored, fold included", "worker's CPU for an item", "Redis's CPU for an item"


def measure(field: Field, rounds: int, quick: bool) -> Iterator[Figure]:
    notes = Notes(NAME)
    with inner(field, TAILRACE_CONCURRENCY="1") as service:
        with field.server():
            service.worker()
        service.web()
        for _ in range(rounds):
            _calls(service, notes, 20_000 if quick else 100_000)
            _updates(service, notes, 500 if quick else 2000)
            _items(service, notes, 40_000 if quick else 300_000)
    yield from notes.figures()


def bars(figures: Figures) -> Iterator[Bar]:
    for call in CALLS:
        for share, limit in (("p50", 5), ("p99", 50)):
            value = figures.median(NAME, OURS, f"{call}, {share}")
            yield Bar(scenario=NAME, text=f"{call}: a call inside the job, {share} in µs", value=value, limit=limit)
    stored, cpu = figures.median(NAME, OURS, ITEMS), figures.median(NAME, OURS, CPU)
    yield Bar(scenario=NAME, text="items/s stored by one worker process", value=stored, limit=40_000, at_least=True)
    yield Bar(scenario=NAME, text="the worker's CPU for an item, µs", value=cpu, limit=20)


def _calls(service: Inner, notes: Notes, calls: int) -> None:
    for call, figures in _done(service, "tell", calls=calls)["result"].items():
        notes.add(OURS, f"{call}, p50", "µs", figures["median_us"])
        notes.add(OURS, f"{call}, p99", "µs", figures["p99_us"])


def _updates(service: Inner, notes: Notes, calls: int) -> None:
    with service.bare_worker(1):
        took = service.bare.tasks[TELL].apply_async([calls]).get(timeout=120)
    notes.add(UPDATE_STATE, "progress, p50", "µs", median(took))
    notes.add(UPDATE_STATE, "progress, p99", "µs", percentile(took, 0.99))


def _items(service: Inner, notes: Notes, items: int) -> None:
    """One slot has one process, so the first job of few items tells which one it is that the next one runs in."""
    pid = _done(service, "items", items=1)["result"]
    worker, store = cpu_seconds([pid]), service.redis_cpu()
    job = _done(service, "items", items=items)
    if job["result"] != pid:
        raise SystemExit("the items were told by another process than the one that was looked at")
    notes.add(OURS, ITEMS, "/s", items / (moment(job["finished_at"]) - moment(job["started_at"])))
    notes.add(OURS, CPU, "µs", (cpu_seconds([pid]) - worker) / items * 1e6)
    notes.add(OURS, REDIS_CPU, "µs", (service.redis_cpu() - store) / items * 1e6)


def _done(service: Inner, kind: str, **params: Any) -> dict[str, Any]:
    job_id = service.submit(kind, **params)["id"]
    wait_for(lambda: not service.live(), 300, what="the job's end")
    job = service.job(job_id)
    if job["state"] != "succeeded":
        raise SystemExit(f"the job has {job['state']}: {job['error']}")
    return job


# The guard ----------------------------------------------------------------------------------------------------------


def guard(field: Field) -> Iterator[Figure]:
    """An item beside a loop that is always the same, in turn and on the same core."""
    notes = Notes(NAME)
    with inner(field, TAILRACE_CONCURRENCY="1") as service:
        with field.server():
            service.worker()
        service.web()
        for _ in range(3):
            _items(service, notes, 20_000)
            with field.server():
                notes.add(LOOP, CPU, "µs", _loop(20_000))
    yield from notes.figures()


def _loop(turns: int) -> float:
    """CPU of a turn: what is said of a task in its state, to JSON and back."""
    began = time.process_time()
    for _ in range(turns):
        json.loads(json.dumps(META))
    return (time.process_time() - began) / turns * 1e6


def guard_bars(figures: Figures) -> Iterator[Bar]:
    yield ratio_bar(figures, NAME, CPU, "the worker's CPU for an item, to a fixed loop's turn", to=LOOP, limit=4)
