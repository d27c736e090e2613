from hypothesis import given
from hypothesis import strategies as st

from jobs.events import StepPlan
from worker.fraction import EVERY_SECONDS, Fraction


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def _fraction(**weights: float) -> tuple[Fraction, Clock]:
    clock = Clock()
    plan = [StepPlan(name=name, title=name, weight=weight) for name, weight in weights.items()]
    return Fraction(plan, clock), clock


def test_the_whole_is_the_weighted_sum_of_the_declared_steps() -> None:
    fraction, _ = _fraction(prepare=1, count=9)
    fraction.set("prepare", 1.0)
    fraction.set("count", 0.5)
    fraction.set("not declared", 1.0)
    event = fraction.due()
    assert event is not None
    assert event.fraction == 0.55


@given(st.lists(st.tuples(st.sampled_from("ab"), st.floats(0, 1)), max_size=50))
def test_the_whole_never_falls(moves: list[tuple[str, float]]) -> None:
    fraction, clock = _fraction(a=1, b=2)
    last = 0.0
    for name, part in moves:
        fraction.set(name, part)
        clock.now += 1
        event = fraction.due()
        if event is not None:
            assert last < event.fraction <= 1
            last = event.fraction


def test_it_is_told_a_few_times_a_second_and_only_when_it_has_moved() -> None:
    fraction, clock = _fraction(a=1)
    told = 0
    for n in range(1000):
        fraction.set("a", n / 1000)
        clock.now += 0.01
        told += fraction.due() is not None
    assert told <= 10 / EVERY_SECONDS + 1
    fraction.due(force=True)
    assert fraction.due(force=True) is None


def test_the_rest_is_guessed_from_what_is_done() -> None:
    fraction, clock = _fraction(a=1)
    fraction.set("a", 0.25)
    clock.now += 10
    event = fraction.due()
    assert event is not None
    assert event.eta_seconds == 30.0


def test_a_share_is_as_declared_and_none_for_what_was_not_declared() -> None:
    fraction, _ = _fraction(a=3)
    assert (fraction.weight("a", None), fraction.weight("b", None), fraction.weight("b", 2.0)) == (3, 0, 2.0)
    loose, _ = _fraction()
    assert loose.weight("a", None) is None
    assert not loose.derived
