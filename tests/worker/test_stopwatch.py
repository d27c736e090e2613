from dataclasses import dataclass, field
from typing import Any

import pytest

from jobs import events as ev
from jobs.clock import rfc3339
from jobs.errors import LogUnavailable
from jobs.model import Job, JobState
from worker.stopwatch import Stopwatch

BEGIN = 1_700_000_000_000


@dataclass
class Bench:
    """A slot in a world that goes when it is told to; stands in for the measurements in Redis."""

    now: float = 100.0
    noted: list[float] = field(default_factory=list)
    away: bool = False
    telling: bool = True

    def __post_init__(self) -> None:
        paces: Any = self
        self.watch = Stopwatch(paces, lambda: BEGIN + round(self.now * 1000), monotonic=lambda: self.now)

    def note(self, queue: str, kind: str, *seconds: float) -> None:
        assert (queue, kind) == ("default", "hello")
        if self.away:
            raise LogUnavailable(why="gone")
        self.noted += [round(took, 6) for took in seconds]

    def run(self, seconds: float, *, created: float = 0.0) -> None:
        """A job that was submitted at *created* takes the slot for *seconds*."""
        self.watch.start()
        self.now += seconds
        created_at = rfc3339(BEGIN + round(created * 1000))
        request = ev.Request(type="hello", params={})
        self.watch.stop(Job(id="j", request=request, state=JobState.SUCCEEDED, created_at=created_at))

        if self.telling:
            self.watch.tell()

    def find_nothing(self) -> None:
        self.watch.start()
        self.watch.stop(None)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_job_takes_its_slot_from_before_the_claim_to_the_end(bench: Bench) -> None:
    bench.run(3.0)
    assert bench.noted == [3.0]


def test_the_way_to_the_next_job_counts_where_that_one_had_waited(bench: Bench) -> None:
    bench.run(1.0)
    bench.now += 0.02
    bench.run(1.0)
    bench.now += 0.02
    bench.run(3.0)
    assert bench.noted == [1.0, 1.02, 3.02]


def test_a_pause_without_work_is_no_way_to_the_next_job(bench: Bench) -> None:
    bench.run(1.0)
    bench.now += 0.5
    bench.run(1.0, created=bench.now - 0.1)
    assert bench.noted == [1.0, 1.0]


def test_nor_is_one_in_which_the_slot_looked_and_found_nothing(bench: Bench) -> None:
    bench.run(1.0)
    bench.now += 0.5
    bench.find_nothing()
    bench.now += 0.5
    bench.run(1.0)
    assert bench.noted == [1.0, 1.0]


def test_nor_is_a_very_long_one(bench: Bench) -> None:
    bench.run(1.0)
    bench.now += 60
    bench.run(1.0)
    assert bench.noted == [1.0, 1.0]


def test_a_redis_that_is_away_is_no_fault_of_the_job(bench: Bench) -> None:
    bench.away = True
    bench.run(1.0)
    bench.away = False
    bench.run(2.0)
    assert bench.noted == [2.0]


def test_what_a_turn_has_measured_is_noted_at_its_end(bench: Bench) -> None:
    bench.telling = False
    bench.run(1.0)
    bench.run(2.0)
    assert bench.noted == []
    bench.watch.tell()
    bench.watch.tell()
    assert bench.noted == [1.0, 2.0]
