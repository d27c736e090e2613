"""Cancels on a real worker: jobs that are busy in every way there is end, and nothing of them is left."""

import random
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from jobs import events as ev
from jobs.clock import from_rfc3339
from jobs.doorbell import TASK, celery_queue
from jobs.errors import LogUnavailable
from jobs.events import TERMINAL
from jobs.files import new_id
from jobs.model import Job, JobState
from tests.service import wait_for
from tests.worker.floor import Floor, alive, floor, lines

pytestmark = pytest.mark.acceptance

COOPERATIVE, INTERRUPTED = ["cooperative"], ["cooperative", "interrupted"]
#: Kinds of jobs, the grace that they are cancelled with, and the rungs that are told of: the last is how they end.
LADDER = {
    "napper": (3, COOPERATIVE),
    "sleeper": (3, INTERRUPTED),
    "reader": (3, INTERRUPTED),
    "parent": (3, INTERRUPTED),
    "spinner": (3, INTERRUPTED),
    "blocker": (3, INTERRUPTED),
    "deaf": (1, [*INTERRUPTED, "killed"]),
    "hider": (1, [*COOPERATIVE, "killed"]),  # its shield holds until then
    "holder": (1, ["killed"]),  # in its process nothing can be told any more
}


@dataclass
class Climb:
    """A job that was cancelled, and the processes and the workdir that it had told of."""

    job: Job
    rungs: list[str]
    pids: list[int]
    workdir: Path


@pytest.fixture(scope="module")
def busy_floor() -> Iterator[Floor]:
    """One worker with a slot for each kind of job."""
    with floor() as made:
        made.worker(TAILRACE_CONCURRENCY=str(len(LADDER)))
        yield made


@pytest.fixture
def own_floor() -> Iterator[Floor]:
    with floor() as made:
        yield made


@pytest.fixture(scope="module")
def climbs(busy_floor: Floor, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Climb]:
    """All of them at once, each cancelled once it is busy."""
    marks = tmp_path_factory.mktemp("marks")
    jobs = {kind: busy_floor.submit(kind, marks=str(marks / kind)) for kind in LADDER}
    told = {kind: wait_for(lambda kind=kind: lines(marks / kind), what=kind)[0] for kind in LADDER}  # type: ignore[misc]
    for kind, (grace, _) in LADDER.items():
        busy_floor.cancel(jobs[kind], grace_seconds=grace)
    ended = {kind: busy_floor.ended(job_id) for kind, job_id in jobs.items()}
    return {kind: _climb(busy_floor, ended[kind], told[kind].split()) for kind in LADDER}


def _climb(made: Floor, job: Job, words: list[str]) -> Climb:
    records = made.records(job.id)
    rungs = [msgspec.json.decode(record.data)["rung"] for record in records if record.type.endswith("escalated")]
    pids = [int(word) for word in words if word.isdecimal()]
    (workdir,) = [Path(word) for word in words if "/" in word] or [Path("none")]
    return Climb(job, rungs, pids, workdir)


def _terminal(made: Floor, job_id: str) -> list[str]:
    return [name for name in made.types(job_id) if name in TERMINAL]


# Each kind ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", LADDER)
def test_a_cancelled_job_ends_at_its_rung_and_says_so(climbs: dict[str, Climb], kind: str) -> None:
    climb, rungs = climbs[kind], LADDER[kind][1]
    assert climb.job.state is JobState.CANCELLED
    assert climb.job.cancel is not None
    assert climb.job.cancel.mode == rungs[-1]
    assert climb.rungs == rungs


@pytest.mark.parametrize("kind", LADDER)
def test_nothing_is_left_of_a_cancelled_job(climbs: dict[str, Climb], kind: str) -> None:
    """The slot's own process stays where the job ended by itself; all that the job began goes."""
    climb = climbs[kind]
    slot, *others = climb.pids
    assert not any(alive(pid) for pid in others)
    assert alive(slot) is ("killed" not in climb.rungs)
    assert not climb.workdir.exists()


def test_the_slots_of_cancelled_jobs_are_free_again(busy_floor: Floor, climbs: dict[str, Climb]) -> None:
    pids = {pid for climb in climbs.values() for pid in climb.pids}
    jobs = [busy_floor.submit("calm", seconds=1) for _ in LADDER]
    slots = {busy_floor.ended(job_id).result for job_id in jobs}
    assert len(slots) == len(LADDER)
    assert slots & pids


@pytest.mark.alone
def test_the_slot_of_a_killed_job_takes_the_next_one_within_moments(own_floor: Floor) -> None:
    """Celery alone takes up to five seconds to see that a child is gone."""
    own_floor.worker()
    for _ in range(3):
        killed, following = own_floor.submit("sleeper", max_attempts=1), own_floor.submit("calm", seconds=0.01)
        own_floor.child(own_floor.running(killed)).kill()
        lost, began = own_floor.ended(killed).finished_at, own_floor.ended(following).started_at
        assert lost is not None
        assert began is not None
        assert from_rfc3339(began) - from_rfc3339(lost) < 2000


def test_a_shield_that_ends_in_time_ends_the_job_by_itself(busy_floor: Floor, tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    job_id = busy_floor.submit("hider", seconds=1.5, marks=str(marks))
    wait_for(lambda: lines(marks), what="the shield")
    busy_floor.cancel(job_id)
    job = busy_floor.ended(job_id)
    assert job.cancel is not None
    assert job.cancel.mode == "cooperative"


def test_an_interrupted_job_has_time_to_clean_up_and_what_it_had_is_kept(busy_floor: Floor, tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    job_id = busy_floor.submit("tidy", marks=str(marks))
    wait_for(lambda: lines(marks), what="the job to begin")
    busy_floor.cancel(job_id)
    job = busy_floor.ended(job_id)
    assert job.cancel is not None
    assert job.cancel.mode == "interrupted"
    assert lines(marks)[1:] == ["finally", "hook"]
    assert (job.outputs["text"].text, job.outputs["text"].done) == ("so far", True)
    with busy_floor.parts.files.open_artifact(job_id, "partial.txt") as file:
        assert file.read() == b"half of it"


def test_a_job_that_takes_too_long_and_hears_nothing_is_killed(busy_floor: Floor, tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    job_id = busy_floor.submit("holder", timeout=0.3, max_attempts=1, marks=str(marks))
    wait_for(lambda: lines(marks), what="the job to begin")
    job = busy_floor.ended(job_id)
    assert job.error is not None
    assert job.error.code == "timeout"
    assert not any(alive(int(pid)) for pid in lines(marks)[0].split()[1:])


# Races ----------------------------------------------------------------------------------------------------------


def test_of_many_cancels_at_once_one_counts(busy_floor: Floor) -> None:
    job_id = busy_floor.submit("calm")
    busy_floor.running(job_id)
    wishes = [threading.Thread(target=busy_floor.cancel, args=(job_id,)) for _ in range(8)]
    for wish in wishes:
        wish.start()
    for wish in wishes:
        wish.join()
    busy_floor.ended(job_id)
    types = busy_floor.types(job_id)
    assert types.count("job.cancelling") == 1
    assert _terminal(busy_floor, job_id) == ["job.cancelled"]


def test_a_job_that_ends_as_it_is_cancelled_ends_once(busy_floor: Floor) -> None:
    """Whichever comes first."""
    jobs = [busy_floor.submit("calm", seconds=0.05) for _ in range(60)]
    for job_id in jobs:
        wait_for(lambda job_id=job_id: busy_floor.head(job_id).run)  # type: ignore[misc]
        time.sleep(random.uniform(0, 0.06))
        busy_floor.cancel(job_id)
    for job_id in jobs:
        state = busy_floor.ended(job_id).state
        assert _terminal(busy_floor, job_id) == [f"job.{state.value}"]
        assert busy_floor.records(job_id)[-1].type in TERMINAL


def test_a_job_cancelled_in_the_pause_before_its_retry_gets_none(busy_floor: Floor) -> None:
    job_id = busy_floor.submit("unsteady", seconds=0.5)
    busy_floor.wait(job_id, lambda head: head.state is JobState.SCHEDULED)
    busy_floor.cancel(job_id)
    job = busy_floor.ended(job_id)
    assert job.cancel is not None
    assert (job.cancel.mode, job.attempt) == ("queued", 1)
    later = busy_floor.ended(busy_floor.submit("unsteady", max_attempts=2, seconds=0.6))
    assert later.attempt == 2
    assert busy_floor.types(job_id)[-1] == "job.cancelled"


def test_a_job_cancelled_before_its_delay_is_over_never_begins(busy_floor: Floor) -> None:
    life = busy_floor.parts.lifecycle
    job_id = life.submit(new_id(), ev.Request(type="calm", params={}), delay_seconds=0.5).id
    busy_floor.cancel(job_id)
    later = life.submit(new_id(), ev.Request(type="filed", params={}), delay_seconds=0.6).id
    assert busy_floor.ended(later).state is JobState.SUCCEEDED
    assert busy_floor.types(job_id) == ["job.scheduled", "job.cancelled"]


def test_a_job_cancelled_while_its_doorbell_is_rung_again_begins_once_at_most(busy_floor: Floor) -> None:
    jobs = []
    for n in range(20):
        job_id = busy_floor.submit("calm")
        for _ in range(3):
            busy_floor.celery.send_task(TASK, args=["default"], queue=celery_queue("default"), ignore_result=True)
        time.sleep(0.002 * (n % 5))
        busy_floor.cancel(job_id)
        jobs.append(job_id)
    for job_id in jobs:
        assert busy_floor.ended(job_id).state is JobState.CANCELLED
        assert busy_floor.types(job_id).count("job.started") <= 1
        assert _terminal(busy_floor, job_id) == ["job.cancelled"]


def test_a_cancel_survives_a_restart_of_redis() -> None:
    with floor(durable=True) as made:
        made.worker(TAILRACE_CONCURRENCY="2")
        before, after = made.submit("calm"), made.submit("sleeper")
        for job_id in (before, after):
            made.running(job_id)
        made.cancel(before)
        made.service.redis.kill()
        with pytest.raises(LogUnavailable):
            made.cancel(after)
        made.service.redis.start()
        made.cancel(after)
        for job_id, mode in ((before, "cooperative"), (after, "interrupted")):
            job = made.ended(job_id)
            assert job.cancel is not None
            assert job.cancel.mode == mode
            assert _terminal(made, job_id) == ["job.cancelled"]


def test_a_job_whose_worker_is_lost_while_it_is_cancelled_is_not_tried_again(own_floor: Floor) -> None:
    worker = own_floor.worker()
    job_id = own_floor.submit("hider")
    own_floor.running(job_id)
    own_floor.cancel(job_id, grace_seconds=60)
    worker.kill()
    job = own_floor.ended(job_id)
    assert job.cancel is not None
    assert (job.state, job.cancel.mode, job.attempt) == (JobState.CANCELLED, "lost", 1)
    assert own_floor.types(job_id)[-2:] == ["job.stalled", "job.cancelled"]
