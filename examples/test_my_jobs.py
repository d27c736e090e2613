"""How my_jobs.py is tested: each job lives its whole life in memory, with neither Redis nor Celery.

PYTHONPATH=examples .venv/bin/python -m pytest examples/test_my_jobs.py
"""

import time

import my_jobs
import pytest

from tailrace_testing import After, Clock, rehearse


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Nobody waits: what sleeps moves the clock instead."""
    clock = Clock()
    monkeypatch.setattr(time, "sleep", clock.sleep)
    return clock


def test_squares_are_added_up() -> None:
    told = rehearse(my_jobs.squares, {"n": 3})
    assert (told.state, told.result) == ("succeeded", {"sum": 14})
    assert told.text() == "1² = 1\n2² = 4\n3² = 9\n"
    assert told.artifacts["sum.txt"] == b"14\n"


def test_a_page_is_read_once_however_often_the_source_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def source(number: int, _failing: float) -> str:
        asked.append(number)
        if asked.count(number) < 3:
            raise ConnectionError
        return "page of three words here"

    monkeypatch.setattr(my_jobs, "read_page", source)
    told = rehearse(my_jobs.crawl, {"pages": 2})
    assert (told.result, told.attempt, asked) == ({"words": 6}, 5, [1, 1, 1, 2, 2, 2])
    assert [event.data["delay_seconds"] for event in told.of("job.retrying")] == [0.5, 1, 2, 4]


def test_a_training_goes_on_after_a_crash() -> None:
    told = rehearse(my_jobs.fit, {"epochs": 30}, crash_at=After("metric", step=25))
    assert told.result == rehearse(my_jobs.fit, {"epochs": 30}).result
    assert [event.data["step"] for event in told.of("metric")] == [*range(1, 26), *range(21, 31)]


@pytest.mark.parametrize("kind", ["metric", "step.progress"])
def test_a_deploy_costs_a_training_nothing(kind: str) -> None:
    told = rehearse(my_jobs.fit, {"epochs": 30}, clock=Clock(tick_seconds=0.1), release_at=After(kind, 25))
    assert [event.data["step"] for event in told.of("metric")] == [*range(1, 31)]
    assert (told.state, told.attempt) == ("succeeded", 1)


def test_a_story_that_is_cancelled_breaks_off() -> None:
    told = rehearse(my_jobs.story, {"about": "a mill", "seconds": 0}, cancel_at=After("output.delta", 3))
    assert (told.state, told.text()) == ("cancelled", "Once there was ")


@pytest.mark.parametrize("at", range(2, 9))
def test_both_sides_are_booked_whenever_it_is_cancelled(at: int) -> None:
    told = rehearse(my_jobs.transfer, {"n": 5}, cancel_at=at)
    sides = [key.split()[0] for key in told.items]
    assert told.state == "cancelled"
    assert sides.count("debit") == sides.count("credit") < 5


def test_a_bad_reading_does_not_spoil_the_others() -> None:
    told = rehearse(my_jobs.readings, {"readings": ["10", "cold", "20"]})
    assert told.result == {"mean": 15}
    (bad,) = told.of("item", state="failed")
    assert bad.data["error"]["message"] == "'cold' is no number"


def test_a_rebuilding_may_take_ten_minutes(clock: Clock) -> None:
    slow = Clock(tick_seconds=10)
    told = rehearse(my_jobs.reindex, clock=slow)
    assert told.error is not None
    assert told.error.code == "timeout"
    assert rehearse(my_jobs.reindex, clock=clock).result == "rebuilt"
