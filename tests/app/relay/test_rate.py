import pytest

from app.relay.rate import LEVELS, TURNING_AWAY, rate
from jobs.eventlog import Cursor, Entry
from jobs.events import TERMINAL

URGENT = (
    "job.started",
    "step.succeeded",
    "item",
    "artifact.ready",
    "alert",
    "output.reset",
    "unheard.of",
    *sorted(TERMINAL),
)


@pytest.mark.parametrize("level", range(len(LEVELS)))
@pytest.mark.parametrize("name", URGENT)
def test_what_changes_the_state_waits_at_no_level(level: int, name: str) -> None:
    assert rate(level, 60_000).wait(name) == 0


def test_each_level_asks_for_no_less_than_the_one_below() -> None:
    for name in ("step.progress", "job.progress", "metric", "output.delta", "log"):
        waits = [rate(level, 0).wait(name) for level in range(TURNING_AWAY + 1)]
        assert waits == sorted(waits)
        assert waits[0] == 0
        assert waits[-1] > 0


def test_the_first_level_slows_progress_and_leaves_text_alone() -> None:
    assert rate(1, 0).wait("step.progress") > 0
    assert rate(1, 0).wait("output.delta") == rate(1, 0).wait("log") == 0


def test_of_two_wishes_the_slower_holds() -> None:
    assert rate(0, 500).wait("output.delta") == 0.5
    assert rate(2, 500).wait("output.delta") == 1.0
    assert rate(2, 5000).wait("step.progress") == 5.0


def test_the_most_urgent_of_a_run_says_when_it_is_due() -> None:
    run = [Entry(Cursor("e", seq), name, b"{}") for seq, name in enumerate(("log", "step.progress", "item"), 1)]
    assert rate(3, 0).shortest(run) == 0
    assert rate(3, 0).shortest(run[:2]) == 5.0
    assert rate(3, 0).shortest([]) == 0
