"""A real worker on a real Redis: jobs run, and each ends exactly once."""

import secrets
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest

from jobs.clock import now_ms, rfc3339
from jobs.doorbell import TASK, celery_queue
from jobs.errors import CursorMoved
from jobs.eventlog import Batch, Record
from jobs.events import TERMINAL
from jobs.head import head_of
from jobs.model import JobState, apply
from jobs.pace import ANY
from tests.service import BIN, ROOT, wait_for
from tests.worker.floor import OWN, Floor, floor, lines

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


# One worker that is not harmed ---------------------------------------------------------------------------------


def test_how_long_jobs_held_a_slot_is_known_afterwards(calm_floor: Floor) -> None:
    """Also of one that failed: its slot was taken all the same."""
    for kind in ("calm", "leaver"):
        calm_floor.ended(calm_floor.submit(kind, seconds=0.3))
    means = wait_for(lambda: len(found := calm_floor.parts.paces.look(["default"]).means["default"]) >= 3 and found)
    assert 0.3 <= means["calm"] < 20
    assert 0 < means["leaver"] < 20
    assert 0 < means[ANY] < 20


def test_a_job_learns_within_moments_how_far_the_service_has_cut_down(calm_floor: Floor) -> None:
    job_id = calm_floor.submit("heedful")
    calm_floor.running(job_id)
    calm_floor.parts.load.say(3)
    assert calm_floor.ended(job_id).result == [3, 0]


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


def test_a_job_that_takes_too_long_fails_as_timeout(calm_floor: Floor) -> None:
    calm = calm_floor.submit("calm", timeout=0.5)
    deaf = calm_floor.submit("late", timeout=0.5)
    for job_id in (calm, deaf):
        job = calm_floor.ended(job_id, seconds=15)
        assert job.error is not None
        assert job.error.code == "timeout"


def test_a_retry_comes_after_its_delay(calm_floor: Floor) -> None:
    job = calm_floor.ended(calm_floor.submit("twice"))
    assert (job.state, job.attempt, job.result) == (JobState.SUCCEEDED, 2, 2)


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


def test_what_a_newer_version_has_written_is_carried_along(calm_floor: Floor) -> None:
    """Old and new processes share one Redis while a deploy goes on."""
    calm_floor.service.web()
    job_id = calm_floor.submit("calm", seconds=2)
    calm_floor.running(job_id)
    _write_as_a_newer_version(calm_floor, job_id)
    job = calm_floor.service.wait(job_id)
    assert (job["state"], job["attempt"]) == ("succeeded", 1)
    told = calm_floor.service.events(job_id)
    assert [event["seq"] for event in told] == list(range(1, len(told) + 1))
    (pondered,) = [event for event in told if event["type"] == "job.pondered"]
    assert pondered["data"] == {"depth": 3}
    stream = calm_floor.service.client.get(f"/v1/jobs/{job_id}/events?after=0", headers={"Accept": "text/event-stream"})
    assert "event: job.pondered" in stream.text
    assert "the warden met a fault" not in calm_floor.service.processes[0].log.read_text()


def _write_as_a_newer_version(made: Floor, job_id: str) -> None:
    """An event, and members of the head and the checkpoint, that this version knows nothing of."""

    def written() -> bool:
        job = made.job(job_id)
        before, seq = job.cursor, job.seq + 1
        told = Record(
            id=f"{job.epoch}-{seq}",
            seq=seq,
            type="job.pondered",
            job=job_id,
            time=rfc3339(now_ms()),
            attempt=job.attempt,
            data=msgspec.Raw(b'{"depth":3}'),
        )
        job = apply(job, told)
        batch = Batch(
            expect=before,
            epoch=job.epoch,
            entries=[(told.type, msgspec.json.encode(told))],
            batch_id=secrets.token_hex(6),
            head=_with_more(head_of(job)),
            checkpoint=_with_more(job),
            terminal=False,
        )
        with suppress(CursorMoved):
            return bool(made.parts.log.append(job_id, batch))
        return False

    wait_for(written)


def _with_more(known: msgspec.Struct) -> bytes:
    return msgspec.json.encode({**msgspec.to_builtins(known), "mood": {"of": "a newer version"}})


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
