"""Beats of different lengths fall together."""

from hypothesis import given
from hypothesis import strategies as st

from app.relay.beat import remaining


@given(st.floats(0, 1e6), st.sampled_from([0.25, 0.5, 1.0]))
def test_a_pause_ends_with_a_beat_and_not_at_once(now: float, seconds: float) -> None:
    rest = remaining(seconds, now)

    assert seconds / 4 < rest <= 1.25 * seconds
    assert min((now + rest) % seconds, -(now + rest) % seconds) < 1e-6


def test_the_beat_of_a_second_is_one_of_a_quarter() -> None:
    assert 7.3 + remaining(1.0, 7.3) == 8.0
    assert 7.8 + remaining(0.25, 7.8) == 8.0


def test_a_timer_that_came_early_brings_the_same_beat_once() -> None:
    assert 6.9999 + remaining(1.0, 6.9999) == 8.0
