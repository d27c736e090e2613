"""How many jobs run at a time, and that those which nobody watches end, seen from outside on real processes."""

from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
import redis

from jobs import keys
from tests.acceptance.conftest import JOBS
from tests.service import Service, running_service, wait_for

pytestmark = pytest.mark.acceptance


@pytest.fixture
def fragile() -> Iterator[Service]:
    with running_service(worker=1, durable=True, TAILRACE_LEASE_SECONDS="2", **JOBS) as running:
        yield running


def submit(service: Service, kind: str, params: dict[str, Any], **more: Any) -> str:
    answer = service.client.post("/v1/jobs", json={"type": kind, "params": params, **more})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def at_a_time(marks: Path) -> int:
    """The most jobs that ran at a time, as their marks say."""
    turns = [1 if line.startswith("begin") else -1 for line in marks.read_text().splitlines()]
    return max(accumulate(turns))


# Limits ----------------------------------------------------------------------------------------------------------


def test_jobs_of_one_key_run_one_after_another_over_all_workers(wide_service: Service, tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    first, *jobs = [
        submit(wide_service, "marked", {"file": str(marks), "seconds": seconds}, concurrency_key="one at a time")
        for seconds in (60, *[0.1] * 5)
    ]
    with redis.Redis.from_url(wide_service.redis.url) as client:
        #: A claim that was looking already when a place became free may begin a younger one.
        wait_for(lambda: client.hlen(keys.PARKED) == len(jobs), what="all others to be parked")
    wide_service.client.post(f"/v1/jobs/{first}/cancel")

    assert {wide_service.wait(job_id)["state"] for job_id in jobs} == {"succeeded"}
    #: The first was cancelled, and left no mark of its end.
    assert [line.split()[0] for line in marks.read_text().splitlines()] == ["begin", *["begin", "end"] * 5]
    begun = sorted(jobs, key=lambda job_id: wide_service.job(job_id)["started_at"])
    assert begun == jobs


def test_a_type_fills_its_places_and_no_more_over_all_workers(wide_service: Service, tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    jobs = [submit(wide_service, "narrow", {"file": str(marks), "seconds": 0.3}) for _ in range(6)]

    assert {wide_service.wait(job_id)["state"] for job_id in jobs} == {"succeeded"}
    assert at_a_time(marks) == 2


def test_a_worker_killed_with_a_place_gives_it_up_and_all_jobs_of_its_key_end(fragile: Service, tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    params = {"file": str(marks), "seconds": 1}
    jobs = [submit(fragile, "marked", params, concurrency_key="k") for _ in range(3)]
    wait_for(marks.exists, what="the first to begin")
    [worker] = [process for process in fragile.processes if process.name.startswith("worker")]
    family = worker.children()
    worker.kill()
    for process in family:
        if psutil.pid_exists(process.pid):
            process.kill()
    fragile.worker()

    assert {fragile.wait(job_id)["state"] for job_id in jobs} == {"succeeded"}
    assert [line.split()[0] for line in marks.read_text().splitlines()] == ["begin", *["begin", "end"] * 3]
    with redis.Redis.from_url(fragile.redis.url) as client:
        wait_for(lambda: not client.exists(keys.PARKED, keys.LIMITS, keys.places("key:k"), keys.parked_at("key:k")))


# Unwatched -------------------------------------------------------------------------------------------------------


def state(service: Service, job_id: str) -> str:
    """The job's state, read in a way that does not count as watching it."""
    return str(next(job["state"] for job in service.client.get("/v1/jobs").json()["jobs"] if job["id"] == job_id))


def test_a_job_whose_stream_is_open_lives_and_ends_once_nobody_watches(wide_service: Service) -> None:
    params = {"count": 100_000, "pause": 0.05}
    with redis.Redis.from_url(wide_service.redis.url) as client:

        def until_ms() -> float:
            return client.zscore(keys.UNWATCHED, job_id) or 0.0

        body = {"type": "steady", "params": params, "cancel_when_unwatched_seconds": 1}
        accept = {"Accept": "text/event-stream"}
        with httpx.stream("POST", f"{wide_service.url}/v1/jobs", json=body, headers=accept, timeout=30) as stream:
            job_id = stream.headers["Location"].rsplit("/", 1)[1]
            first = until_ms()
            assert first / 1000 - client.time()[0] > 5, "there is time for the stream to be seen"
            wait_for(lambda: until_ms() > first + 3000, what="the stream to be told of as a watcher, again")
            assert state(wide_service, job_id) == "running"
        #: Ten seconds are left to come back; the test does not wait for them.
        client.zadd(keys.UNWATCHED, {job_id: 0}, xx=True)
    wait_for(lambda: state(wide_service, job_id) == "cancelled", 30)

    events = {event["type"]: event["data"] for event in wide_service.events(job_id)}
    assert events["job.cancelling"]["by"] == "unwatched"
    assert events["job.cancelled"]["reason"] == "Nobody has watched the job for 1 second."


@pytest.mark.parametrize(
    ("path", "accept"),
    [
        ("", "application/json"),
        ("?wait=0.1", "application/json"),
        ("/events?after=latest", "application/json"),
        ("/events?after=latest&wait=0.1", "application/json"),
        ("/events", "application/x-ndjson"),
        ("/events", "text/event-stream"),
    ],
)
def test_every_way_to_read_a_job_is_watching_it(wide_service: Service, path: str, accept: str) -> None:
    job_id = submit(wide_service, "steady", {}, cancel_when_unwatched_seconds=3600, delay_seconds=3600)
    with redis.Redis.from_url(wide_service.redis.url) as client:
        before = client.zscore(keys.UNWATCHED, job_id) or 0.0
        with httpx.stream("GET", f"{wide_service.url}/v1/jobs/{job_id}{path}", headers={"Accept": accept}):
            assert (client.zscore(keys.UNWATCHED, job_id) or 0.0) > before
    assert wide_service.client.post(f"/v1/jobs/{job_id}/cancel").status_code == 202
