import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.estimate import LOOK, Forecast, remaining, shares, unknown

SECONDS = st.floats(0, 1e6)
FREE = st.lists(SECONDS, min_size=1, max_size=300)
AHEAD = st.lists(st.tuples(st.integers(1, 2000), SECONDS), max_size=50)


# What is looked at -----------------------------------------------------------------------------------------------


KNOWN = st.lists(st.integers(0, 200_000), max_size=2000, unique=True).map(sorted)


@given(KNOWN, st.integers(0, 200_000))
def test_a_look_is_at_places_of_the_queue_that_are_not_known_and_at_few(known: list[int], more: int) -> None:
    depth = (known[-1] + 1 if known else 0) + more
    found = unknown(known, depth)
    assert len(set(found)) == len(found) <= LOOK
    assert not set(found) & set(known)
    assert all(0 <= place < depth for place in found)


@given(KNOWN, st.integers(0, 200_000))
def test_what_is_known_stands_for_the_whole_queue(known: list[int], more: int) -> None:
    depth = (known[-1] + 1 if known else 0) + more
    counts = shares(known, depth)
    assert len(counts) == len(known)
    assert all(count >= 1 for count in counts)
    assert sum(counts) == (depth if known else 0)


def test_a_short_queue_is_known_job_by_job_at_the_first_look() -> None:
    assert unknown([], 100) == list(range(100))
    assert unknown(list(range(100)), 100) == []


@pytest.mark.parametrize("depth", [1000, 10_000, 100_000])
def test_looks_come_to_an_end_with_the_head_of_the_queue_known_job_by_job(depth: int) -> None:
    known: list[int] = []
    while found := unknown(known, depth):
        known = sorted([*known, *found])
    assert known[:300] == list(range(300))
    assert len(known) < 4000


# When a job begins -----------------------------------------------------------------------------------------------


@given(FREE, AHEAD, SECONDS)
def test_a_later_place_never_begins_earlier_and_none_in_the_past(
    free: list[float], ahead: list[tuple[int, float]], typical: float
) -> None:
    forecast = Forecast(free, ahead, typical)
    depth = sum(count for count, _ in ahead)
    told = [forecast.seconds(n) for n in sorted({1, 2, 3, *(1 + depth * k // 20 for k in range(30))})]
    assert all(0 <= seconds < 1e12 for seconds in told)
    assert all(a <= b + 1e-6 * b for a, b in pairwise(told))


@given(FREE)
def test_the_next_job_begins_when_the_first_slot_is_free(free: list[float]) -> None:
    assert Forecast(free, [], 1.0).seconds(1) == min(free)


def test_with_one_slot_it_is_the_sum_of_what_comes_before() -> None:
    forecast = Forecast([2.0], [(1, 3.0), (1, 5.0), (10, 7.0)], 1.0)
    assert [forecast.seconds(n) for n in (1, 2, 3, 13, 23)] == [2, 5, 10, 80, 90]


def test_a_short_job_overtakes_nobody_but_takes_the_slot_that_is_free_first() -> None:
    forecast = Forecast([0.0, 10.0], [(1, 4.0), (1, 4.0), (1, 4.0)], 1.0)
    assert [forecast.seconds(n) for n in (1, 2, 3, 4)] == [0, 4, 8, 10]


def seen(means: list[float], looks: int) -> list[tuple[int, float]]:
    """What so many looks tell of jobs of these means."""
    known: list[int] = []
    for _ in range(looks):
        known = sorted([*known, *unknown(known, len(means))])
    return [(count, means[place]) for place, count in zip(known, shares(known, len(means)), strict=True)]


def rehearsed(free: list[float], means: list[float], chance: random.Random) -> list[float]:
    """When each job begins, each of a random length around its type's mean."""
    slots, begun = list(free), []
    for mean in means:
        slot = slots.index(min(slots))
        begun.append(slots[slot])
        slots[slot] += mean * chance.uniform(0.5, 1.5)
    return begun


@pytest.mark.parametrize("slots", [1, 2, 7, 40])
@pytest.mark.parametrize("long", [0.0, 0.1, 0.5])
def test_after_some_looks_an_estimate_is_close_to_what_a_rehearsal_shows(slots: int, long: float) -> None:
    """10,000 jobs, some ten times as long as the others."""
    chance = random.Random(slots)
    means = [10.0 if chance.random() < long else 1.0 for _ in range(10_000)]
    free = [chance.random() for _ in range(slots)]
    forecast = Forecast(free, seen(means, 5), 1.0)
    begun = rehearsed(free, means, chance)
    for place in (100, 200, 500, 1000, 3000, 10_000):
        assert forecast.seconds(place) == pytest.approx(begun[place - 1], rel=0.2)


def test_jobs_that_come_in_turns_are_not_taken_for_jobs_of_one_kind() -> None:
    for rhythm in (2, 3, 4, 5, 8, 16):
        means = [10.0 if place % rhythm == 0 else 1.0 for place in range(10_000)]
        assert Forecast([0.0], seen(means, 1), 1.0).seconds(10_001) == pytest.approx(sum(means), rel=0.2)


def test_a_batch_of_long_jobs_in_the_middle_is_seen_where_it_is() -> None:
    means = [1.0] * 4000 + [10.0] * 1000 + [1.0] * 5000
    forecast = Forecast([0.0], seen(means, 1), 1.0)
    assert [forecast.seconds(n) for n in (4001, 5001, 10_001)] == pytest.approx([4000, 14_000, 19_000], rel=0.1)


# What still runs -------------------------------------------------------------------------------------------------


@given(SECONDS, SECONDS, st.floats(0, 1))
def test_what_remains_is_never_less_than_nothing(mean: float, elapsed: float, fraction: float) -> None:
    assert remaining(mean, elapsed, fraction) >= 0


def test_a_job_s_own_word_on_how_far_it_is_counts_more_than_others_of_its_type() -> None:
    assert remaining(1.5, 10, 0.25) == 30
    assert remaining(1.5, 0.1, 0.5) == 1.4
    assert remaining(10, 4, 1.0) == 0


def test_a_job_that_is_late_is_expected_to_be_later_the_later_it_is() -> None:
    assert [remaining(10, elapsed) for elapsed in (0, 4, 10, 100)] == [10, 6, 1, 10]
