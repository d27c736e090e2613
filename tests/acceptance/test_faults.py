"""Whatever process is killed, every accepted job reaches exactly one terminal event, and readers lose nothing."""

import contextlib
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from tests.acceptance.conftest import JOBS
from tests.acceptance.readers import Reader, ended_once
from tests.service import UNIT, Process, Service, running_service, wait_for

pytestmark = pytest.mark.acceptance


@pytest.fixture
def fragile() -> Iterator[Service]:
    """A service of its own for each test, with a Redis that keeps what it was given."""
    with running_service(worker=1, durable=True, **JOBS) as running:
        yield running


@pytest.fixture(scope="module")
def sturdy() -> Iterator[Service]:
    """One service for the tests that kill at most the processes of their own jobs."""
    with running_service(worker=1, durable=True, **JOBS) as running:
        yield running


def worker_of(service: Service) -> Process:
    return next(process for process in service.processes if process.name.startswith("worker"))


def begun(marks: Path) -> list[list[str]]:
    return [line.split() for line in marks.read_text().splitlines()] if marks.exists() else []


def test_a_killed_child_costs_an_attempt_and_no_more(sturdy: Service, tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    job_id = sturdy.submit("marked", file=str(marks), seconds=2)["id"]
    wait_for(lambda: begun(marks), what="the job to begin")
    psutil.Process(int(begun(marks)[0][1])).kill()
    killed = time.monotonic()
    wait_for(lambda: len(begun(marks)) >= 2, 10, what="the next attempt")
    assert time.monotonic() - killed < 10 * UNIT
    assert sturdy.wait(job_id)["state"] == "succeeded"
    types = [event["type"] for event in ended_once(sturdy, job_id)]
    assert "job.stalled" in types
    assert types.count("job.started") == 2


def test_a_job_whose_worker_is_killed_every_time_ends_as_poison(sturdy: Service, tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    body = {"type": "marked", "params": {"file": str(marks), "seconds": 30}, "max_attempts": 2}
    job_id = httpx.post(f"{sturdy.url}/v1/jobs", json=body).json()["id"]
    for attempt in (1, 2):
        wait_for(lambda n=attempt: len(begun(marks)) == n, what=f"attempt {attempt}")
        psutil.Process(int(begun(marks)[-1][1])).kill()
    job = sturdy.wait(job_id)
    assert (job["state"], job["error"]["code"]) == ("failed", "poison")
    ended_once(sturdy, job_id)


def test_a_killed_worker_takes_its_children_along_and_another_one_goes_on(fragile: Service, tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    job_id = fragile.submit("marked", file=str(marks), seconds=3)["id"]
    wait_for(lambda: begun(marks), what="the job to begin")
    worker = worker_of(fragile)
    family = worker.children()
    worker.kill()
    wait_for(lambda: not any(process.is_running() and process.status() != "zombie" for process in family), 10)
    fragile.worker()
    wait_for(lambda: len(begun(marks)) >= 2, 10, what="the next attempt")
    assert fragile.wait(job_id)["state"] == "succeeded"
    ended_once(fragile, job_id)
    assert [mark[0] for mark in begun(marks)].count("end") == 1


def test_a_whole_host_that_vanishes_is_noticed_by_web_processes_alone(fragile: Service, tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    body = {"type": "marked", "params": {"file": str(marks), "seconds": 60}, "max_attempts": 1}
    job_id = httpx.post(f"{fragile.url}/v1/jobs", json=body).json()["id"]
    wait_for(lambda: begun(marks), what="the job to begin")
    worker = worker_of(fragile)
    for process in [*worker.children(), psutil.Process(worker.pid)]:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGSTOP)
    stopped = time.monotonic()
    assert fragile.wait(job_id, seconds=12)["error"]["code"] == "worker_lost"
    assert time.monotonic() - stopped < 10 * UNIT
    for process in [*worker.children(), psutil.Process(worker.pid)]:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    ended_once(fragile, job_id)


def test_no_job_runs_twice_at_a_time_however_often_the_doorbell_rings(fragile: Service, tmp_path: Path) -> None:
    fragile.worker()
    files = [tmp_path / f"marks-{n}" for n in range(6)]
    job_ids = [fragile.submit("marked", file=str(file), seconds=1)["id"] for file in files]
    from jobs.doorbell import CeleryDoorbell, celery_app

    doorbell = CeleryDoorbell(celery_app(fragile.redis.url))
    for _ in range(30):
        assert doorbell.ring("default")
    for job_id in job_ids:
        assert fragile.wait(job_id)["state"] == "succeeded"
    for file in files:
        assert [mark[0] for mark in begun(file)] == ["begin", "end"]


def test_a_web_process_killed_under_fifty_streams_costs_no_event(fragile: Service) -> None:
    job_id = fragile.submit("steady", count=800, pause=0.01)["id"]
    readers = [Reader(fragile, job_id) for _ in range(50)]
    wait_for(lambda: all(reader.seen for reader in readers), what="every stream")
    web = next(process for process in fragile.processes if process.name.startswith("web"))
    family = web.children()
    web.kill()
    for process in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    fragile.web()
    for reader in readers:
        reader.join(90)
    events = ended_once(fragile, job_id)
    assert all(reader.breaks > 1 for reader in readers)
    assert all(reader.seen == events for reader in readers)


def test_a_restart_of_redis_costs_no_job_and_no_event(fragile: Service) -> None:
    job_ids = [fragile.submit("steady", count=300, pause=0.02)["id"] for _ in range(4)]
    readers = [Reader(fragile, job_id) for job_id in job_ids]
    wait_for(lambda: readers[0].seen and readers[1].seen, what="the first events")
    time.sleep(1.2)  # the append-only file is written each second: what is older must survive, younger may
    fragile.redis.kill()
    fragile.redis.start()
    for job_id in job_ids:
        fragile.wait(job_id, seconds=60)
    for job_id, reader in zip(job_ids, readers, strict=True):
        reader.join(60)
        events = ended_once(fragile, job_id)
        assert reader.ended
        ids = [event["id"] for event in reader.seen]
        assert len(ids) == len(set(ids))
        if len({str(event["id"]).split("-")[0] for event in events}) == 1:
            assert reader.seen == events


def test_while_redis_is_away_a_caller_is_asked_to_come_back(fragile: Service) -> None:
    earlier = fragile.submit("steady", count=1)["id"]
    fragile.redis.kill()
    answer = wait_for(lambda: a if (a := httpx.get(f"{fragile.url}/v1/jobs", timeout=20)).status_code == 503 else None)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert int(answer.headers["Retry-After"]) >= 1
    assert httpx.get(f"{fragile.url}/livez").status_code == 200
    assert httpx.get(f"{fragile.url}/readyz").status_code == 503
    stream = httpx.get(f"{fragile.url}/v1/jobs/{earlier}/events", timeout=20)
    assert (stream.status_code, stream.headers["Connection"]) == (200, "close")
    assert "event: stream.reconnect" in stream.text
    fragile.redis.start()
    wait_for(lambda: httpx.get(f"{fragile.url}/readyz").status_code == 200, what="the service to be ready again")
    job_id = fragile.submit("steady", count=1)["id"]
    assert fragile.wait(job_id)["state"] == "succeeded"


def test_a_cancel_stops_the_work_and_frees_the_slot(sturdy: Service, tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    job_id = sturdy.submit("marked", file=str(marks), seconds=60)["id"]
    wait_for(lambda: begun(marks), what="the job to begin")
    asked = time.monotonic()
    answer = httpx.post(f"{sturdy.url}/v1/jobs/{job_id}/cancel", json={"reason": "enough"})
    assert (answer.status_code, answer.json()["state"]) == (202, "cancelling")
    job = sturdy.wait(job_id)
    assert time.monotonic() - asked < 5 * UNIT
    assert (job["state"], job["cancel"]["mode"], job["cancel"]["reason"]) == ("cancelled", "cooperative", "enough")
    assert httpx.post(f"{sturdy.url}/v1/jobs/{job_id}/cancel").status_code == 200
    ended_once(sturdy, job_id)


def test_a_job_that_never_looks_up_is_killed_after_its_grace(sturdy: Service, tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    job_id = sturdy.submit("stubborn", file=str(marks))["id"]
    wait_for(lambda: begun(marks), what="the job to begin")
    pid = int(begun(marks)[0][1])
    httpx.post(f"{sturdy.url}/v1/jobs/{job_id}/cancel", json={"grace_seconds": 1})
    job = sturdy.wait(job_id, seconds=8)
    assert job["cancel"]["mode"] == "killed"
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == "zombie"
    ended_once(sturdy, job_id)
    assert sturdy.wait(sturdy.submit("steady", count=1)["id"])["state"] == "succeeded"


def test_a_web_process_that_is_told_to_stop_hangs_up_on_those_who_ask_nothing(fragile: Service) -> None:
    assert fragile.client.get("/livez").status_code == 200
    job_id = fragile.submit("steady", count=300, pause=0.02)["id"]
    reader = Reader(fragile, job_id)
    wait_for(lambda: reader.seen, what="the stream")
    web = next(process for process in fragile.processes if process.name.startswith("web"))
    web.popen.send_signal(signal.SIGTERM)
    wait_for(lambda: web.popen.poll() is not None, 12, what="the web process to end well before its grace is over")
    assert web.popen.returncode == 0
    fragile.web()
    reader.join(60)
    assert reader.seen == ended_once(fragile, job_id)
