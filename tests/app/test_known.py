from dataclasses import dataclass, field

import pytest

from app.known import FRESH_SECONDS, Known, Recent
from app.problems import Problem
from jobs.wiring import Parts
from tests.app.conftest import TYPES


@dataclass
class _Clock:
    now: float = 0.0
    reads: list[int] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def read(self) -> int:
        self.reads.append(len(self.reads))
        return self.reads[-1]


def test_what_was_read_is_good_for_a_second() -> None:
    clock = _Clock()
    recent = Recent(clock.read, clock)
    assert [recent.get(), recent.get()] == [0, 0]
    clock.now += FRESH_SECONDS
    assert [recent.get(), recent.get()] == [1, 1]


def test_a_type_that_is_not_known_is_looked_up_anew(session_parts: Parts, redis_url: str) -> None:
    assert redis_url
    known = Known(session_parts.catalogue)
    with pytest.raises(Problem):
        known.get("count")
    session_parts.catalogue.publish(TYPES)
    assert known.get("count").title == "Count"


def test_while_one_reads_anew_the_others_go_on_with_what_they_have() -> None:
    clock, seen = _Clock(), []

    def read() -> int:
        if clock.reads:
            seen.append(recent.get())
        return clock.read()

    recent = Recent(read, clock)
    assert recent.get() == 0
    clock.now += FRESH_SECONDS
    assert recent.get() == 1
    assert seen == [0]


def test_a_read_that_fails_is_tried_again_by_the_next_who_asks() -> None:
    clock, faults = _Clock(), [ConnectionError()]

    def read() -> int:
        if clock.reads and faults:
            raise faults.pop()
        return clock.read()

    recent = Recent(read, clock)
    recent.get()
    clock.now += FRESH_SECONDS
    with pytest.raises(ConnectionError):
        recent.get()
    assert recent.get() == 1
