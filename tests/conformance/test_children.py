"""A job that waits for a child, on every log: what is written while no worker holds it, and how it goes on."""

from functools import partial

import pytest

from jobs import decisions
from jobs import events as ev
from jobs.errors import InvalidTransition
from jobs.eventlog import EventLog
from jobs.model import Job, JobState
from jobs.writer import Writer, load
from tests.histories import BEGIN

JOB, CHILD, OTHER = "01j9zc3k2v8r5n7m4q6w0x1y2e", "01j9zc3k2v8r5n7m4q6w0x1y2f", "01j9zc3k2v8r5n7m4q6w0x1y2g"


def writer(log: EventLog) -> Writer:
    return Writer(log, JOB, lambda: BEGIN)


def waiting(log: EventLog) -> Job:
    """A job whose run has ended to wait for a child that is half of the whole."""
    started = ev.JobStarted(worker="w", attempt=1)
    job = writer(log).create([ev.JobQueued(request=ev.Request(type="t", params={})), started])
    run = Writer(log, JOB, lambda: BEGIN, job=job, run=job.run)
    run.write([ev.JobProgressed(fraction=0.25), ev.StepStarted(name="part", child=CHILD)])
    return run.decide(partial(decisions.wait, child=CHILD, now_ms=BEGIN, share=(0.25, 0.75)))


def test_it_waits_without_a_worker_a_deadline_or_a_new_attempt(log: EventLog) -> None:
    job = waiting(log)
    assert (job.state, job.waits_for, job.worker, job.deadline) == (JobState.SCHEDULED, CHILD, None, None)

    writer(log).decide(partial(decisions.wake, child=CHILD))
    job = writer(log).decide(partial(decisions.start, worker="v", steps=None))
    assert (job.state, job.attempt, job.waits_for) == (JobState.RUNNING, 1, None)
    assert job.progress.fraction == 0.25


def test_it_is_told_how_far_its_child_is_and_only_that(log: EventLog) -> None:
    waiting(log)
    follow = partial(decisions.follow, fraction=0.5, message="Reading")
    assert writer(log).decide(partial(follow, child=OTHER)).progress.fraction == 0.25

    job = writer(log).decide(partial(follow, child=CHILD))
    assert (job.steps["part"].fraction, job.steps["part"].message, job.progress.fraction) == (0.5, "Reading", 0.5)
    for event in (ev.StepProgressed(name="other", fraction=1.0), ev.StepStarted(name="part"), ev.JobReleased()):
        with pytest.raises(InvalidTransition):
            writer(log).write([event])


def test_once_it_goes_on_its_child_is_heard_no_more(log: EventLog) -> None:
    waiting(log)
    writer(log).decide(partial(decisions.wake, child=CHILD))
    seq = load(log, JOB).seq
    for wish in (
        partial(decisions.wake, child=CHILD),
        partial(decisions.follow, child=CHILD, fraction=1.0, message=None),
    ):
        assert writer(log).decide(wish).seq == seq


def test_the_end_of_another_child_and_the_passing_of_time_wake_nobody(log: EventLog) -> None:
    waiting(log)
    for wish in (partial(decisions.wake, child=OTHER), decisions.promote, decisions.expire):
        assert writer(log).decide(wish).state is JobState.SCHEDULED


def test_whoever_knows_nothing_of_children_folds_from_behind_what_tells_of_one(log: EventLog) -> None:
    """An older version takes the event for unknown: it has to find the job as it is in the checkpoint."""
    waiting(log)
    follow = partial(decisions.follow, child=CHILD, fraction=0.5, message=None)
    for wish, state in ((follow, "scheduled"), (partial(decisions.wake, child=CHILD), "queued")):
        writer(log).decide(wish)
        checkpoint, page = log.load(JOB)
        assert checkpoint is not None
        assert f'"state":"{state}"'.encode() in checkpoint
        assert page.entries == []
