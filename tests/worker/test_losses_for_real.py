"""Real workers that are lost, seem lost, or have too little memory: their jobs go on or end, and say why."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from jobs.model import JobState
from tests.service import UNIT, Process, wait_for
from tests.worker.floor import Floor, alive, floor, lines, stop

pytestmark = pytest.mark.acceptance


@pytest.fixture(scope="module")
def sturdy() -> Iterator[Floor]:
    """One worker with a short lease, for the tests that do not end it."""
    with floor() as made:
        made.worker(TAILRACE_CONCURRENCY="3", TAILRACE_LEASE_SECONDS="2")
        yield made


@pytest.fixture(scope="module", autouse=True)
def held(sturdy: Floor) -> str:
    """A job that goes on beside the others."""
    return sturdy.submit("holder", seconds=7)


@pytest.fixture
def own_floor() -> Iterator[Floor]:
    with floor() as made:
        yield made


def _wardens(worker: Process) -> list[int]:
    """The pids of a worker's living wardens."""
    found = []
    for process in worker.children():
        with suppress(psutil.Error):
            if "worker.warden" in process.cmdline():
                found.append(process.pid)
    return found


# One worker that is not harmed ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "code"), [("hungry", "memory"), ("gulper", "memory"), ("leaver", "error")])
def test_what_would_end_a_worker_ends_only_its_job(sturdy: Floor, kind: str, code: str) -> None:
    main = sturdy.service.processes[0]
    job = sturdy.ended(sturdy.submit(kind))
    assert job.error is not None
    assert job.error.code == code
    assert main.popen.poll() is None
    assert sturdy.ended(sturdy.submit("calm", seconds=0.05)).state is JobState.SUCCEEDED


def test_a_job_whose_process_grows_beyond_its_limit_is_killed_with_it(sturdy: Floor, tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    job = sturdy.ended(sturdy.submit("glutton", max_attempts=1, marks=str(marks)))
    assert job.error is not None
    assert job.error.code == "memory"
    workdir, *pids = lines(marks)[0].split()
    assert not any(alive(int(pid)) for pid in pids)
    wait_for(lambda: not Path(workdir).exists(), what="the workdir to go")
    assert sturdy.ended(sturdy.submit("calm", seconds=0.05)).state is JobState.SUCCEEDED


def test_a_poison_job_ends_after_its_last_attempt_and_not_sooner(sturdy: Floor) -> None:
    job_id = sturdy.submit("poison", max_attempts=2)
    job = sturdy.ended(job_id)
    assert job.error is not None
    assert (job.error.code, job.attempt) == ("poison", 2)
    assert sturdy.types(job_id).count("job.started") == 2


def test_a_killed_child_is_noticed_and_its_job_goes_to_the_next_attempt(sturdy: Floor) -> None:
    job_id = sturdy.submit("calm", seconds=600)
    first = sturdy.running(job_id)
    killed = time.monotonic()
    sturdy.child(first).kill()
    second = sturdy.running(job_id, attempt=2)
    assert time.monotonic() - killed < 10 * UNIT
    assert second.worker != first.worker
    assert sturdy.types(job_id)[2:] == ["job.stalled", "job.retrying", "job.queued", "job.started"]
    sturdy.cancel(job_id)
    sturdy.ended(job_id)


def test_a_job_that_holds_the_interpreter_s_lock_for_several_leases_is_not_lost(sturdy: Floor, held: str) -> None:
    job = sturdy.ended(held)
    assert (job.state, job.attempt, job.result) == (JobState.SUCCEEDED, 1, "held")
    assert "job.stalled" not in sturdy.types(held)


# Workers that are harmed --------------------------------------------------------------------------------------


def test_children_lead_their_own_groups_and_die_with_their_worker(own_floor: Floor) -> None:
    worker = own_floor.worker(TAILRACE_CONCURRENCY="2")
    job_id = own_floor.submit("calm")
    child = own_floor.child(own_floor.running(job_id))
    assert os.getpgid(child.pid) == child.pid
    assert os.getpgid(child.pid) != os.getpgid(worker.pid)
    family = worker.children()
    worker.kill()
    wait_for(lambda: not any(alive(process.pid) for process in family), what="the whole family to be gone")


def test_a_killed_worker_s_job_goes_on_at_another(own_floor: Floor) -> None:
    first = own_floor.worker()
    job_id = own_floor.submit("calm", seconds=600)
    own_floor.running(job_id)
    own_floor.worker()
    killed = time.monotonic()
    first.kill()
    own_floor.running(job_id, attempt=2)
    assert time.monotonic() - killed < 10 * UNIT
    own_floor.cancel(job_id)
    own_floor.ended(job_id)


def test_a_worker_killed_with_its_warden_is_noticed_by_whoever_sweeps(own_floor: Floor) -> None:
    worker = own_floor.worker()
    job_id = own_floor.submit("calm", max_attempts=1)
    own_floor.running(job_id)
    family = worker.children()
    killed = time.monotonic()
    for process in [psutil.Process(worker.pid), *family]:
        process.kill()
    worker.popen.wait()
    wait_for(lambda: own_floor.parts.sweep.turn() and own_floor.head(job_id).state.terminal, 12, what="the sweep")
    assert time.monotonic() - killed < 10 * UNIT
    error = own_floor.job(job_id).error
    assert error is not None
    assert error.code == "worker_lost"


def test_a_killed_warden_is_replaced_and_the_job_it_watched_is_not_lost(own_floor: Floor) -> None:
    worker = own_floor.worker(TAILRACE_LEASE_SECONDS="2")
    job_id = own_floor.submit("calm", seconds=4)
    own_floor.running(job_id)
    (warden,) = _wardens(worker)
    os.kill(warden, signal.SIGKILL)
    wait_for(lambda: _wardens(worker) not in ([], [warden]), what="another warden")
    assert own_floor.ended(job_id).attempt == 1


def test_a_stopped_child_loses_its_job_and_ends(own_floor: Floor) -> None:
    for _ in range(2):
        own_floor.worker(TAILRACE_LEASE_SECONDS="2")
    job_id = own_floor.submit("calm", seconds=600)
    head = own_floor.running(job_id)
    child = own_floor.child(head)
    stopped = time.monotonic()
    stop(child)
    own_floor.running(job_id, attempt=2)
    assert time.monotonic() - stopped < 10 * UNIT
    wait_for(lambda: not alive(child.pid), what="the stopped child to be gone")
    own_floor.cancel(job_id)
    own_floor.ended(job_id)


def test_a_whole_worker_that_was_asleep_wakes_to_find_its_jobs_elsewhere(own_floor: Floor, tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    first = own_floor.worker(TAILRACE_CONCURRENCY="2", TAILRACE_LEASE_SECONDS="2")
    calm, deaf = own_floor.submit("calm"), own_floor.submit("deaf", marks=str(marks))
    for job_id in (calm, deaf):
        own_floor.running(job_id)
    left = [int(word) for word in wait_for(lambda: lines(marks), what="the job to begin")[0].split()[1:3]]
    family = [psutil.Process(first.pid), *first.children()]
    for process in family:
        stop(process)
    own_floor.worker(TAILRACE_CONCURRENCY="2", TAILRACE_LEASE_SECONDS="2")
    for job_id in (calm, deaf):
        own_floor.running(job_id, attempt=2)
    for process in family:
        process.resume()
    wait_for(lambda: not any(alive(pid) for pid in left), what="the job that hears nothing to be gone")
    wait_for(lambda: "another's by now" in first.log.read_text(), what="the other one to let go")
    for job_id in (calm, deaf):
        own_floor.cancel(job_id, grace_seconds=0.5)
        own_floor.ended(job_id)
        records = own_floor.records(job_id)
        begun = [record.seq for record in records if record.type == "job.started"]
        assert len(begun) == 2
        assert {record.attempt for record in records if record.seq >= begun[1]} == {2}
