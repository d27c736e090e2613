"""Whether a run's processes have to be killed, and what its job becomes then: the last rung of every ladder.

A run that shares its process with others is killed for none of its own doings: it ends when it listens, or with them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from jobs import decisions
from jobs import events as ev
from jobs.head import Head
from jobs.model import HELD, Job, JobState
from jobs.writer import Decision
from worker import graces
from worker.registry import Run

MEMORY = ev.Failure(code="memory", message="The job held more memory than its type may, and its processes were killed.")


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
    if run.shared:
        return None
    if head.state is JobState.CANCELLING and head.cancel_deadline is not None and now_ms >= head.cancel_deadline:
        return Sentence(reason="cancel", decision=lambda job: decisions.kill(job, run=run.run))
    if head.deadline is not None and now_ms >= head.deadline + round(graces.TIMEOUT_SECONDS * 1000):
        return Sentence(
            reason="timeout", decision=lambda job: decisions.kill(job, run=run.run, error=decisions.TIMEOUT)
        )
    return None


def greedy(run: Run, resident_bytes: int) -> Sentence | None:
    """The sentence on a run that holds more memory than it may."""
    if run.memory_limit_bytes is None or resident_bytes <= run.memory_limit_bytes:
        return None
    return Sentence(reason="memory", decision=lambda job: decisions.kill(job, run=run.run, error=MEMORY))


def by_drain(run: Run, until_ms: int | None, now_ms: int) -> Sentence | None:
    """The sentence once the worker's drain is over; a process that jobs share ends itself, unless it cannot."""
    late = round(graces.EXIT_SECONDS * 1000) if run.shared else 0
    return None if until_ms is None or now_ms < until_ms + late else drained(run)


def drained(run: Run) -> Sentence:
    """The worker is told to stop and the job has had its time to finish."""
    return Sentence(reason="drain", decision=lambda job: decisions.release(job, run=run.run))


def lost(run: Run, now_ms: int) -> Sentence:
    """The run's process is gone without a word."""
    return Sentence(reason="lost", decision=lambda job: decisions.lose(job, since_ms=now_ms, run=run.run))


def foreign(run: Run, seconds: float) -> Sentence | None:
    """The job has gone on without this run, *seconds* ago: there is nothing to write."""
    if run.shared or seconds <= graces.FOREIGN_SECONDS:
        return None
    return Sentence(reason="fenced", decision=_nothing)


def _nothing(_job: Job) -> Sequence[ev.AnyEvent]:
    return ()
