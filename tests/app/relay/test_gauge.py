import time

import gevent
import pytest
from gevent.hub import get_hub

from app.relay.gauge import Gauge


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def turn(gauge: Gauge, clock: Clock, *, work: float, sleep: float) -> None:
    """One turn of the loop, as its watchers see it."""
    clock.now += work
    gauge._sleep()
    clock.now += sleep
    gauge._wake()


def test_it_tells_how_busy_the_loop_was_and_how_long_somebody_had_to_wait() -> None:
    clock = Clock()
    gauge = Gauge(get_hub().loop, clock)
    for _ in range(10):
        turn(gauge, clock, work=0.03, sleep=0.07)

    seconds, busy, wait = gauge.read()
    assert (seconds, busy) == (pytest.approx(1.0), pytest.approx(0.3))
    #: Three of ten come while it is at work, and meet a turn of 30 ms.
    assert wait == pytest.approx(0.3 * 0.03)


def test_few_long_turns_are_worse_than_many_short_ones() -> None:
    waits = []
    for turns in (1, 10, 100):
        clock = Clock()
        gauge = Gauge(get_hub().loop, clock)
        for _ in range(turns):
            turn(gauge, clock, work=0.5 / turns, sleep=0.5 / turns)
        waits.append(gauge.read()[2])

    assert waits == [pytest.approx(0.25), pytest.approx(0.025), pytest.approx(0.0025)]


def test_a_turn_that_is_not_over_counts_as_far_as_it_has_come() -> None:
    clock = Clock()
    gauge = Gauge(get_hub().loop, clock)
    clock.now += 0.2

    assert gauge.read() == (pytest.approx(0.2), pytest.approx(1.0), pytest.approx(0.2))
    turn(gauge, clock, work=0.1, sleep=0.1)
    assert gauge.read() == (pytest.approx(0.2), pytest.approx(0.5), pytest.approx(0.05))


def test_on_a_real_loop_it_sees_what_holds_the_loop_up() -> None:
    gauge = Gauge(get_hub().loop)
    gauge.start()
    try:
        gevent.sleep(0.05)
        gauge.read()
        gevent.sleep(0.2)
        _, idle, calm = gauge.read()
        for _ in range(4):
            until = time.monotonic() + 0.05
            while time.monotonic() < until:
                pass
            gevent.sleep(0.001)
        _, busy, wait = gauge.read()
    finally:
        gauge.stop()
    assert idle < busy > 0.5
    assert calm < wait > 0.02
