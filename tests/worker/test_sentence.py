"""Which runs are killed, and which only end by themselves."""

import msgspec
import pytest

from jobs.head import Head
from jobs.model import JobState
from worker import graces, sentence
from worker.registry import Run

ALONE = Run(job="j", run=2, pid=10, born=1.0, memory_limit_bytes=100)
SHARED = msgspec.structs.replace(ALONE, memory_limit_bytes=None, shared=True)


def head(state: JobState, **given: int) -> Head:
    return Head(
        id="j", seq=3, epoch="e", state=state, type="t", queue="q", priority=5, created=0, run=2, attempt=1,
        max_attempts=3, labels={}, **given,
    )  # fmt: skip


CANCELLED = head(JobState.CANCELLING, cancel_deadline=1000)
LATE = head(JobState.RUNNING, deadline=1000 - round(graces.TIMEOUT_SECONDS * 1000))


@pytest.mark.parametrize("found", [CANCELLED, LATE])
def test_a_run_that_shares_its_process_is_not_killed_for_its_own_clock(found: Head) -> None:
    assert sentence.by_clock(found, ALONE, 999) is None
    assert sentence.by_clock(found, ALONE, 1000) is not None
    assert sentence.by_clock(found, SHARED, 10_000) is None


def test_nor_is_it_when_its_job_has_gone_on_without_it() -> None:
    assert sentence.foreign(ALONE, graces.FOREIGN_SECONDS) is None
    assert sentence.foreign(ALONE, graces.FOREIGN_SECONDS + 1) is not None
    assert sentence.foreign(SHARED, 1000) is None


def test_a_shared_process_that_does_not_end_itself_after_the_drain_is_ended_a_little_later() -> None:
    exit_ms = round(graces.EXIT_SECONDS * 1000)
    for run, due in ((ALONE, 1000), (SHARED, 1000 + exit_ms)):
        assert sentence.by_drain(run, None, due) is None
        assert sentence.by_drain(run, 1000, due - 1) is None
        assert sentence.by_drain(run, 1000, due) is not None


def test_runs_of_one_process_share_the_mark_of_what_they_begin() -> None:
    other = msgspec.structs.replace(SHARED, job="k")
    assert SHARED.mark == other.mark
    assert SHARED.key != other.key
    assert ALONE.mark == ALONE.key
