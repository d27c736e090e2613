"""The pauses between attempts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.backoff import Backoff

seconds = st.floats(0, 1e6)


def test_each_pause_is_twice_the_one_before_up_to_the_longest() -> None:
    pauses = Backoff(first_seconds=1, longest_seconds=10, jitter=0)
    assert [pauses.delay(attempt) for attempt in range(1, 7)] == [1, 2, 4, 8, 10, 10]


shapes = st.tuples(seconds, st.floats(1, 1e6), seconds, st.floats(0, 1))


@given(shapes, st.integers(1, 10**6), st.floats(0, 1))
def test_a_pause_is_never_longer_than_the_longest_nor_shorter_than_its_jitter_allows(
    shape: tuple[float, float, float, float], attempt: int, chance: float
) -> None:
    first, factor, longest, jitter = shape
    made = Backoff(first_seconds=first, factor=factor, longest_seconds=longest, jitter=jitter)
    whole = Backoff(first_seconds=first, factor=factor, longest_seconds=longest, jitter=0).delay(attempt)
    pause = made.delay(attempt, lambda: chance)
    assert 0 <= pause <= longest + 0.001
    assert whole * (1 - jitter) - 0.001 <= pause <= whole + 0.001


@pytest.mark.parametrize("wrong", [{"first_seconds": -1}, {"factor": 0.5}, {"jitter": 2}, {"longest_seconds": -1}])
def test_a_back_off_that_makes_no_sense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="back-off"):
        Backoff(**wrong)
