import multiprocessing
import threading
from pathlib import Path
from typing import Any

import pytest

from jobs import decisions, keys
from jobs import events as ev
from jobs.catalogue import TypeEntry
from jobs.errors import InvalidEvent, JobNotFound
from jobs.files import new_id
from jobs.lifecycle import RUNG
from jobs.model import Job, JobState
from jobs.writer import Writer
from tests.jobs.conftest import Clients, Yard, yard_of
from tests.service import UNIT

TYPES = {"t": TypeEntry(name="t", title="T", params_schema={})}
CLAIMERS = 8


def request(**more: Any) -> ev.Request:
    return ev.Request(**({"type": "t", "params": {}} | more))


def submitted(yard: Yard, count: int = 1, **more: Any) -> list[str]:
    """Ids of jobs submitted a millisecond apart."""
    ids = []
    for _ in range(count):
        yard.clock.now += 1
        ids.append(new_id())
        yard.life.submit(ids[-1], request(**more))
    return ids


def claim(yard: Yard, worker: str = "w") -> Job | None:
    return yard.life.claim("default", TYPES, worker)


def types(yard: Yard, job_id: str) -> list[str]:
    return [entry.type for entry in yard.log.read(job_id, 0).entries]


def places(yard: Yard, job_id: str) -> set[str]:
    """Where the job is to be found."""
    lists = {"all", "live", "finished", "scheduled", "expiry", "leases"}
    found = {name for name in lists if yard.client.zscore(getattr(keys, name.upper()), job_id) is not None}
    return found | ({"waiting"} if yard.index.positions("default", [job_id]) != [None] else set())


# Submit ----------------------------------------------------------------------------------------------------------


def test_an_accepted_job_waits_in_its_queue_and_the_bell_has_rung(yard: Yard) -> None:
    [job_id] = submitted(yard)

    assert places(yard, job_id) == {"all", "live", "waiting"}
    assert yard.bell.rings == ["default"]
    assert yard.life.head(job_id).state is JobState.QUEUED


def test_the_same_id_twice_is_one_job(yard: Yard) -> None:
    [job_id] = submitted(yard)
    again = yard.life.submit(job_id, request(params={"other": 1}))

    assert again.request.params == {}
    assert types(yard, job_id) == ["job.queued"]


def test_an_id_that_is_submitted_again_after_its_end_starts_nothing(yard: Yard) -> None:
    [job_id] = submitted(yard)
    yard.life.cancel(job_id)
    yard.life.submit(job_id, request())

    assert places(yard, job_id) == {"all", "finished"}
    assert claim(yard) is None


@pytest.mark.parametrize("bad", [{"params": {"x": "y" * 70_000}}, {"labels": {"k": "v" * 2000}}, {"type": "\ud800"}])
def test_a_job_that_cannot_be_stored_leaves_no_trace(yard: Yard, bad: dict[str, Any]) -> None:
    with pytest.raises(InvalidEvent):
        yard.life.submit(new_id(), request(**bad))

    assert yard.client.keys("*") == []
    assert yard.bell.rings == []


def test_a_delayed_job_is_scheduled_and_rings_nobody(yard: Yard) -> None:
    job_id = new_id()
    yard.life.submit(job_id, request(), delay_seconds=10)

    assert places(yard, job_id) == {"all", "live", "scheduled"}
    assert yard.client.zscore(keys.SCHEDULED, job_id) == yard.clock.now + 10_000
    assert (yard.bell.rings, claim(yard)) == ([], None)


# Claim -----------------------------------------------------------------------------------------------------------


def test_the_highest_priority_begins_first_and_among_equals_the_oldest(yard: Yard) -> None:
    low, high, middle = (submitted(yard, 3, priority=priority) for priority in (0, 9, 5))

    assert yard.index.positions("default", [high[0], low[2]]) == [1, 9]
    claimed = [job.id for job in iter(lambda: claim(yard), None)]
    assert claimed == [*high, *middle, *low]


def test_a_claimed_job_runs_under_a_lease_and_waits_no_more(yard: Yard) -> None:
    [job_id] = submitted(yard)
    job = claim(yard)

    assert job is not None
    assert (job.state, job.run, job.attempt, job.worker) == (JobState.RUNNING, 2, 1, "w")
    assert places(yard, job_id) == {"all", "live", "leases"}


def test_a_worker_leaves_jobs_that_it_does_not_carry_to_others(yard: Yard) -> None:
    submitted(yard, 60, type="other")
    [mine] = submitted(yard)

    job = claim(yard)
    assert job is not None
    assert job.id == mine
    assert claim(yard) is None
    assert yard.index.depth("default") == 60


def test_a_job_whose_time_is_over_expires_at_the_claim(yard: Yard) -> None:
    from jobs.clock import rfc3339

    [late] = submitted(yard, expires_at=rfc3339(yard.clock.now + 100))
    [other] = submitted(yard)
    yard.clock.now += 200

    job = claim(yard)
    assert job is not None
    assert job.id == other
    assert types(yard, late) == ["job.queued", "job.expired"]
    assert places(yard, late) == {"all", "finished"}


def test_a_cancelled_job_is_never_begun(yard: Yard) -> None:
    [job_id] = submitted(yard)
    yard.life.cancel(job_id, reason="enough")

    assert claim(yard) is None
    assert yard.life.load(job_id).state is JobState.CANCELLED


def test_a_bookmark_that_a_crash_left_behind_is_put_right_by_the_next_claim(yard: Yard) -> None:
    """Its worker died between the job's last event and the filing of it."""
    [job_id] = submitted(yard)
    job = claim(yard)
    assert job is not None
    Writer(yard.log, job_id, yard.clock, job=job, run=job.run).write([ev.JobSucceeded()])
    yard.client.zadd(keys.waiting("default"), {job_id: 1})

    assert claim(yard) is None
    assert places(yard, job_id) == {"all", "finished"}


def claim_all(url: str, folder: str, jobs_of: list[int]) -> list[str]:
    """Claims until nothing waits, by as many threads as *jobs_of* has places; all under one worker's name."""
    from jobs.wiring import redis_client

    client = redis_client(url)
    yard = yard_of(client, Path(folder))
    taken: list[str] = []

    def run(place: int) -> None:
        while job := yard.life.claim("default", TYPES, "one worker"):
            taken.append(job.id)
            jobs_of[place] += 1

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(jobs_of))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    client.connection_pool.disconnect()
    return taken


@pytest.mark.timeout(120 * UNIT)
def test_eight_claimers_in_two_processes_start_every_job_exactly_once(
    yard: Yard, redis_url: str, tmp_path: Path
) -> None:
    ids = submitted(yard, 60)
    half = [0] * (CLAIMERS // 2)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        there = pool.apply_async(claim_all, (redis_url, str(tmp_path), half))
        here = claim_all(redis_url, str(tmp_path), half)
        taken = here + there.get()
        pool.close()
        pool.join()

    assert sorted(taken) == sorted(ids)
    assert all(types(yard, job_id) == ["job.queued", "job.started"] for job_id in ids)
    assert yard.index.depth("default") == 0
    assert yard.client.zcard(keys.LEASES) == len(ids)


# Cancel, lose, delete --------------------------------------------------------------------------------------------


def test_a_cancel_asked_for_twice_is_one_event(yard: Yard) -> None:
    [job_id] = submitted(yard)
    claim(yard)
    first, second = yard.life.cancel(job_id, grace_seconds=1), yard.life.cancel(job_id, grace_seconds=0)

    assert (first.state, second.state) == (JobState.CANCELLING, JobState.CANCELLING)
    assert types(yard, job_id)[2:] == ["job.cancelling"]
    assert places(yard, job_id) == {"all", "live", "leases"}


def test_a_lost_job_waits_again_and_the_bell_rings_again(yard: Yard) -> None:
    [job_id] = submitted(yard)
    claim(yard)
    yard.life.lose(job_id)

    assert types(yard, job_id)[2:] == ["job.stalled", "job.retrying", "job.queued"]
    assert places(yard, job_id) == {"all", "live", "waiting"}
    assert yard.bell.rings == ["default", "default"]
    job = claim(yard)
    assert job is not None
    assert job.attempt == 2


def test_a_loss_that_is_told_twice_costs_one_attempt(yard: Yard) -> None:
    [job_id] = submitted(yard)
    job = claim(yard)
    assert job is not None
    yard.life.lose(job_id, run=job.run)
    claim(yard)
    yard.life.lose(job_id, run=job.run)

    assert yard.life.load(job_id).state is JobState.RUNNING
    assert yard.life.load(job_id).attempt == 2


def test_a_head_that_is_filed_late_moves_nothing_back(yard: Yard) -> None:
    """A submit held up before its filing must not put the job, begun meanwhile, back into the queue."""
    job_id = new_id()
    queued = Writer(yard.log, job_id, yard.clock).create(decisions.submit(request()))
    running = yard.life.decide(job_id, lambda job: decisions.start(job, worker="w", steps=None))
    lease = yard.client.zscore(keys.LEASES, job_id)
    yard.life.settle(queued)

    assert places(yard, job_id) == {"all", "live", "leases"}
    assert yard.client.zscore(keys.LEASES, job_id) == lease
    yard.life.decide(job_id, lambda _job: [ev.JobSucceeded()])
    yard.life.settle(running)
    assert places(yard, job_id) == {"all", "finished"}


def test_a_job_of_a_new_epoch_is_filed_also_where_its_log_has_become_shorter(yard: Yard) -> None:
    [job_id] = submitted(yard)
    job = claim(yard)
    assert job is not None
    yard.client.hset(keys.FILED, job_id, f"{job.epoch}-99")
    job.epoch = "0newer"
    job.state = JobState.QUEUED
    yard.life.settle(job)

    assert "waiting" in places(yard, job_id)


def test_a_deleted_job_is_nowhere(yard: Yard) -> None:
    [job_id] = submitted(yard)
    yard.life.cancel(job_id)
    yard.life.delete([job_id])

    assert set(yard.client.keys("*")) == {key.encode() for key in (keys.QUEUES, keys.FEED, keys.FEED_AT)}
    for call in (yard.life.load, yard.life.head, yard.life.cancel):
        with pytest.raises(JobNotFound):
            call(job_id)
    assert yard.life.heads([job_id]) == []
    assert yard.life.heads([]) == []


def test_the_other_process_sees_what_this_one_wrote(
    yard: Yard, redis_url: str, clients: Clients, tmp_path: Path
) -> None:
    other = yard_of(clients(redis_url), tmp_path)
    [job_id] = submitted(yard)

    assert other.life.load(job_id) == yard.life.load(job_id)
    assert other.life.cancel(job_id).state is JobState.CANCELLED
    assert claim(yard) is None


def test_behind_many_waiting_jobs_none_is_rung_for_but_one_that_stands_before_them(yard: Yard) -> None:
    submitted(yard, RUNG + 5)
    assert len(yard.bell.rings) == RUNG
    submitted(yard, priority=9)

    assert len(yard.bell.rings) == RUNG + 1
