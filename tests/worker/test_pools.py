"""A real worker whose jobs share its process: many wait at once, each ends by itself, none is lost with it."""

import contextlib
import os
import signal
import time
from collections.abc import Iterator

import msgspec
import psutil
import pytest

from jobs.clock import now_ms
from jobs.model import JobState
from tests.service import Process, wait_for
from tests.worker.floor import Floor, alive, floor
from worker.processes import MARK

pytestmark = pytest.mark.acceptance

MANY = 50


def worker(made: Floor, **env: str) -> Process:
    given = {"TAILRACE_POOL": "threads", "TAILRACE_CONCURRENCY": str(MANY), "TAILRACE_JOBS": "jobs_that_wait", **env}
    return made.worker(**given)


@pytest.fixture(scope="module")
def shared_floor() -> Iterator[Floor]:
    """One worker for the tests that do not end it."""
    with floor() as made:
        worker(made)
        yield made


@pytest.fixture
def own_floor() -> Iterator[Floor]:
    with floor() as made:
        yield made


def begun_by(worker: Process) -> list[psutil.Process]:
    """What the jobs of *worker* have begun and what still lives."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get(MARK, "").startswith(f"process-{worker.pid}-") and alive(process.pid):
                found.append(process)
    return found


def rungs(made: Floor, job_id: str) -> list[str]:
    return [msgspec.json.decode(r.data)["rung"] for r in made.records(job_id) if r.type.endswith("escalated")]


def test_fifty_waiting_jobs_run_at_once_in_one_process(shared_floor: Floor) -> None:
    jobs = [shared_floor.submit("patient") for _ in range(MANY)]
    heads = [shared_floor.running(job_id) for job_id in jobs]
    holders = {head.worker for head in heads if head.worker}
    assert len(holders) == MANY
    assert {holder.rsplit(":", 1)[1].split(".")[0] for holder in holders} == {
        str(shared_floor.service.processes[0].pid)
    }
    for job_id in jobs:
        shared_floor.cancel(job_id)
    for job_id in jobs:
        job = shared_floor.ended(job_id)
        assert job.cancel is not None
        assert job.cancel.mode == "cooperative"
    assert shared_floor.service.processes[0].popen.poll() is None


def test_pure_python_is_interrupted_and_its_neighbour_is_not(shared_floor: Floor) -> None:
    neighbour, job_id = shared_floor.submit("patient", seconds=3), shared_floor.submit("busy")
    for each in (neighbour, job_id):
        shared_floor.running(each)
    shared_floor.cancel(job_id, grace_seconds=1)
    job = shared_floor.ended(job_id)
    assert job.cancel is not None
    assert job.cancel.mode == "interrupted"
    assert rungs(shared_floor, job_id) == ["cooperative", "interrupted"]
    assert shared_floor.ended(neighbour).result == "attempt 1"


def test_a_timeout_interrupts_as_well(shared_floor: Floor) -> None:
    job = shared_floor.ended(shared_floor.submit("busy", timeout=0.5))
    assert job.error is not None
    assert job.error.code == "timeout"


def test_what_does_not_listen_stays_cancelling_until_it_ends_and_is_not_killed(shared_floor: Floor) -> None:
    job_id = shared_floor.submit("stubborn", seconds=3)
    shared_floor.running(job_id)
    shared_floor.cancel(job_id, grace_seconds=0.5)
    #: Past the grace, and three of the warden's looks.
    deadline = shared_floor.head(job_id).cancel_deadline or 0
    wait_for(lambda: now_ms() > deadline + 1200, what="the grace to be over")
    assert shared_floor.head(job_id).state is JobState.CANCELLING
    job = shared_floor.ended(job_id)
    assert job.state is JobState.SUCCEEDED
    assert "killed" not in rungs(shared_floor, job_id)


def test_jobs_of_one_process_print_into_their_own_logs(shared_floor: Floor) -> None:
    jobs = [shared_floor.submit("chatty") for _ in range(5)]
    for job_id in jobs:
        assert {line.message for line in shared_floor.ended(job_id).log} == {job_id}


def test_jobs_of_a_killed_worker_all_go_to_their_next_attempt(own_floor: Floor) -> None:
    first = worker(own_floor)
    jobs = [own_floor.submit("patient") for _ in range(MANY - 1)]
    jobs.append(own_floor.submit("parent"))
    for job_id in jobs:
        own_floor.running(job_id)
    wait_for(lambda: begun_by(first), what="the job's own process")
    worker(own_floor)
    killed = time.monotonic()
    os.kill(first.pid, signal.SIGKILL)
    for job_id in jobs:
        own_floor.running(job_id, attempt=2)
    assert time.monotonic() - killed < 10
    wait_for(lambda: not begun_by(first), what="the job's own process to go")
    for job_id in jobs:
        own_floor.cancel(job_id)
    for job_id in jobs:
        assert own_floor.ended(job_id).state is JobState.CANCELLED


def test_a_worker_told_to_stop_ends_in_time_and_gives_back_what_does_not_listen(own_floor: Floor) -> None:
    first = worker(own_floor, TAILRACE_DRAIN_SECONDS="4")
    short, long, deaf = (own_floor.submit(kind) for kind in ("patient", "patient", "stubborn"))
    quick = own_floor.submit("patient", seconds=1)
    for job_id in (short, long, deaf, quick):
        own_floor.running(job_id)
    first.popen.send_signal(signal.SIGTERM)
    assert first.popen.wait(15) == 0
    assert own_floor.ended(quick).state is JobState.SUCCEEDED
    for job_id in (short, long, deaf):
        own_floor.wait(job_id, lambda head: head.state is JobState.QUEUED, what="given back")
        assert own_floor.types(job_id)[-1] == "job.released"
    assert own_floor.parts.log.kept(long)
    assert own_floor.parts.log.kept(deaf) == {}
    assert not begun_by(first)
