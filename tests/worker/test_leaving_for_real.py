"""Real workers that are told to stop, in every way that a deploy may have: no job is failed by it, none tried again."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from jobs.model import JobState
from tests.service import Process, wait_for
from tests.worker.floor import Floor, alive, floor, lines

pytestmark = pytest.mark.acceptance

DRAIN = 4


@pytest.fixture(scope="module")
def house() -> Iterator[Floor]:
    """A Redis on which one worker follows the other."""
    with floor() as made:
        yield made


def _to_all(worker: Process) -> None:
    """As honcho does it: to the whole group."""
    group = os.getpgid(worker.pid)
    for process in [psutil.Process(worker.pid), *worker.children()]:
        if os.getpgid(process.pid) == group:
            process.send_signal(signal.SIGTERM)


def _to_every_process(worker: Process) -> None:
    """As some platforms do it: to whatever there is."""
    for process in [psutil.Process(worker.pid), *worker.children()]:
        process.send_signal(signal.SIGTERM)


def _twice(worker: Process) -> None:
    for _ in range(2):
        worker.popen.send_signal(signal.SIGTERM)
        wait_for(lambda: "Warm shutdown" in worker.log.read_text(), what="the worker to hear it")


WAYS = {
    "SIGTERM": lambda worker: worker.popen.send_signal(signal.SIGTERM),
    "SIGTERM twice": _twice,
    "SIGTERM to the group": _to_all,
    "SIGTERM to every process": _to_every_process,
    "SIGQUIT": lambda worker: worker.popen.send_signal(signal.SIGQUIT),
    "SIGTERM as SIGQUIT": lambda worker: worker.popen.send_signal(signal.SIGTERM),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_worker_told_to_stop_costs_no_job_an_attempt(house: Floor, way: str, tmp_path: Path) -> None:
    cold, marks = "QUIT" in way, tmp_path / "marks"
    env = {"REMAP_SIGTERM": "SIGQUIT"} if "as" in way else {}
    worker = house.worker(TAILRACE_CONCURRENCY="4", TAILRACE_DRAIN_SECONDS=str(DRAIN), **env)
    short, saver, sleeper = (house.submit(kind, seconds=s) for kind, s in (("calm", 1), ("saver", 8), ("sleeper", 600)))
    deaf = house.submit("deaf", marks=str(marks))
    for job_id in (short, saver, sleeper, deaf):
        house.running(job_id)
    processes = [int(word) for word in wait_for(lambda: lines(marks))[0].split()[1:3]]
    WAYS[way](worker)
    worker.popen.wait(30)
    released = (saver, sleeper, deaf, *([short] if cold else []))
    for job_id in released:
        assert house.types(job_id) == ["job.queued", "job.started", "job.released"]
    assert cold or house.job(short).state is JobState.SUCCEEDED
    assert not any(alive(pid) for pid in processes)
    assert not [process for process in psutil.process_iter(["cmdline"]) if _of(house, process)]
    _go_on(house, released, saver)


def _of(house: Floor, process: psutil.Process) -> bool:
    """Whether it is a job's process of this service that nobody has seen to."""
    try:
        return process.environ().get("REDIS_URL") == house.service.redis.url
    except psutil.Error:
        return False


def _go_on(house: Floor, released: tuple[str, ...], saver: str) -> None:
    """At the next worker, under the same attempt and from what was saved."""
    worker = house.worker(TAILRACE_CONCURRENCY="4")
    for job_id in released:
        house.wait(job_id, lambda head: head.attempt == 1 and (head.state is JobState.RUNNING or head.state.terminal))
        if job_id != saver:
            house.cancel(job_id, grace_seconds=0.2)
    saved = house.ended(saver)
    assert (saved.state, saved.attempt) == (JobState.SUCCEEDED, 1)
    assert isinstance(saved.result, int)
    assert saved.result > 0
    for job_id in released:
        house.ended(job_id)
    worker.stop()


def test_a_second_ctrl_c_hurries_the_jobs_and_costs_none_an_attempt(house: Floor) -> None:
    worker = house.worker(TAILRACE_CONCURRENCY="2", TAILRACE_DRAIN_SECONDS="600")
    saver, sleeper = house.submit("saver"), house.submit("sleeper")
    for job_id in (saver, sleeper):
        house.running(job_id)
    worker.popen.send_signal(signal.SIGINT)
    wait_for(lambda: "Warm shutdown" in worker.log.read_text(), what="the worker to hear it")
    worker.popen.send_signal(signal.SIGINT)
    worker.popen.wait(30)
    for job_id in (saver, sleeper):
        assert house.types(job_id)[-1] == "job.released"
        house.cancel(job_id)


def test_a_sigterm_to_a_child_alone_does_not_end_its_job(house: Floor) -> None:
    house.worker(TAILRACE_CONCURRENCY="1")
    job_id = house.submit("calm", seconds=1)
    child = house.child(house.running(job_id))
    child.send_signal(signal.SIGTERM)
    job = house.ended(job_id)
    assert (job.state, job.attempt) == (JobState.SUCCEEDED, 1)
    wait_for(lambda: not alive(child.pid), what="the child to go once its job is done")
    assert house.ended(house.submit("calm", seconds=0.05)).state is JobState.SUCCEEDED
