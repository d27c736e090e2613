from pathlib import Path
from typing import Any

import pytest

from jobs import decisions, keys
from jobs import events as ev
from jobs.catalogue import TypeEntry
from jobs.errors import FileNotFound, JobNotFound, LogUnavailable
from jobs.files import FileRecord, new_id
from jobs.index import RETURN_MS
from jobs.model import Job, JobState
from jobs.sweep import RINGS, UNBORN_MS
from jobs.writer import Writer
from tests.jobs.conftest import Clients, Yard, yard_of
from tests.service import redis_server, wait_for

TYPES = {"t": TypeEntry(name="t", title="T", params_schema={})}


def request(**more: Any) -> ev.Request:
    return ev.Request(**({"type": "t", "params": {}} | more))


def submitted(yard: Yard, **more: Any) -> str:
    job_id = new_id()
    yard.life.submit(job_id, request(**more))
    return job_id


def claimed(yard: Yard) -> Job:
    job = yard.life.claim("default", TYPES, "w")
    assert job is not None
    return job


def types(yard: Yard, job_id: str) -> list[str]:
    return [entry.type for entry in yard.log.read(job_id, 0).entries]


@pytest.fixture
def hasty(redis_url: str, clients: Clients, tmp_path: Path) -> Yard:
    """A yard whose leases run out in a tenth of a second."""
    return yard_of(clients(redis_url), tmp_path, lease_seconds=0.1)


def test_where_nothing_is_pending_a_sweep_asks_redis_once(yard: Yard) -> None:
    yard.sweep.run()
    before = yard.client.info("stats")["total_commands_processed"]
    yard.sweep.run()

    #: The look itself, what its script calls (TIME, and a count of nine keys), and the question before.
    assert yard.client.info("stats")["total_commands_processed"] - before == 1 + 10 + 1


# After a crash ---------------------------------------------------------------------------------------------------


def test_a_job_whose_submit_died_before_filing_it_is_queued_and_rung_for(yard: Yard) -> None:
    job_id = new_id()
    yard.index.announce(job_id)
    Writer(yard.log, job_id, yard.clock).create([ev.JobQueued(request=request())])
    yard.sweep.run()

    assert yard.bell.rings == ["default"]
    assert claimed(yard).id == job_id


def test_a_job_that_was_announced_but_never_made_is_forgotten_after_a_minute(yard: Yard) -> None:
    job_id = new_id()
    yard.index.announce(job_id)
    yard.clock.now += UNBORN_MS
    yard.sweep.run()
    assert yard.index.live_count() == 1

    yard.clock.now += 1
    yard.sweep.run()
    assert yard.index.live_count() == 0


def test_a_job_whose_claimer_died_between_lease_and_start_still_waits(hasty: Yard) -> None:
    job_id = submitted(hasty)
    hasty.index.lease([job_id])
    wait_for(hasty.index.overdue)
    hasty.sweep.run()

    assert types(hasty, job_id) == ["job.queued"]
    assert hasty.index.overdue() == []
    assert claimed(hasty).attempt == 1


def test_a_job_whose_claimer_died_before_filing_it_gets_a_lease_and_is_lost_by_it(hasty: Yard) -> None:
    job_id = submitted(hasty)
    hasty.life.index.lease([job_id])
    Writer(hasty.log, job_id, hasty.clock).decide(lambda job: decisions.start(job, worker="w", steps=None))
    hasty.client.delete(keys.LEASES)
    hasty.sweep.run()
    assert hasty.index.positions("default", [job_id]) == [None]
    wait_for(hasty.index.overdue)
    hasty.sweep.run()

    assert types(hasty, job_id)[2:] == ["job.stalled", "job.retrying", "job.queued"]


def test_a_job_whose_worker_died_goes_on_in_another_attempt_until_none_is_left(hasty: Yard) -> None:
    job_id = submitted(hasty, max_attempts=2)
    for _ in range(2):
        claimed(hasty)
        wait_for(hasty.index.overdue)
        hasty.sweep.run()

    job = hasty.life.load(job_id)
    assert (job.state, job.attempt) == (JobState.FAILED, 2)
    assert job.error is not None
    assert job.error.code == "poison"
    assert [error.code for error in job.errors] == ["worker_lost"]
    assert hasty.index.overdue() == []


def test_a_job_that_ended_before_it_was_filed_is_found_among_the_finished(yard: Yard) -> None:
    job_id = submitted(yard)
    job = claimed(yard)
    Writer(yard.log, job_id, yard.clock, job=job, run=job.run).write([ev.JobSucceeded()])
    yard.sweep.run()

    assert yard.index.live_count() == 0
    assert yard.client.zrange(keys.FINISHED, 0, -1) == [job_id.encode()]
    assert yard.client.zcard(keys.LEASES) == 0


def test_bookmarks_that_redis_lost_are_written_again(yard: Yard) -> None:
    waiting = submitted(yard)
    yard.client.delete(keys.waiting("default"), keys.QUEUES, keys.FILED, keys.ALL)
    yard.sweep.run()

    assert yard.index.waiting("default", 0, -1) == [waiting]
    assert yard.index.newest(None, 10) == [waiting]


def test_a_bookmark_of_a_job_that_is_gone_is_taken_away(yard: Yard) -> None:
    job_id = submitted(yard, expires_at="2023-11-14T22:13:20.000Z")
    yard.log.delete(job_id)
    yard.clock.now += 1
    yard.sweep.run()

    assert yard.client.keys(f"*{job_id}*") == []
    assert yard.client.exists(keys.ALL, keys.LIVE, keys.EXPIRY, keys.waiting("default")) == 0


def test_one_job_that_cannot_be_put_right_does_not_keep_the_sweep_from_the_others(yard: Yard) -> None:
    stuck, other = submitted(yard), submitted(yard)
    yard.client.hset(keys.head(stuck), "s", 99)
    yard.client.zadd(keys.EXPIRY, {stuck: 0, other: 1})
    yard.sweep.run()

    assert types(yard, other) == ["job.queued", "job.expired"]
    assert types(yard, stuck) == ["job.queued"]


# Times -----------------------------------------------------------------------------------------------------------


def test_a_scheduled_job_is_queued_when_its_time_has_come_and_not_before(yard: Yard) -> None:
    job_id = new_id()
    yard.life.submit(job_id, request(), delay_seconds=10)
    yard.clock.now += 9999
    yard.sweep.run()
    assert types(yard, job_id) == ["job.scheduled"]

    yard.clock.now += 1
    yard.sweep.run()
    assert types(yard, job_id) == ["job.scheduled", "job.queued"]
    assert yard.bell.rings == ["default"]


def test_a_job_that_nobody_began_in_time_expires(yard: Yard) -> None:
    job_id = submitted(yard, expires_at="2023-11-14T22:13:21.000Z")
    yard.sweep.run()
    assert yard.life.load(job_id).state is JobState.QUEUED

    yard.clock.now += 1001
    yard.sweep.run()
    assert types(yard, job_id) == ["job.queued", "job.expired"]
    assert yard.index.depth("default") == 0


def test_a_job_that_was_begun_in_time_does_not_expire(yard: Yard) -> None:
    job_id = submitted(yard, expires_at="2023-11-14T22:13:21.000Z")
    claimed(yard)
    yard.client.zadd(keys.EXPIRY, {job_id: 0})
    yard.clock.now += 1001
    yard.sweep.run()

    assert yard.life.load(job_id).state is JobState.RUNNING
    assert yard.client.zcard(keys.EXPIRY) == 0


# Unwatched -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["scheduled", "queued", "running"])
def test_a_job_that_nobody_has_watched_for_so_long_is_cancelled(yard: Yard, state: str) -> None:
    yard.clock.now += RETURN_MS
    job_id = new_id()
    delay = 100 if state == "scheduled" else None
    yard.life.submit(job_id, request(cancel_when_unwatched_seconds=0.05), delay_seconds=delay)
    if state == "running":
        claimed(yard)
    wait_for(lambda: yard.index.overdue(keys.UNWATCHED))
    for _ in range(2):
        yard.sweep.run()

    if state == "running":
        assert types(yard, job_id)[2:] == ["job.cancelling"]
    else:
        assert types(yard, job_id)[1:] == ["job.cancelled"]
    job = yard.life.load(job_id)
    assert job.cancel is not None
    assert job.cancel.reason == "Nobody has watched the job for 0.05 seconds."
    assert yard.client.exists(keys.UNWATCHED) == 0


def test_the_count_begins_when_a_job_is_accepted_and_no_filing_begins_it_anew(yard: Yard) -> None:
    job_id = submitted(yard, cancel_when_unwatched_seconds=60)
    before = yard.client.zscore(keys.UNWATCHED, job_id)
    claimed(yard)
    yard.sweep.run()

    assert yard.client.zscore(keys.UNWATCHED, job_id) == before
    yard.index.watched({job_id: 1})
    assert yard.client.zscore(keys.UNWATCHED, job_id) == before, "a shorter watch takes nothing from a longer one"
    yard.index.watched({job_id: 90_000})
    assert yard.client.zscore(keys.UNWATCHED, job_id) > before + 20_000
    submitted(yard)
    assert yard.client.zcard(keys.UNWATCHED) == 1


def test_after_a_start_and_after_redis_was_away_nobody_is_taken_for_unwatched_for_a_moment(
    clients: Clients, tmp_path: Path
) -> None:
    with redis_server(durable=True) as server:
        yard = yard_of(clients(server.url), tmp_path)
        yard.client.config_set("appendfsync", "always")
        job_id = submitted(yard, cancel_when_unwatched_seconds=0.001)
        wait_for(lambda: yard.index.overdue(keys.UNWATCHED))
        yard.clock.now += RETURN_MS - 1
        yard.sweep.run()
        assert yard.life.head(job_id).state is JobState.QUEUED

        server.kill()
        yard.clock.now += 1
        with pytest.raises(LogUnavailable):
            yard.sweep.turn()
        server.start()
        yard.sweep.turn()
        yard.clock.now += RETURN_MS - 1
        yard.sweep.run()
        assert yard.life.head(job_id).state is JobState.QUEUED
        yard.clock.now += 1
        yard.sweep.run()
        assert yard.life.head(job_id).state is JobState.CANCELLED


def test_a_job_that_is_gone_is_nobody_s_to_watch(yard: Yard) -> None:
    yard.clock.now += RETURN_MS
    yard.client.zadd(keys.UNWATCHED, {"gone": 0})
    yard.sweep.run()

    assert yard.client.exists(keys.UNWATCHED) == 0


# Rings -----------------------------------------------------------------------------------------------------------


def test_a_queue_is_rung_for_until_there_is_a_ring_for_every_job(yard: Yard) -> None:
    for _ in range(3):
        submitted(yard)
    yard.bell.rings.clear()
    yard.sweep.run()
    yard.sweep.run()
    assert yard.bell.rings == ["default"] * 3

    for _ in range(200):
        submitted(yard)
    yard.bell.rings.clear()
    yard.sweep.run()
    assert len(yard.bell.rings) == RINGS


def test_nobody_rings_where_the_broker_cannot_say_what_has_been_rung(yard: Yard) -> None:
    submitted(yard)
    yard.bell.rings.clear()
    yard.bell.rung = lambda _queue: None  # type: ignore[method-assign,assignment]
    yard.sweep.run()

    assert yard.bell.rings == []


# Retention -------------------------------------------------------------------------------------------------------


def upload(yard: Yard, tmp_path: Path) -> FileRecord:
    path = tmp_path / "upload"
    path.write_bytes(b"a,b\n1,2\n")
    with path.open("rb") as stream:
        return yard.files.save(stream, name="a.csv", media_type="text/csv", limit=100)


def test_a_job_past_its_retention_goes_with_its_artifacts_and_uploads(yard: Yard, tmp_path: Path) -> None:
    record = upload(yard, tmp_path)
    job_id = submitted(yard)
    yard.files.hold([record.id], job_id)
    yard.files.keep(job_id, "chart.svg", iter([b"<svg/>"]))
    yard.clock.now += 10**9
    yard.sweep.run()
    assert yard.files.open_artifact(job_id, "chart.svg").read() == b"<svg/>", "nothing of a live job expires"
    assert yard.files.find(record.id)

    yard.life.cancel(job_id)
    yard.clock.now += 3_600_001
    yard.sweep.run()
    with pytest.raises(JobNotFound):
        yard.life.load(job_id)
    with pytest.raises(FileNotFound):
        yard.files.open_artifact(job_id, "chart.svg")
    assert yard.index.newest(None, 10) == []

    yard.clock.now += 3_600_001
    yard.sweep.run()
    with pytest.raises(FileNotFound):
        yard.files.find(record.id)


def test_an_upload_that_no_job_ever_named_goes_after_as_long(yard: Yard, tmp_path: Path) -> None:
    record = upload(yard, tmp_path)
    yard.clock.now += 3_600_000 - 1
    yard.sweep.run()
    assert yard.files.find(record.id) == record

    yard.clock.now += 2
    yard.sweep.run()
    with pytest.raises(FileNotFound):
        yard.files.find(record.id)


def test_artifacts_that_cannot_be_removed_do_not_keep_the_sweep_from_the_others(
    yard: Yard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = submitted(yard), submitted(yard)
    for job_id in (first, second):
        yard.life.cancel(job_id)
        yard.files.keep(job_id, "a", iter([b"x"]))
    remove = yard.files._fs.rm

    def rm(path: str, **how: Any) -> None:
        if first in path:
            raise PermissionError(path)
        remove(path, **how)

    monkeypatch.setattr(yard.files._fs, "rm", rm)
    yard.clock.now += 3_600_001
    yard.sweep.run()

    assert not (tmp_path / "artifacts" / second).exists()
    assert yard.index.newest(None, 10) == [first]


# The sweep itself ------------------------------------------------------------------------------------------------


def test_one_process_a_second_sweeps(yard: Yard, redis_url: str, clients: Clients, tmp_path: Path) -> None:
    other = yard_of(clients(redis_url), tmp_path)

    assert [yard.sweep.turn(), other.sweep.turn()] == [True, False]


def test_while_redis_is_away_a_sweep_does_nothing_and_raises_nothing(clients: Clients, tmp_path: Path) -> None:
    with redis_server() as server:
        yard = yard_of(clients(server.url), tmp_path)
        submitted(yard)
        server.kill()
        yard.sweep.run()
        with pytest.raises(LogUnavailable):
            yard.sweep.turn()
