from typing import Any

import pytest
import redis

from jobs import decisions, keys
from jobs import events as ev
from jobs.books import PAGE, Ledger
from jobs.catalogue import TypeEntry
from jobs.errors import CursorMoved, JobNotFound, LogUnavailable
from jobs.files import new_id
from jobs.index import Filed
from jobs.model import Job, JobState
from jobs.writer import Writer
from tests.jobs.conftest import Yard

FREE = TypeEntry(name="t", title="T", params_schema={})
FEW = TypeEntry(name="few", title="F", params_schema={}, max_running=1)
TYPES = {"t": FREE, "few": FEW}
LEASE_MS = 5000


def _crosses(*_: Any) -> Any:
    raise redis.exceptions.ClusterCrossSlotError("Keys in request don't hash to the same slot")


@pytest.fixture(params=["at once", "one by one"])
def either(request: pytest.FixtureRequest, yard: Yard) -> Yard:
    """One server that has all keys, and one that refuses keys of several slots."""
    if request.param == "one by one":
        yard.log._noted = yard.log._filed = yard.log._reach = _crosses
    return yard


def submitted(yard: Yard, **more: Any) -> str:
    yard.clock.now += 1
    job_id = new_id()
    yard.life.submit(job_id, ev.Request(**({"type": "t", "params": {}} | more)))
    return job_id


def started(yard: Yard, job_id: str) -> tuple[Job, Ledger]:
    """Begun by the events alone, as a run's own ledger would."""
    ledger = yard.log.ledger()
    start = lambda job: decisions.start(job, worker="w", steps=None)  # noqa: E731 - of one line
    return Writer(ledger, job_id, yard.clock).decide(start), ledger


def fed(yard: Yard, job_id: str) -> list[str]:
    return [entry.type for entry in yard.log.feed.read(0).entries if entry.job and entry.job.id == job_id]


# Appending and filing --------------------------------------------------------------------------------------------


def test_what_is_decided_is_appended_filed_and_told_to_the_feed(either: Yard) -> None:
    job_id = submitted(either)
    job, ledger = started(either, job_id)

    assert job.state is JobState.RUNNING
    assert ledger.filed == Filed([], None)
    assert either.index.waiting("default", 0, 9) == []
    assert either.client.zscore(keys.LEASES, job_id) is not None
    assert fed(either, job_id) == ["job.queued", "job.started"]


def test_a_run_files_its_job_at_its_end_and_tells_the_feed_all_along(either: Yard) -> None:
    job_id = submitted(either)
    job, _ = started(either, job_id)
    before = either.client.hget(keys.FILED, job_id)
    ledger = either.log.ledger(run=True)
    writer = Writer(ledger, job_id, either.clock, job=job, run=job.run)
    writer.write([ev.LogWritten(level="info", message="so far")])

    assert ledger.filed is None
    assert either.client.hget(keys.FILED, job_id) == before
    assert fed(either, job_id)[-1] == "log"
    writer.write([], {"kept": b"1"})
    assert fed(either, job_id)[-1] == "log"
    writer.write([ev.JobSucceeded(result=None)])
    assert ledger.filed == Filed([], None)
    assert either.client.zscore(keys.LEASES, job_id) is None
    assert either.client.zscore(keys.FINISHED, job_id) is not None
    assert fed(either, job_id)[-1] == "job.succeeded"
    assert len(fed(either, job_id)) == 4


def test_who_comes_second_neither_appends_nor_files(either: Yard) -> None:
    job_id = submitted(either)
    batch = Writer(either.log.alone, job_id, either.clock, job=either.life.load(job_id))._fold(
        either.life.load(job_id), decisions.start(either.life.load(job_id), worker="late", steps=None), {}
    )
    either.life.cancel(job_id)
    filed, told = either.client.hget(keys.FILED, job_id), fed(either, job_id)
    with pytest.raises(CursorMoved):
        either.log.file(job_id, batch.batch, batch.head)
    with pytest.raises(CursorMoved):
        either.log.append(job_id, batch.batch)

    assert (either.client.hget(keys.FILED, job_id), fed(either, job_id)) == (filed, told)
    assert either.client.zscore(keys.LEASES, job_id) is None
    either.life.delete([job_id])
    with pytest.raises(JobNotFound):
        either.log.file(job_id, batch.batch, batch.head)
    assert either.client.hget(keys.FILED, job_id) is None


def test_a_batch_whose_reply_was_lost_is_filed_all_the_same(either: Yard) -> None:
    job_id = submitted(either)
    made = Writer(either.log.alone, job_id, either.clock, job=either.life.load(job_id))._fold(
        either.life.load(job_id), decisions.start(either.life.load(job_id), worker="w", steps=None), {}
    )
    either.log.alone.append(job_id, made.batch)

    at, filed = either.log.file(job_id, made.batch, made.head)
    assert (at.seq, filed) == (2, Filed([], None))
    assert either.index.waiting("default", 0, 9) == []


def test_what_no_redis_can_take_now_is_stored_nowhere(yard: Yard) -> None:
    job_id = submitted(yard)
    yard.client.config_set("maxmemory", 1)
    try:
        with pytest.raises(LogUnavailable):
            started(yard, job_id)
    finally:
        yard.client.config_set("maxmemory", 0)
    assert yard.life.load(job_id).state is JobState.QUEUED
    assert yard.index.waiting("default", 0, 9) == [job_id]


# Reaching for a job ----------------------------------------------------------------------------------------------


def test_the_first_job_that_is_carried_is_read_and_has_a_lease(yard: Yard) -> None:
    submitted(yard, type="other")
    job_id = submitted(yard)
    submitted(yard)

    found = yard.log.reach("default", TYPES, LEASE_MS)
    assert found.job == yard.life.load(job_id)
    left = yard.client.zscore(keys.LEASES, job_id) - yard.client.time()[0] * 1000
    assert LEASE_MS - 2000 < left <= LEASE_MS + 1000
    assert yard.life.load(job_id).state is JobState.QUEUED


def test_who_has_a_lease_is_being_begun_by_another(yard: Yard) -> None:
    first, second = submitted(yard), submitted(yard)

    assert [yard.log.reach("default", TYPES, LEASE_MS).job.id for _ in range(2)] == [first, second]  # type: ignore[union-attr]
    assert yard.log.reach("default", TYPES, LEASE_MS) == (None, False)
    yard.client.zadd(keys.LEASES, {first: 1})
    assert yard.log.reach("default", TYPES, LEASE_MS).job.id == first, "its lease has run out"  # type: ignore[union-attr]


@pytest.mark.parametrize("more", [{"type": "few"}, {"concurrency_key": "k"}, {"expires_at": "2100-01-01T00:00:00Z"}])
def test_what_has_a_limit_or_a_time_to_begin_by_is_looked_at_the_long_way(yard: Yard, more: dict[str, Any]) -> None:
    job_id = submitted(yard, **more)
    submitted(yard)

    assert yard.log.reach("default", TYPES, LEASE_MS) == (None, True)
    assert yard.client.zscore(keys.LEASES, job_id) is None
    begun = yard.life.claim("default", TYPES, "w")
    assert begun is not None
    assert begun.id == job_id


def test_what_has_no_business_in_the_queue_is_put_where_it_belongs(yard: Yard) -> None:
    over, job_id = submitted(yard), submitted(yard)
    yard.life.cancel(over)
    yard.client.zadd(keys.waiting("default"), {over: 0})

    assert yard.log.reach("default", TYPES, LEASE_MS) == (None, True)
    begun = yard.life.claim("default", TYPES, "w")
    assert begun is not None
    assert begun.id == job_id
    assert yard.index.waiting("default", 0, 9) == []


def test_behind_a_page_of_what_is_not_carried_it_is_looked_for_the_long_way(yard: Yard) -> None:
    for _ in range(PAGE - 1):
        submitted(yard, type="other")
    assert yard.log.reach("default", TYPES, LEASE_MS) == (None, False)
    submitted(yard, type="other")
    assert yard.log.reach("default", TYPES, LEASE_MS) == (None, True)
    job_id = submitted(yard)
    begun = yard.life.claim("default", TYPES, "w")
    assert begun is not None
    assert begun.id == job_id


def test_where_keys_of_several_slots_are_refused_a_claim_goes_step_by_step(yard: Yard) -> None:
    yard.log._reach = _crosses
    job_id = submitted(yard)

    begun = yard.life.claim("default", TYPES, "w")
    assert begun is not None
    assert begun.id == job_id
    assert yard.log.reach("default", TYPES, LEASE_MS) == (None, True)
    assert yard.life.claim("default", TYPES, "w") is None
