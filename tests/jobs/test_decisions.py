import math

import pytest

from jobs import decisions
from jobs import events as ev
from jobs.model import MAX_DELAY_SECONDS, Job, JobState
from tests.histories import BEGIN, fold_all, record_of, records_of

REQUEST = ev.Request(type="t", params={}, max_attempts=2)
QUEUED = ev.JobQueued(request=REQUEST)
STARTED = ev.JobStarted(worker="w", attempt=1)
CANCELLING = ev.JobCancelling(deadline="2023-11-14T22:14:00.000Z", reason="enough")
ERROR = ev.Failure(code="error", message="no", retryable=True)
RETRYING = ev.JobRetrying(error=ERROR, delay_seconds=1.0, next_attempt=2)

PATHS: dict[str, list[ev.AnyEvent]] = {
    "scheduled": [ev.JobScheduled(until="2023-11-14T22:14:00.000Z", reason="delay", request=REQUEST)],
    "queued": [QUEUED],
    "running": [QUEUED, STARTED],
    "released": [QUEUED, STARTED, ev.JobReleased()],
    "retrying": [QUEUED, STARTED, RETRYING],
    "last attempt": [QUEUED, STARTED, RETRYING, ev.JobQueued(), ev.JobStarted(worker="w", attempt=2)],
    "cancelling": [QUEUED, STARTED, CANCELLING],
    "succeeded": [QUEUED, STARTED, ev.JobSucceeded()],
    "cancelled": [QUEUED, ev.JobCancelled(mode="queued")],
}


def job(path: str) -> Job:
    return fold_all(records_of(PATHS[path]))


def types(events: decisions.Events) -> list[str]:
    return [event.type for event in events]


def cancel(job: Job) -> decisions.Events:
    return decisions.cancel(job, now_ms=BEGIN, grace_seconds=5, reason="enough", by=None)


WISHES = {
    "promote": decisions.promote,
    "start": lambda job: decisions.start(job, worker="w", steps=None),
    "cancel": cancel,
    "fail": lambda job: decisions.fail(job, ERROR),
    "lose": lambda job: decisions.lose(job, since_ms=BEGIN),
    "kill": lambda job: decisions.kill(job, run=job.run),
    "release": lambda job: decisions.release(job, run=job.run),
    "expire": decisions.expire,
}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("wish", WISHES)
def test_what_a_wish_leads_to_may_always_follow(wish: str, path: str) -> None:
    before = PATHS[path]
    events = WISHES[wish](job(path))
    after = records_of([*before, *events])

    assert len(after) == len(before) + len(events)
    assert not (events and job(path).state.terminal)


@pytest.mark.parametrize("path", ["running", "released", "last attempt", "cancelling"])
def test_a_lost_worker_leaves_no_job_running(path: str) -> None:
    events = decisions.lose(job(path), since_ms=BEGIN)

    assert fold_all(records_of([*PATHS[path], *events])).state in {"queued", "failed", "cancelled"}


def test_a_job_that_waits_is_cancelled_at_once_and_one_that_runs_by_its_deadline() -> None:
    assert types(cancel(job("queued"))) == ["job.cancelled"]
    assert types(cancel(job("scheduled"))) == ["job.cancelled"]
    assert types(cancel(job("released"))) == ["job.cancelled"]
    [event] = cancel(job("running"))
    assert isinstance(event, ev.JobCancelling)
    assert event.deadline == "2023-11-14T22:13:25.000Z"


@pytest.mark.parametrize("path", ["cancelling", "succeeded", "cancelled"])
def test_a_second_cancel_and_one_that_comes_too_late_change_nothing(path: str) -> None:
    assert not cancel(job(path))


def test_a_released_attempt_goes_on_under_its_number_and_a_failed_one_does_not() -> None:
    [again] = decisions.start(job("released"), worker="w", steps=None)
    assert isinstance(again, ev.JobStarted)
    assert again.attempt == 1
    next_one = fold_all(records_of([*PATHS["retrying"], ev.JobQueued()]))
    [second] = decisions.start(next_one, worker="w", steps=None)
    assert isinstance(second, ev.JobStarted)
    assert second.attempt == 2


def test_an_attempt_that_failed_is_followed_by_another_only_where_one_is_left_and_the_error_allows_it() -> None:
    final = ev.Failure(code="error", message="no")

    assert types(decisions.fail(job("running"), ERROR)) == ["job.retrying", "job.queued"]
    assert types(decisions.fail(job("running"), ERROR, delay_seconds=2)) == ["job.retrying"]
    assert types(decisions.fail(job("running"), final)) == ["job.failed"]
    assert types(decisions.fail(job("last attempt"), ERROR)) == ["job.failed"]
    assert types(decisions.fail(job("cancelling"), ERROR)) == ["job.failed"]


@pytest.mark.parametrize(("asked", "given"), [(math.nan, 0.0), (math.inf, MAX_DELAY_SECONDS), (-1.0, 0.0), (2.5, 2.5)])
def test_a_pause_is_a_number_that_a_calendar_has(asked: float, given: float) -> None:
    retrying = decisions.fail(job("running"), ERROR, delay_seconds=asked)[0]

    assert isinstance(retrying, ev.JobRetrying)
    assert retrying.delay_seconds == given
    assert ev.encode_data(retrying)


def test_a_worker_lost_while_cancelling_ends_the_job_as_cancelled_never_in_a_retry() -> None:
    stalled, cancelled = decisions.lose(job("cancelling"), since_ms=BEGIN)

    assert isinstance(stalled, ev.JobStalled)
    assert cancelled == ev.JobCancelled(mode="lost", reason="enough")


def test_a_worker_lost_in_the_last_attempt_fails_the_job() -> None:
    stalled, failed = decisions.lose(job("last attempt"), since_ms=BEGIN)

    assert isinstance(stalled, ev.JobStalled)
    assert isinstance(failed, ev.JobFailed)
    assert failed.error.code == "worker_lost"


def test_the_loss_the_kill_and_the_release_of_another_run_change_nothing() -> None:
    assert not decisions.lose(job("running"), since_ms=BEGIN, run=99)
    assert not decisions.kill(job("running"), run=99)
    assert not decisions.release(job("running"), run=99)


def test_a_job_being_cancelled_is_killed_not_released() -> None:
    assert types(decisions.release(job("cancelling"), run=2)) == ["job.cancelled"]
    assert types(decisions.kill(job("cancelling"), run=2)) == ["job.cancel_escalated", "job.cancelled"]
    assert decisions.release(job("running"), run=2) == [ev.JobReleased()]


def test_a_job_that_ran_before_does_not_expire() -> None:
    assert decisions.expire(job("queued")) == [ev.JobExpired()]
    assert decisions.expire(job("scheduled")) == [ev.JobExpired()]
    assert not decisions.expire(job("released"))
    assert not decisions.expire(job("retrying"))


def test_a_delayed_job_begins_scheduled() -> None:
    [event] = decisions.submit(REQUEST, until_ms=BEGIN)

    assert fold_all([record_of(1, event)]).state is JobState.SCHEDULED
    assert decisions.promote(job("scheduled")) == [ev.JobQueued()]
