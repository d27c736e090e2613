"""A real worker whose jobs share its process: many wait at once, each ends by itself, none is lost with it."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator

import msgspec
import psutil
import pytest

from jobs.clock import now_ms
from jobs.model import JobState
from tests.service import BIN, ROOT, UNIT, Process, RedisServer, wait_for
from tests.worker.floor import OWN, Floor, alive, floor
from worker.processes import MARK

pytestmark = pytest.mark.acceptance

MANY = 50


POOLS = ["threads", "gevent"]


def worker(made: Floor, pool: str, **env: str) -> Process:
    """As a Procfile's line: gevent has to be named on the command line too."""
    given = {
        "TAILRACE_POOL": pool,
        "TAILRACE_CONCURRENCY": str(MANY),
        "TAILRACE_JOBS": "jobs_that_wait" if pool == "gevent" else "jobs_that_wait,jobs_that_await",
        "PYTHONPATH": str(OWN),
        **env,
    }
    service, before = made.service, len(made.service.workers())
    command = [str(BIN / "celery"), "--app", "worker.celery:app", "worker", "--loglevel", "INFO", "--pool", pool]
    process = service._start("worker", command, given)
    wait_for(lambda: len(service.workers()) > before or process.popen.poll() is not None, 30, what="the worker")
    assert process.popen.poll() is None, process.log.read_text()[-3000:]
    return process


@pytest.fixture(scope="module", params=POOLS)
def pool(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def shared_floor(pool: str) -> Iterator[Floor]:
    """One worker for the tests that do not end it."""
    with floor() as made:
        running = worker(made, pool)
        yield made
        running.stop()
        assert "Traceback" not in running.log.read_text()


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


def test_a_parent_waits_for_its_children_as_in_any_pool(shared_floor: Floor) -> None:
    jobs = [shared_floor.submit("expectant", seconds=0.1) for _ in range(3)]
    for job_id in jobs:
        job = shared_floor.ended(job_id)
        assert (job.result, job.attempt) == (["attempt 1"] * 2, 1)


#: What each way of interrupting ends: a thread at its next bytecode, a greenlet in its wait.
ENDED = {"threads": "busy", "gevent": "asleep"}


def test_what_does_not_look_up_is_interrupted_and_its_neighbour_is_not(shared_floor: Floor, pool: str) -> None:
    neighbour, job_id = shared_floor.submit("patient", seconds=2), shared_floor.submit(ENDED[pool])
    for each in (neighbour, job_id):
        shared_floor.running(each)
    shared_floor.cancel(job_id, grace_seconds=1)
    job = shared_floor.ended(job_id)
    assert job.cancel is not None
    assert job.cancel.mode == "interrupted"
    assert rungs(shared_floor, job_id) == ["cooperative", "interrupted"]
    assert shared_floor.ended(neighbour).result == "attempt 1"


@pytest.mark.parametrize("pool", ["threads"], indirect=True)
def test_a_job_that_awaits_is_cancelled_where_it_waits(shared_floor: Floor) -> None:
    jobs = [shared_floor.submit("awaiting") for _ in range(5)]
    for job_id in jobs:
        shared_floor.running(job_id)
        shared_floor.cancel(job_id)
        cancel = shared_floor.ended(job_id).cancel
        assert cancel is not None
        assert cancel.mode == "cooperative"


def test_a_timeout_interrupts_as_well(shared_floor: Floor, pool: str) -> None:
    job = shared_floor.ended(shared_floor.submit(ENDED[pool], timeout=0.5))
    assert job.error is not None
    assert job.error.code == "timeout"


def test_what_does_not_listen_stays_cancelling_until_it_ends_and_is_not_killed(shared_floor: Floor) -> None:
    job_id = shared_floor.submit("stubborn", seconds=2.2)
    shared_floor.running(job_id)
    shared_floor.cancel(job_id, grace_seconds=0.5)
    #: Past the grace, and three of the warden's looks.
    deadline = shared_floor.head(job_id).cancel_deadline or 0
    wait_for(lambda: now_ms() > deadline + 1000, what="the grace to be over")
    assert shared_floor.head(job_id).state is JobState.CANCELLING
    job = shared_floor.ended(job_id)
    assert job.state is JobState.SUCCEEDED
    assert "killed" not in rungs(shared_floor, job_id)


def test_jobs_of_one_process_print_into_their_own_logs(shared_floor: Floor) -> None:
    jobs = [shared_floor.submit("chatty") for _ in range(5)]
    for job_id in jobs:
        assert {line.message for line in shared_floor.ended(job_id).log} == {job_id}


def test_jobs_of_a_killed_worker_all_go_to_their_next_attempt(own_floor: Floor, pool: str) -> None:
    first = worker(own_floor, pool)
    jobs = [own_floor.submit("patient") for _ in range(MANY - 1)]
    jobs.append(own_floor.submit("parent"))
    for job_id in jobs:
        own_floor.running(job_id)
    wait_for(lambda: begun_by(first), what="the job's own process")
    worker(own_floor, pool)
    killed = time.monotonic()
    os.kill(first.pid, signal.SIGKILL)
    for job_id in jobs:
        own_floor.running(job_id, attempt=2)
    assert time.monotonic() - killed < 10 * UNIT
    wait_for(lambda: not begun_by(first), what="the job's own process to go")
    for job_id in jobs:
        own_floor.cancel(job_id)
    for job_id in jobs:
        assert own_floor.ended(job_id).state is JobState.CANCELLED


def test_a_worker_told_to_stop_ends_in_time_and_gives_back_what_does_not_listen(own_floor: Floor, pool: str) -> None:
    first = worker(own_floor, pool, TAILRACE_DRAIN_SECONDS="3")
    short, long, deaf = (own_floor.submit(kind) for kind in ("patient", "patient", "stubborn"))
    quick = own_floor.submit("patient", seconds=1)
    for job_id in (short, long, deaf, quick):
        own_floor.running(job_id)
    first.popen.send_signal(signal.SIGTERM)
    assert first.popen.wait(15) == 0
    assert "Traceback" not in first.log.read_text()
    assert own_floor.ended(quick).state is JobState.SUCCEEDED
    for job_id in (short, long, deaf):
        own_floor.wait(job_id, lambda head: head.state is JobState.QUEUED, what="given back")
        assert own_floor.types(job_id)[-1] == "job.released"
    assert own_floor.parts.log.kept(long)
    assert own_floor.parts.log.kept(deaf) == {}
    assert not begun_by(first)


@pytest.mark.parametrize("pool", ["gevent"], indirect=True)
def test_what_gevent_leaves_out_waits_for_a_worker_of_another_pool(own_floor: Floor, pool: str) -> None:
    first = worker(own_floor, pool, TAILRACE_JOBS="worker.catalogue")
    assert (
        "leaves out generate: async job types need a worker of TAILRACE_POOL=prefork or threads"
        in first.log.read_text()
    )
    text = own_floor.submit("generate", prompt="Alice was", max_tokens=5)
    assert own_floor.ended(own_floor.submit("hello")).state is JobState.SUCCEEDED
    assert own_floor.head(text).state is JobState.QUEUED
    worker(own_floor, "threads", TAILRACE_JOBS="worker.catalogue")
    assert own_floor.ended(text).state is JobState.SUCCEEDED


@pytest.mark.parametrize(
    ("env", "option", "sentence"),
    [
        ({"TAILRACE_POOL": "gevent"}, "prefork", "TAILRACE_POOL: gevent has to be there from the first line on"),
        ({"TAILRACE_POOL": "threads"}, "gevent", "--pool: is not the one that TAILRACE_POOL names, threads"),
        ({}, "threads", "--pool: is not the one that TAILRACE_POOL names, prefork"),
        (
            {"TAILRACE_POOL": "gevent", "TAILRACE_JOBS": "jobs_that_await"},
            "gevent",
            "TAILRACE_POOL: a thread has one event loop at a time, gevent cannot run async job types (awaiting)",
        ),
    ],
)
def test_a_pool_that_cannot_be_is_refused_in_a_sentence(
    shared_redis: RedisServer, env: dict[str, str], option: str, sentence: str
) -> None:
    given = {**os.environ, "REDIS_URL": shared_redis.url, "TAILRACE_JOBS": "jobs_that_wait", "PYTHONPATH": str(OWN)}
    command = [str(BIN / "celery"), "--app", "worker.celery:app", "worker", "--pool", option]
    ended = subprocess.run(
        command, cwd=ROOT, env={**given, **env}, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode != 0
    assert f"tailrace worker: {sentence}" in ended.stderr
    assert "Traceback" not in ended.stderr
