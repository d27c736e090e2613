import itertools
from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from app.relay.governor import (
    BEHIND,
    FALL,
    HIGHEST,
    LATE,
    MOST_PATIENCE,
    OVERLOAD,
    RISE,
    SET,
    SLACK,
    WAIT,
    WELL,
    Governor,
    Signs,
)

#: Four samples a second.
SAMPLE = 0.25


def of(strain: float, *, busy: float = 0.0, demand: float = 0.0, seconds: float = SAMPLE) -> Signs:
    return Signs(seconds=seconds, wait=strain * WAIT, busy=busy, demand=demand)


IDLE, OVER = of(0.0), of(3.0, busy=1.0)
#: Everybody is served in time, but there is no room for more.
HARD_AT_WORK = of(0.2, busy=0.9)


def levels(governor: Governor, signs: Iterable[Signs]) -> list[int]:
    return [governor.observe(each) for each in signs]


def for_seconds(seconds: float, signs: Signs) -> list[Signs]:
    return [signs] * round(seconds / signs.seconds)


def changes(path: list[int]) -> int:
    return sum(before != after for before, after in itertools.pairwise(path))


signs = st.builds(of, st.floats(0, 20), busy=st.floats(0, 1), demand=st.floats(0, 1e6), seconds=st.floats(0.01, 30))


# Up --------------------------------------------------------------------------------------------------------------


def test_overload_raises_the_level_within_two_seconds_and_to_the_highest_step_by_step() -> None:
    path = levels(Governor(), for_seconds(8, OVER))

    assert path[:8][-1] >= 1
    assert sorted(set(path)) == [0, 1, 2, 3, HIGHEST]
    assert path == sorted(path)


def test_each_sign_alone_is_enough() -> None:
    for sign in ({"wait": 2 * WAIT}, {"late": 2 * LATE}, {"behind": 2 * BEHIND}):
        assert levels(Governor(), [Signs(seconds=SAMPLE, **sign)] * 8)[-1] >= 1


def test_a_burst_raises_nothing() -> None:
    """A page that loads, a long log that is replayed, a thousand clients that come at once."""
    burst = [*for_seconds(1.25, OVER), *for_seconds(2, IDLE)]

    assert set(levels(Governor(), burst * 20)) == {0}


def test_a_process_that_was_stopped_for_a_minute_was_not_overloaded() -> None:
    assert Governor().observe(of(4000.0, busy=1.0, seconds=60)) == 0


def test_a_loop_that_is_always_at_work_but_keeps_nobody_waiting_raises_nothing() -> None:
    assert set(levels(Governor(), for_seconds(60, of(0.9, busy=1.0, demand=1e6)))) == {0}


# Down ------------------------------------------------------------------------------------------------------------


def test_from_the_highest_level_it_is_back_within_ten_seconds_of_the_loads_end() -> None:
    governor = Governor()
    levels(governor, for_seconds(30, OVER))

    path = levels(governor, for_seconds(10, IDLE))
    assert path[-1] == 0
    assert path == sorted(path, reverse=True)


def test_nothing_is_taken_back_while_the_loop_has_no_room_to_spare() -> None:
    governor = Governor()
    levels(governor, for_seconds(1.75, OVER))

    assert set(levels(governor, for_seconds(120, HARD_AT_WORK))) == {governor.level}
    assert governor.level > 0


def test_a_load_that_a_level_just_carries_is_not_tried_again_every_few_seconds() -> None:
    """At level 1 there is room to spare, at level 0 there is too much: what a load at the edge looks like."""
    governor = Governor()
    samples = range(round(300 / SAMPLE))
    path = [governor.observe(of(0.1 if governor.level else 2.0, busy=0.4, demand=1000)) for _ in samples]

    assert changes(path) <= 2 * (300 / MOST_PATIENCE + 4)
    end = levels(governor, for_seconds(10, IDLE))
    assert end[-1] == 0


def test_a_failed_try_does_not_hold_the_level_once_the_demand_is_gone() -> None:
    governor = Governor()
    for _ in range(round(60 / SAMPLE)):
        governor.observe(of(2.0 if governor.level == 0 else 0.1, demand=1000))
    levels(governor, [of(2.0, demand=1000)] * 20)

    assert levels(governor, [of(0.1, demand=400)] * round(10 / SAMPLE))[-1] == 0


def test_a_try_that_failed_for_a_crowd_that_came_back_holds_nothing_once_it_is_there() -> None:
    governor = Governor()
    for _ in range(round(60 / SAMPLE)):
        governor.observe(of(0.1 if governor.level else 2.0))
    levels(governor, for_seconds(5, OVER))

    assert levels(governor, [of(0.1, demand=400)] * round(10 / SAMPLE))[-1] == 0


# Always ----------------------------------------------------------------------------------------------------------


@given(st.lists(signs, max_size=200))
def test_it_never_jumps_by_more_than_one(seen: list[Signs]) -> None:
    path = [0, *levels(Governor(), seen)]

    assert all(abs(before - after) <= 1 for before, after in itertools.pairwise(path))
    assert all(0 <= level <= HIGHEST for level in path)


@given(st.lists(signs, max_size=200), st.floats(0, SLACK * 0.99))
def test_it_always_returns(seen: list[Signs], strain: float) -> None:
    governor = Governor()
    levels(governor, seen)

    assert levels(governor, for_seconds(MOST_PATIENCE + 5 * FALL, of(strain, demand=1e6)))[-1] == 0


@given(st.lists(signs, max_size=100), st.lists(st.floats(0, 0.99), max_size=200))
def test_noise_below_the_upper_mark_never_raises(seen: list[Signs], noise: list[float]) -> None:
    governor = Governor()
    before = [0, *levels(governor, seen)][-1]
    path = [before, *levels(governor, [of(strain) for strain in noise])]

    assert path == sorted(path, reverse=True)


@given(st.lists(signs, max_size=100), st.lists(st.floats(SLACK, 30), max_size=200))
def test_noise_above_the_lower_mark_never_lowers(seen: list[Signs], noise: list[float]) -> None:
    governor = Governor()
    before = [0, *levels(governor, seen)][-1]
    path = [before, *levels(governor, [of(strain) for strain in noise])]

    assert path == sorted(path)


@given(st.lists(st.sampled_from([0.1, 2.0]), max_size=200))
def test_strain_that_comes_and_goes_by_the_sample_raises_nothing_unless_it_mostly_is_there(path: list[float]) -> None:
    """Each rise has had its seconds of strain, whatever lay between."""
    governor, strained, level = Governor(), 0.0, 0
    for strain in path:
        strained += SAMPLE if strain >= 1 else 0.0
        if governor.observe(of(strain)) > level:
            assert strained >= RISE[level]
            strained = 0.0
        level = governor.level


# What is said ----------------------------------------------------------------------------------------------------


def test_it_says_why() -> None:
    governor = Governor()
    assert governor.reason == WELL
    levels(governor, for_seconds(2, OVER))
    assert governor.reason == OVERLOAD
    levels(governor, for_seconds(10, IDLE))
    assert governor.reason == WELL


def test_a_level_that_is_set_is_the_least() -> None:
    governor = Governor(least=2)
    assert (governor.level, governor.reason) == (2, SET)
    levels(governor, for_seconds(2, OVER))
    assert (governor.level > 2, governor.reason) == (True, OVERLOAD)
    assert levels(governor, for_seconds(20, IDLE))[-1] == 2
    assert governor.reason == SET
