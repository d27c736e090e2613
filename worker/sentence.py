"""Whether a run's processes have to be killed, and what its job becomes then: the last rung of every ladder."""

from collections.abc import Sequence
from dataclasses import dataclass

from jobs import decisions
from jobs import events as ev
from jobs.head import Head
from jobs.model import HELD, Job, JobState
from jobs.writer import Decision
from worker.registry import Run

#: What a job gets to end by itself once it was told that its time is over.
TIMEOUT_GRACE_SECONDS = 5.0
#: What a run gets to end by itself once its job is no longer its own.
FOREIGN_GRACE_SECONDS = 2.0

TIMEOUT = ev.Failure(code="timeout", message="The job took longer than it may, and its processes were killed.")


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """Why a run is killed, and what is written once its processes are gone."""

    reason: str
    decision: Decision


def own(head: Head | None, run: Run) -> bool:
    """Whether the job is still this run's."""
    return head is not None and head.run == run.run and head.state in HELD


def by_clock(head: Head, run: Run, now_ms: int) -> Sentence | None:
    """The sentence on a run that its cancel or its timeout has caught up with."""
    if head.state is JobState.CANCELLING and head.cancel_deadline is not None and now_ms >= head.cancel_deadline:
        return Sentence(reason="cancel", decision=lambda job: decisions.kill(job, run=run.run))
    if head.deadline is not None and now_ms >= head.deadline + round(TIMEOUT_GRACE_SECONDS * 1000):
        return Sentence(reason="timeout", decision=lambda job: decisions.kill(job, run=run.run, error=TIMEOUT))
    return None


def drained(run: Run) -> Sentence:
    """The worker is told to stop and the job has had its time to finish."""
    return Sentence(reason="drain", decision=lambda job: decisions.release(job, run=run.run))


def lost(run: Run, now_ms: int) -> Sentence:
    """The run's process is gone without a word."""
    return Sentence(reason="lost", decision=lambda job: decisions.lose(job, since_ms=now_ms, run=run.run))


def foreign() -> Sentence:
    """The job has gone on without this run: there is nothing to write."""
    return Sentence(reason="fenced", decision=_nothing)


def _nothing(_job: Job) -> Sequence[ev.AnyEvent]:
    return ()
