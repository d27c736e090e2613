"""Delivery leaves the loop to others between its slices, and knows how late it is."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import cast

import gevent
import pytest
from gevent import socket

from app.relay.audience import Audience, Load
from app.relay.delivery import RESERVE, SLICE, TOGETHER, Delivery, Slices
from app.relay.hub import Relay
from app.relay.lens import Lens
from app.relay.room import Room
from app.relay.subscriber import Subscriber
from jobs.eventlog import Cursor
from tests.app.relay.conftest import until


def spin(seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


@pytest.fixture
def echo() -> Iterator[Callable[[], None]]:
    """A call that waits for an answer over a socket, as one of REST waits for Redis."""
    ours, theirs = socket.socketpair()

    def answer() -> None:
        while data := theirs.recv(10):
            theirs.sendall(data)

    def call() -> None:
        ours.sendall(b"x")
        ours.recv(10)

    running = gevent.spawn(answer)
    yield call
    running.kill()
    ours.close()
    theirs.close()


def test_whoever_else_has_something_to_do_goes_first_between_two_slices(echo: Callable[[], None]) -> None:
    count = 0

    def work() -> None:
        nonlocal count
        slices = Slices()
        while True:
            spin(SLICE)
            slices.breathe()
            count += 1

    working = [gevent.spawn(work) for _ in range(2)]
    gevent.sleep(0.05)
    began = count
    for _ in range(20):
        echo()
    gevent.killall(working)
    #: With a sleep(0) in place of the reserve each of these calls would meet fifty slices and more.
    assert count - began < 20 * 10


def test_others_that_always_have_something_to_do_do_not_stop_it(echo: Callable[[], None]) -> None:
    def busy() -> None:
        while True:
            spin(RESERVE / 10)
            echo()

    others = gevent.spawn(busy)
    slices, done = Slices(), 0
    with gevent.Timeout(20):
        while done < 5:
            spin(SLICE)
            slices.breathe()
            done += 1
    others.kill()


def test_it_knows_how_late_it_is() -> None:
    room, taken = Room("a" * 26), []

    def take(audience: Audience, _now: float) -> list[Load]:
        taken.append(audience)
        audience.due = None
        spin(0.02)
        return []

    delivery = Delivery(take, lambda _load, _subscriber: None)
    audiences = [Audience(room, Lens(named=named)) for named in (True, False)]
    now = time.monotonic()
    for audience in audiences:
        audience.due = now
        delivery.plan(audience, now, now)
    gevent.sleep(0.05)
    gevent.sleep(0.05)
    waiting = delivery.lateness()
    assert waiting >= 0.1, "nobody delivers yet, and what is first in line waits"

    delivery.start()
    until(lambda: len(taken) == 2)
    delivery_late = delivery.lateness()
    delivery.stop()
    assert delivery_late > waiting, "what came late counts when it has come"
    assert delivery.lateness() == 0.0


def test_what_the_feed_has_brought_and_nobody_has_read_is_counted(relay: Relay) -> None:
    assert relay.feed.unread() == 0
    ours, theirs = socket.socketpair()
    relay.feed._sock = ours
    theirs.sendall(b"x" * 1000)
    until(lambda: relay.feed.unread() == 1000)
    ours.recv(400)
    assert relay.feed.unread() == 600
    ours.close()
    theirs.close()


def test_what_is_due_to_few_is_sent_at_once_and_the_rest_by_the_sender() -> None:
    told = list[int]()
    delivery = Delivery(_loads, lambda _load, several: told.append(len(several)))
    few, many = (_audience(number) for number in (2, TOGETHER + 1))
    now = time.monotonic()
    delivery.near = True
    for audience in (few, many):
        audience.due = now
        delivery.plan(audience, now, now)
    assert told == [], "whoever plans is about to hurry"

    delivery.hurry()
    assert told == [2]
    delivery.start()
    until(lambda: sum(told) == TOGETHER + 3)
    delivery.stop()


def test_nothing_overtakes_what_the_sender_has_in_hand() -> None:
    """Its listeners are told in slices; what is planned meanwhile for the same ones waits for its end."""
    told = list[str]()

    def pass_on(load: Load, several: Sequence[Subscriber]) -> None:
        told.extend([load.data.decode()] * len(several))
        spin(SLICE)

    names = iter(["first", "second"])
    delivery = Delivery(lambda audience, _now: [_load(audience, next(names))], pass_on)
    audience = _audience(100 * TOGETHER)
    now = audience.due = time.monotonic()
    delivery.start()
    delivery.plan(audience, now, now)
    until(lambda: len(told) >= TOGETHER)
    audience.listeners = set(list(audience.listeners)[:2])
    delivery.near = True
    delivery.plan(audience, now, now)
    delivery.hurry()
    assert len(told) < 100 * TOGETHER
    assert "second" not in told

    until(lambda: "second" in told)
    delivery.stop()
    assert told == ["first"] * 100 * TOGETHER + ["second"] * 2


def _audience(listeners: int) -> Audience:
    audience = Audience(Room("a" * 26), Lens())
    audience.listeners = {cast("Subscriber", number) for number in range(listeners)}
    return audience


def _loads(audience: Audience, _now: float) -> list[Load]:
    return [_load(audience, "it")]


def _load(audience: Audience, text: str) -> Load:
    return Load(text.encode(), Cursor("epoch", 1), tuple(audience.listeners))
