"""What the inquest takes for a fault; a judge who forgives would pass anything."""

from typing import Any

import pytest

from cli.inquest import FENCE_SECONDS, Account, Mark, Told, faults_of_marks, outlived, read_marks
from cli.kills import Fault

Line = tuple[str, dict[str, Any]]
QUEUED: Line = ("job.queued", {})
FIRST: Line = ("job.started", {"attempt": 1})
SECOND: Line = ("job.started", {"attempt": 2})
LOST: list[Line] = [("job.stalled", {}), ("job.retrying", {}), QUEUED]
READ: list[Line] = [("step.started", {"name": "read"}), ("step.succeeded", {"name": "read"})]
REUSED: Line = ("step.reused", {"name": "read"})
CANCELLED: Line = ("job.cancelled", {"mode": "killed"})


def ended(run: int, call: str = "a") -> Line:
    return "job.succeeded", {"result": {"read": {"run": run, "token": call}}}


def account(*lines: Line) -> Account:
    return Account(Told(type=name, seq=seq, data=data) for seq, (name, data) in enumerate(lines, 1))


#: Run 2 records the step and is lost, run 8 finds it.
TWO_RUNS = [QUEUED, FIRST, *READ, *LOST, SECOND, REUSED, ended(2)]


def test_a_job_that_was_lost_and_found_has_no_fault() -> None:
    found = account(*TWO_RUNS)
    assert found.faults == []
    assert (found.runs, found.recorded, found.ending) == ({2: 1, 8: 2}, {"read": 2}, "succeeded")
    assert (found.lost, found.released, found.reused) == (1, 0, 1)


def test_a_released_attempt_goes_on_under_its_number() -> None:
    assert account(QUEUED, FIRST, ("job.released", {}), QUEUED, FIRST, CANCELLED).faults == []


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([QUEUED, FIRST, SECOND, CANCELLED], "while run 2 holds the job"),
        ([QUEUED, FIRST, *LOST, FIRST, CANCELLED], "as attempt 1, not 2"),
        ([QUEUED, FIRST, ("job.released", {}), QUEUED, SECOND, CANCELLED], "as attempt 2, not 1"),
        ([QUEUED, FIRST, *LOST, ("output.delta", {}), SECOND, CANCELLED], "while nobody holds the job"),
        ([QUEUED, ("job.released", {}), CANCELLED], "while nobody holds the job"),
        ([QUEUED, FIRST, ("item", {"fields": {"run": 1}}), CANCELLED], "of run 1, while run 2 holds the job"),
        ([QUEUED, FIRST, ("job.stalled", {}), ("log", {}), CANCELLED], "after job.stalled"),
        ([QUEUED, FIRST, ("job.cancelling", {}), ("job.retrying", {}), CANCELLED], "that is being cancelled"),
        ([QUEUED, FIRST, *READ, *LOST, SECOND, READ[0], CANCELLED], "of 'read', which run 2 has recorded"),
        ([QUEUED, FIRST, REUSED, CANCELLED], "which no run has recorded"),
        ([QUEUED, FIRST, *READ[:1], *LOST, SECOND, *READ[1:], CANCELLED], "which this run has not begun"),
        (
            [QUEUED, FIRST, ("step.failed", {"name": "read", "error": {"code": "error"}}), CANCELLED],
            "with {'code': 'error'}",
        ),
        ([QUEUED, FIRST, ("job.failed", {"error": {"code": "error"}})], "with {'code': 'error'}"),
    ],
)
def test_a_log_that_cannot_be_is_a_fault(lines: list[Line], said: str) -> None:
    assert [said in fault for fault in account(*lines).faults] == [True]


def mark(run: int, attempt: int, at: float, what: str, *call: str) -> Mark:
    step, token = (*call, "", "")[:2]
    return Mark(job="j", run=run, attempt=attempt, pid=run, at=at, what=what, step=step, token=token)


MARKS = [
    mark(2, 1, 1.0, "began"),
    mark(2, 1, 1.1, "called", "read"),
    mark(2, 1, 1.2, "returned", "read", "a"),
    mark(8, 2, 9.0, "began"),
    mark(8, 2, 9.1, "ended"),
]


def told(*more: Mark, lines: list[Line] | None = None, done: list[Fault] | None = None) -> list[str]:
    return list(faults_of_marks(account(*(lines or TWO_RUNS)), [*MARKS, *more], done or []))


def test_marks_that_agree_with_the_log_have_no_fault() -> None:
    assert told() == []


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (mark(8, 2, 9.05, "called", "read"), "run 8 called 'read', which run 2 has recorded"),
        (mark(2, 1, 1.3, "called", "read"), "run 2 called 'read' twice"),
        (mark(5, 1, 3.0, "began"), "run 5, attempt 1, of process 5 is not in its log"),
        (mark(8, 1, 9.2, "ended"), "run 8, attempt 1, of process 8 is not in its log"),
        (mark(2, 1, 9.1 + FENCE_SECONDS, "ended"), "run 2 still ran 5.1 s after run 8 had begun"),
    ],
)
def test_a_mark_that_cannot_be_is_a_fault(more: Mark, said: str) -> None:
    assert told(more) == [said]


def test_a_result_that_another_call_returned_is_a_fault() -> None:
    for wrong in (ended(2, "b"), ended(8)):
        assert ["which run 2 has recorded" in fault for fault in told(lines=[*TWO_RUNS[:-1], wrong])] == [True]


@pytest.mark.parametrize(
    ("fault", "faults"),
    [
        (Fault("stopped", "worker child", frozenset({2}), 2.0, 12.0), 0),
        (Fault("stopped", "worker child", frozenset({7}), 2.0, 12.0), 1),
        (Fault("stopped", "warden", frozenset({7}), 2.0, 12.0), 0),
        (Fault("stopped", "web worker", frozenset({7}), 2.0, 12.0), 1),
        (Fault("stopped", "warden", frozenset({7}), 2.0, 8.0), 1),
    ],
)
def test_a_run_that_was_held_still_may_hear_later_that_it_is_over(fault: Fault, faults: int) -> None:
    late = mark(2, 1, 9.5 + FENCE_SECONDS, "ended")
    assert len(told(late, done=[fault])) == faults
    assert list(outlived([*MARKS, late])) == [0.5 + FENCE_SECONDS]


def test_marks_are_read_in_the_order_in_which_they_were_made() -> None:
    lines = [b'{"job":"j","run":2,"attempt":1,"pid":7,"at":%d,"what":"began"}' % at for at in (3, 1)]
    assert [found.at for found in read_marks(lines)["j"]] == [1, 3]
