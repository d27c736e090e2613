"""Real workers that are told to stop, in every way that a deploy may have: no job is failed by it, none tried again."""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from jobs.model import JobState
from tests.service import Process, wait_for
from tests.worker.floor import Floor, alive, floor, lines

pytestmark = pytest.mark.acceptance

#: Jobs are told after half of it.
DRAIN = 3


@pytest.fixture(scope="module")
def house() -> Iterator[Floor]:
    """A Redis on which one worker follows the other."""
    with floor() as made:
        yield made


def _to_the_group(worker: Process) -> None:
    """As honcho does it, twice."""
    group = os.getpgid(worker.pid)
    family = [psutil.Process(worker.pid), *worker.children()]
    for process in [process for process in family if os.getpgid(process.pid) == group] * 2:
        process.send_signal(signal.SIGTERM)


def _to_every_process(worker: Process) -> None:
    """As some platforms do it: to whatever there is."""
    for process in [psutil.Process(worker.pid), *worker.children()]:
        process.send_signal(signal.SIGTERM)


def _cold(worker: Process) -> None:
    worker.popen.send_signal(signal.SIGQUIT)


WAYS = {"SIGTERM to the group": _to_the_group, "SIGTERM to every process": _to_every_process, "SIGQUIT": _cold}


@pytest.mark.parametrize("way", WAYS)
def test_a_worker_told_to_stop_costs_no_job_an_attempt(house: Floor, way: str, tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    worker = house.worker(TAILRACE_CONCURRENCY="4", TAILRACE_DRAIN_SECONDS=str(DRAIN))
    saver, sleeper, deaf = house.submit("saver"), house.submit("sleeper"), house.submit("deaf", marks=str(marks))
    for job_id in (saver, sleeper, deaf):
        house.running(job_id)
    processes = [int(word) for word in wait_for(lambda: lines(marks))[0].split()[1:3]]
    gate = tmp_path / "gate"
    short = house.submit("gated", marks=str(gate))
    house.running(short)
    WAYS[way](worker)
    if way != "SIGQUIT":
        wait_for(lambda: "Warm shutdown" in worker.log.read_text(), what="the worker to hear it")
        gate.touch()
    worker.popen.wait(30)
    assert house.parts.log.kept(saver)
    wait_for(lambda: not _left(house), what="every process of the worker to be gone")
    for job_id in (saver, sleeper, deaf):
        assert house.types(job_id) == ["job.queued", "job.started", "job.released"]
        house.cancel(job_id)
    assert house.types(short)[-1] == ("job.succeeded" if way != "SIGQUIT" else "job.released")
    house.cancel(short)
    assert not any(alive(pid) for pid in processes)


def _left(house: Floor) -> list[psutil.Process]:
    """Processes of this service's workers and jobs: all inherit its environment."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            ours = process.environ().get("REDIS_URL") == house.service.redis.url
            found += [process] if ours and alive(process.pid) else []
    return found


def test_a_job_given_back_goes_on_from_what_it_saved_and_its_attempt_is_the_first(house: Floor) -> None:
    worker = house.worker(TAILRACE_DRAIN_SECONDS="0.5", REMAP_SIGTERM="SIGQUIT")
    job_id = house.submit("saver", seconds=2)
    house.running(job_id)
    waiting = house.submit("calm", seconds=0.05)
    worker.popen.send_signal(signal.SIGTERM)
    worker.popen.wait(30)
    assert house.head(waiting).state is JobState.QUEUED
    following = house.worker()
    job = house.ended(job_id)
    assert (job.state, job.attempt) == (JobState.SUCCEEDED, 1)
    assert job.result
    assert house.types(job_id) == ["job.queued", "job.started", "job.released", "job.started", "job.succeeded"]
    assert house.ended(waiting).state is JobState.SUCCEEDED
    following.stop()


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
    house.worker()
    job_id = house.submit("calm", seconds=1)
    child = house.child(house.running(job_id))
    child.send_signal(signal.SIGTERM)
    job = house.ended(job_id)
    assert (job.state, job.attempt) == (JobState.SUCCEEDED, 1)
    wait_for(lambda: not alive(child.pid), what="the child to go once its job is done")
    assert house.ended(house.submit("calm", seconds=0.05)).state is JobState.SUCCEEDED
