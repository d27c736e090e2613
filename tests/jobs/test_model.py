from typing import get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs import events as ev
from jobs import model
from jobs.errors import InvalidTransition
from jobs.eventlog import Cursor, Record
from jobs.model import EDGES, HELD, MAX_STEPS, TERMINAL_STATES, Job, JobState, apply
from jobs.resource import resource
from tests.histories import EPOCH, fold_all, histories, record_of, records_of

QUICK = settings(max_examples=60, deadline=None, derandomize=True)
REQUEST = ev.Request(type="t", params={})
STARTED = ev.JobStarted(worker="w", attempt=1)
BEGUN = [ev.JobQueued(request=REQUEST), STARTED]
ERROR = ev.Failure(code="error", message="no")


def job_after(*events: ev.AnyEvent) -> Job:
    """A running job to which *events* happened, none of them refused."""
    records = records_of([*BEGUN, *events])
    assert len(records) == len(BEGUN) + len(events)
    return fold_all(records)


def through_json(job: Job) -> Job:
    return msgspec.json.decode(msgspec.json.encode(job), type=Job)


@QUICK
@given(histories())
def test_a_checkpoint_and_its_tail_tell_the_same_job_as_the_whole_log(log: list[Record]) -> None:
    whole = fold_all(log)
    for k in range(1, len(log) + 1):
        resumed = fold_all(log[k:], through_json(fold_all(log[:k])))
        assert resumed == whole
        assert msgspec.json.encode(resumed) == msgspec.json.encode(whole)
    assert resource(through_json(whole)) == resource(whole)


@QUICK
@given(histories())
def test_the_fraction_never_falls_within_a_run_and_stays_between_0_and_1(log: list[Record]) -> None:
    job, run, fraction = None, 0, 0.0
    for record in log:
        job = apply(job, record)
        assert 0 <= job.progress.fraction <= 1
        assert all(0 <= step.fraction <= 1 for step in job.steps.values())
        assert job.run != run or job.progress.fraction >= fraction
        run, fraction = job.run, job.progress.fraction


@settings(QUICK, max_examples=100)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False) | st.floats(-0.5, 1.5), max_size=20))
def test_whatever_a_run_says_its_fraction_only_rises_and_stays_between_0_and_1(said: list[float]) -> None:
    job = job_after()
    for seq, fraction in enumerate(said, 3):
        before = job.progress.fraction
        apply(job, record_of(seq, ev.JobProgressed(fraction=fraction)))
        assert job.progress.fraction == max(before, min(1.0, fraction))


@QUICK
@given(histories())
def test_the_job_stands_where_its_last_event_does(log: list[Record]) -> None:
    assert fold_all(log).cursor == Cursor(EPOCH, len(log))


@QUICK
@given(histories(), st.sampled_from(list(ev.EVENTS)))
def test_an_event_of_another_shape_folds_to_nothing(log: list[Record], name: str) -> None:
    job = fold_all(log)
    if job.state.terminal:
        return
    before = resource(job)
    odd = msgspec.structs.replace(record_of(len(log) + 1, ev.JobExpired()), type=name, data=msgspec.Raw(b'["odd"]'))
    after = resource(apply(job, odd))

    assert after.pop("cursor") != before.pop("cursor")
    assert after == before


@pytest.mark.parametrize("end", [ev.JobSucceeded(), ev.JobFailed(error=ERROR)])
@pytest.mark.parametrize("cls", ev.EVENTS.values(), ids=list(ev.EVENTS))
def test_nothing_follows_a_terminal_event(end: ev.AnyEvent, cls: type[ev.AnyEvent]) -> None:
    job = job_after(end)
    record = msgspec.structs.replace(record_of(4, ev.JobExpired()), type=cls.type)

    with pytest.raises(InvalidTransition):
        apply(job, record)
    assert job == job_after(end)


@pytest.mark.parametrize("event", [ev.LogWritten(level="info", message="x"), ev.StepStarted(name="a"), ev.JobStalled()])
def test_what_a_run_writes_is_refused_once_it_has_given_the_job_back(event: ev.AnyEvent) -> None:
    released = job_after(ev.JobReleased())

    with pytest.raises(InvalidTransition, match="queued"):
        apply(released, record_of(4, event))


@pytest.mark.parametrize("first", [ev.JobQueued(), STARTED, ev.JobExpired(), ev.LogWritten(level="info", message="x")])
def test_a_log_begins_with_the_request(first: ev.AnyEvent) -> None:
    with pytest.raises(InvalidTransition, match="unborn"):
        apply(None, record_of(1, first))


def test_every_event_that_moves_the_state_leads_where_the_edges_say() -> None:
    assert {target for _, target in EDGES.values()} == set(JobState)
    for cls, (sources, _) in EDGES.items():
        assert not sources & TERMINAL_STATES, cls
    assert frozenset().union(*(sources for sources, _ in EDGES.values())) == set(JobState) - TERMINAL_STATES
    assert set(EDGES) <= set(get_args(ev.AnyEvent))


@QUICK
@given(histories())
def test_a_job_moves_along_the_edges_only(log: list[Record]) -> None:
    job: Job | None = None
    for record in log:
        before = job.state if job else None
        job = apply(job, record)
        event = ev.decode_data(record.type, record.data)
        moved = EDGES.get(type(event))
        if moved is None:
            assert job.state == before
            assert isinstance(event, ev.Unknown) or job.state in HELD or job.waits_for is not None
        else:
            assert before is None or before in moved[0]
            assert job.state == moved[1]


def test_a_new_run_starts_over_but_keeps_its_outputs_until_they_are_reset() -> None:
    job = job_after(
        ev.JobProgressed(fraction=0.7),
        ev.StepStarted(name="a"),
        ev.ItemFinished(key="k", state="succeeded"),
        ev.OutputAppended(name="text", offset=0, text="abc"),
        ev.JobReleased(),
        STARTED,
    )

    assert (job.progress.fraction, job.steps, job.items.recent) == (0.0, {}, [])
    assert (job.run, job.attempt, job.released) == (8, 1, False)
    assert job.outputs["text"].text == "abc"


def test_a_pause_before_a_retry_ends_where_a_calendar_still_can_say_it() -> None:
    job = job_after(ev.JobRetrying(error=ERROR, delay_seconds=1e300, next_attempt=2))

    assert job.state is JobState.SCHEDULED
    assert job.until is not None
    assert job.until.startswith("2024")


def test_the_errors_of_earlier_attempts_are_kept_the_last_ten() -> None:
    events: list[ev.AnyEvent] = []
    for number in range(12):
        error = ev.Failure(code=str(number), message="no")
        events += [ev.JobRetrying(error=error, delay_seconds=0.0, next_attempt=2), ev.JobQueued(), STARTED]

    assert [error.code for error in job_after(*events).errors] == [str(n) for n in range(2, 12)]


def test_a_cancel_that_a_finish_outran_stays_filled_in() -> None:
    job = job_after(ev.JobCancelling(deadline="2023-11-14T22:14:00.000Z", by="me"), ev.JobSucceeded(result=1))

    assert (job.state, job.result) == (JobState.SUCCEEDED, 1)
    assert job.cancel is not None
    assert (job.cancel.by, job.cancel.mode) == ("me", None)


def test_what_a_snapshot_has_no_room_for_says_truncated() -> None:
    steps = [ev.StepPlan(name=str(n), title="") for n in range(MAX_STEPS + 1)]
    plan = fold_all(records_of([BEGUN[0], ev.JobStarted(worker="w", attempt=1, steps=steps)]))
    outputs = job_after(*(ev.OutputAppended(name=str(n), offset=0, text="x") for n in range(model.MAX_OUTPUTS + 1)))
    metrics = job_after(*(ev.MetricMeasured(name=str(n), value=1.0) for n in range(model.MAX_METRICS + 1)))
    alerts = job_after(*(ev.AlertChanged(name=str(n), severity="info", message="m", firing=True) for n in range(201)))

    assert (len(plan.steps), plan.truncated) == (MAX_STEPS, True)
    assert (len(outputs.outputs), outputs.truncated) == (model.MAX_OUTPUTS, True)
    assert (len(metrics.metrics), metrics.truncated) == (model.MAX_METRICS, True)
    assert (len(alerts.alerts.firing), alerts.truncated) == (200, True)
    assert not job_after().truncated
