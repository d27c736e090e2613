"""What the soak takes for a fault; a checker that forgives would pass anything."""

import pytest

from cli.soaker import Span, faults_of

END: Span = (3, 3, "job.succeeded")
WHOLE: list[Span] = [(1, 1, "job.queued"), (2, 2, "job.started"), END]


def test_a_whole_sequence_has_no_fault() -> None:
    assert faults_of(WHOLE) == []


def test_a_coalesced_event_stands_for_its_range() -> None:
    assert faults_of([(1, 1, "job.queued"), (2, 7, "output.delta"), (8, 8, "job.failed")]) == []


@pytest.mark.parametrize(
    ("spans", "said"),
    [
        ([], "has 0 terminal"),
        (WHOLE[:2], "has 0 terminal"),
        ([WHOLE[0], END], "has job.succeeded 3 where 2 should be"),
        ([*WHOLE[:2], WHOLE[1], END], "has job.started 2 where 3 should be"),
        ([*WHOLE, (4, 4, "job.failed")], "has 2 terminal"),
        ([*WHOLE, (4, 4, "log")], "goes on"),
    ],
)
def test_a_hole_a_repeat_and_a_wrong_end_are_faults(spans: list[Span], said: str) -> None:
    assert any(said in fault for fault in faults_of(spans))
