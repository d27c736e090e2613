"""A real worker on a real Redis: jobs run, are cancelled, lost, drained, and each ends exactly once."""

import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec
import psutil
import pytest

from jobs.doorbell import TASK, celery_queue
from jobs.events import TERMINAL
from jobs.model import JobState
from jobs.pace import ANY
from tests.service import BIN, ROOT, Process, wait_for
from tests.worker.floor import OWN, Floor, alive, floor, lines, stop

pytestmark = pytest.mark.acceptance


@pytest.fixture(scope="module")
def calm_floor() -> Iterator[Floor]:
    """One worker for the tests that do not end it."""
    with floor() as made:
        made.worker(TAILRACE_CONCURRENCY="2")
        yield made


@pytest.fixture
def own_floor() -> Iterator[Floor]:
    with floor() as made:
        yield made


def _terminal(made: Floor, job_id: str) -> list[str]:
    return [name for name in made.types(job_id) if name in TERMINAL]


def _wardens(worker: Process) -> list[int]:
    """The pids of a worker's living wardens."""
    found = []
    for process in worker.children():
        with suppress(psutil.Error):
            if "worker.warden" in process.cmdline():
                found.append(process.pid)
    return found


# One worker that is not harmed ---------------------------------------------------------------------------------


def test_how_long_jobs_held_a_slot_is_known_afterwards(calm_floor: Floor) -> None:
    """Also of one that failed: its slot was taken all the same."""
    for kind in ("calm", "leaver"):
        calm_floor.ended(calm_floor.submit(kind, seconds=0.3))
    means = wait_for(lambda: len(found := calm_floor.parts.paces.look(["default"]).means["default"]) >= 3 and found)
    assert 0.3 <= means["calm"] < 20
    assert 0 < means["leaver"] < 20
    assert 0 < means[ANY] < 20


def test_a_job_from_outside_the_repository_runs_end_to_end(calm_floor: Floor) -> None:
    job = calm_floor.ended(calm_floor.submit("calm", seconds=0.1))
    assert job.state is JobState.SUCCEEDED
    assert job.outputs["text"].text == "0 1 2 3 4 5 6 7 8 9 "
    assert job.steps["work"].state == "succeeded"
    assert job.progress.fraction == 1.0


def test_the_catalogue_knows_the_worker_s_types_and_that_they_are_served(calm_floor: Floor) -> None:
    known = calm_floor.parts.catalogue.types()
    assert known["calm"].steps is not None
    assert known["late"].timeout_seconds == 1
    assert calm_floor.parts.catalogue.served() == set(known)


def test_an_artifact_is_stored_under_its_job(calm_floor: Floor) -> None:
    job = calm_floor.ended(calm_floor.submit("filed"))
    assert job.artifacts["hello.txt"].sha256 == job.result
    with calm_floor.parts.files.open_artifact(job.id, "hello.txt") as file:
        assert file.read() == b"Hello."


@pytest.mark.alone
def test_a_cooperative_cancel_ends_a_job_in_less_than_a_second(calm_floor: Floor) -> None:
    job_id = calm_floor.submit("calm")
    calm_floor.running(job_id)
    wished = time.monotonic()
    calm_floor.cancel(job_id)
    job = calm_floor.ended(job_id)
    assert time.monotonic() - wished < 1
    assert job.cancel is not None
    assert job.cancel.mode == "cooperative"


@pytest.mark.alone
def test_a_deaf_job_is_killed_with_all_it_began_and_its_slot_is_free_again(calm_floor: Floor, tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    job_id = calm_floor.submit("deaf", marks=str(marks))
    wait_for(lambda: lines(marks), what="the job to begin")
    _, pid, other, workdir = lines(marks)[0].split()
    wished = time.monotonic()
    calm_floor.cancel(job_id, grace_seconds=1)
    job = calm_floor.ended(job_id)
    assert time.monotonic() - wished < 3
    assert not alive(int(pid))
    assert not alive(int(other))
    rungs = [msgspec.json.decode(r.data)["rung"] for r in calm_floor.records(job_id) if r.type.endswith("escalated")]
    assert rungs == ["cooperative", "interrupted", "killed"]
    assert job.cancel is not None
    assert job.cancel.mode == "killed"
    wait_for(lambda: not Path(workdir).exists(), what="the workdir to go")
    after = [calm_floor.submit("calm", seconds=0.05) for _ in range(4)]
    assert all(calm_floor.ended(each).state is JobState.SUCCEEDED for each in after)


def test_a_job_that_takes_too_long_fails_as_timeout(calm_floor: Floor) -> None:
    calm = calm_floor.submit("calm", timeout=0.5)
    deaf = calm_floor.submit("late", timeout=0.5)
    for job_id in (calm, deaf):
        job = calm_floor.ended(job_id, seconds=15)
        assert job.error is not None
        assert job.error.code == "timeout"


@pytest.mark.parametrize(("kind", "code"), [("hungry", "memory"), ("leaver", "error")])
def test_what_would_end_a_worker_ends_only_its_job(calm_floor: Floor, kind: str, code: str) -> None:
    main = calm_floor.service.processes[0]
    job = calm_floor.ended(calm_floor.submit(kind))
    assert job.error is not None
    assert job.error.code == code
    assert main.popen.poll() is None
    assert calm_floor.ended(calm_floor.submit("calm", seconds=0.05)).state is JobState.SUCCEEDED


def test_a_retry_comes_after_its_delay(calm_floor: Floor) -> None:
    job = calm_floor.ended(calm_floor.submit("twice"))
    assert (job.state, job.attempt, job.result) == (JobState.SUCCEEDED, 2, 2)


def test_a_poison_job_ends_after_its_last_attempt_and_not_sooner(calm_floor: Floor) -> None:
    job_id = calm_floor.submit("poison", max_attempts=2)
    job = calm_floor.ended(job_id)
    assert job.error is not None
    assert (job.error.code, job.attempt) == ("poison", 2)
    assert calm_floor.types(job_id).count("job.started") == 2


def test_a_killed_child_is_noticed_and_its_job_goes_to_the_next_attempt(calm_floor: Floor) -> None:
    job_id = calm_floor.submit("calm", seconds=600)
    first = calm_floor.running(job_id)
    killed = time.monotonic()
    calm_floor.child(first).kill()
    second = calm_floor.running(job_id, attempt=2)
    assert time.monotonic() - killed < 10
    assert second.worker != first.worker
    assert calm_floor.types(job_id)[2:] == ["job.stalled", "job.retrying", "job.queued", "job.started"]
    calm_floor.cancel(job_id)
    calm_floor.ended(job_id)


def test_doorbells_rung_too_often_never_run_a_job_twice(calm_floor: Floor, tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    jobs = [calm_floor.submit("calm", seconds=0.1, marks=str(marks)) for _ in range(5)]
    for _ in range(40):
        calm_floor.celery.send_task(TASK, args=["default"], queue=celery_queue("default"), ignore_result=True)
    for job_id in jobs:
        assert calm_floor.ended(job_id).state is JobState.SUCCEEDED
    begun = Counter(line.split()[1] for line in lines(marks) if line.startswith("begin"))
    assert begun == dict.fromkeys(jobs, 1)


def test_jobs_whose_doorbells_were_lost_run_all_the_same(calm_floor: Floor) -> None:
    busy = [calm_floor.submit("calm") for _ in range(2)]
    for job_id in busy:
        calm_floor.running(job_id)
    jobs = [calm_floor.submit("calm", seconds=0.01) for _ in range(5)]
    rings = celery_queue("default")
    wait_for(lambda: calm_floor.parts.client.llen(rings) >= len(jobs), what="the rings")
    calm_floor.parts.client.delete(rings)
    for job_id in busy:
        calm_floor.cancel(job_id)

    for job_id in jobs:
        assert calm_floor.ended(job_id).state is JobState.SUCCEEDED


def test_children_lead_their_own_groups_and_die_with_their_worker(own_floor: Floor) -> None:
    worker = own_floor.worker(TAILRACE_CONCURRENCY="2")
    job_id = own_floor.submit("calm")
    child = own_floor.child(own_floor.running(job_id))
    assert os.getpgid(child.pid) == child.pid
    assert os.getpgid(child.pid) != os.getpgid(worker.pid)
    family = worker.children()
    worker.kill()
    wait_for(lambda: not any(alive(process.pid) for process in family), what="the whole family to be gone")


# Workers that are harmed --------------------------------------------------------------------------------------


def test_twenty_jobs_on_three_slots_all_end_exactly_once(own_floor: Floor, tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    own_floor.worker(TAILRACE_CONCURRENCY="3")
    jobs = [own_floor.submit("calm", seconds=0.2, marks=str(marks)) for _ in range(20)]
    for job_id in jobs:
        assert own_floor.ended(job_id, seconds=30).state is JobState.SUCCEEDED
        assert _terminal(own_floor, job_id) == ["job.succeeded"]
    assert len(lines(marks)) == 40
    assert len({line.split()[2] for line in lines(marks)}) == 3


def test_a_killed_worker_s_job_goes_on_at_another(own_floor: Floor) -> None:
    first = own_floor.worker()
    job_id = own_floor.submit("calm", seconds=600)
    own_floor.running(job_id)
    own_floor.worker()
    killed = time.monotonic()
    first.kill()
    own_floor.running(job_id, attempt=2)
    assert time.monotonic() - killed < 10
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
    assert time.monotonic() - killed < 10
    error = own_floor.job(job_id).error
    assert error is not None
    assert error.code == "worker_lost"


def test_a_killed_warden_is_replaced_and_the_job_it_watched_is_not_lost(own_floor: Floor) -> None:
    worker = own_floor.worker(TAILRACE_LEASE_SECONDS="3")
    job_id = own_floor.submit("calm", seconds=6)
    own_floor.running(job_id)
    (warden,) = _wardens(worker)
    os.kill(warden, signal.SIGKILL)
    wait_for(lambda: _wardens(worker) not in ([], [warden]), what="another warden")
    assert own_floor.ended(job_id).attempt == 1


def test_a_stopped_child_loses_its_job_and_ends(own_floor: Floor) -> None:
    for _ in range(2):
        own_floor.worker(TAILRACE_LEASE_SECONDS="3")
    job_id = own_floor.submit("calm", seconds=600)
    head = own_floor.running(job_id)
    child = own_floor.child(head)
    stopped = time.monotonic()
    stop(child)
    own_floor.running(job_id, attempt=2)
    assert time.monotonic() - stopped < 10
    wait_for(lambda: not alive(child.pid), what="the stopped child to be gone")
    own_floor.cancel(job_id)
    own_floor.ended(job_id)


def test_a_worker_told_to_stop_lets_jobs_finish_and_gives_back_those_that_do_not(own_floor: Floor) -> None:
    worker = own_floor.worker(TAILRACE_CONCURRENCY="2", TAILRACE_DRAIN_SECONDS="5")
    short, long = own_floor.submit("calm", seconds=1), own_floor.submit("calm", seconds=600)
    waiting = own_floor.submit("calm", seconds=0.05)
    for job_id in (short, long):
        own_floor.running(job_id)
    worker.popen.send_signal(signal.SIGTERM)
    assert worker.popen.wait(20) == 0
    assert own_floor.job(short).state is JobState.SUCCEEDED
    assert own_floor.types(long)[-2:] == ["job.started", "job.released"]
    assert own_floor.head(waiting).state is JobState.QUEUED
    own_floor.worker()
    assert own_floor.running(long, attempt=1).run > 2
    own_floor.cancel(long)
    own_floor.ended(long)
    assert own_floor.ended(waiting).state is JobState.SUCCEEDED


def test_a_signal_to_the_worker_s_group_does_not_end_a_job_in_mid_air(own_floor: Floor) -> None:
    worker = own_floor.worker()
    job_id = own_floor.submit("calm", seconds=2)
    child = own_floor.child(own_floor.running(job_id))
    for process in [psutil.Process(worker.pid), *worker.children()]:
        if os.getpgid(process.pid) == os.getpgid(worker.pid):
            process.send_signal(signal.SIGTERM)
    worker.popen.wait(20)
    assert own_floor.job(job_id).state is JobState.SUCCEEDED
    assert own_floor.job(job_id).attempt == 1
    assert not alive(child.pid)


def test_redis_away_for_a_moment_costs_no_job_anything(own_floor: Floor) -> None:
    redis = own_floor.service.redis
    redis.durable = True
    redis.kill()
    redis.start()
    worker = own_floor.worker()
    job_id = own_floor.submit("calm", seconds=4)
    own_floor.running(job_id)
    redis.kill()
    for sign in ("its events are held", "the warden waits"):
        wait_for(lambda sign=sign: sign in worker.log.read_text(), what=sign)  # type: ignore[misc]
    redis.start()
    job = own_floor.ended(job_id)
    assert (job.state, job.attempt) == (JobState.SUCCEEDED, 1)
    told = own_floor.records(job_id)
    assert [record.seq for record in told] == list(range(1, len(told) + 1))
    assert job.outputs["text"].length == len("".join(f"{n} " for n in range(400)))


@pytest.mark.parametrize(
    ("env", "sentence"),
    [
        ({"TAILRACE_JOBS": "no_such_module"}, "tailrace worker: TAILRACE_JOBS: there is no module 'no_such_module'"),
        ({"TAILRACE_QUEUES": "gpu"}, "tailrace worker: TAILRACE_QUEUES: no job type lies in any of these queues"),
        ({"TAILRACE_CONCURRENCY": "none"}, "tailrace worker: TAILRACE_CONCURRENCY: must be"),
    ],
)
def test_a_worker_that_cannot_be_says_why_in_a_sentence(calm_floor: Floor, env: dict[str, str], sentence: str) -> None:
    given = {**calm_floor.service.env, "TAILRACE_JOBS": "jobs_of_a_user", "PYTHONPATH": str(OWN), **env}
    command = [str(BIN / "celery"), "--app", "worker.celery:app", "worker"]
    ended = subprocess.run(command, cwd=ROOT, env=given, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode != 0
    assert sentence in ended.stderr
    assert "Traceback" not in ended.stderr
