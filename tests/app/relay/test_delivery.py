"""Delivery leaves the loop to others between its slices, and knows how late it is."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import gevent
import pytest
from gevent import socket

from app.relay.audience import Audience, Load
from app.relay.delivery import RESERVE, SLICE, TOGETHER, Delivery, Slices
from app.relay.hub import Relay
from app.relay.lens import Lens
from app.relay.room import Room
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


def test_only_one_sends_and_takes_along_what_others_plan_meanwhile() -> None:
    audience, sent = Audience(Room("a" * 26), Lens()), []

    def take(audience: Audience, _now: float) -> list[Load]:
        sent.append(audience)
        return []

    delivery = Delivery(take, lambda _load, _subscriber: None)
    delivery.start()
    assert delivery.begin()
    assert not delivery.begin()
    delivery.plan(audience, 0.0, 0.0)
    for _ in range(3):
        gevent.sleep(0)
    assert sent == [], "whoever wakes for it leaves it to the one who is at it"
    delivery.finish(Slices())
    assert sent == [audience]

    later = time.monotonic() + 0.01
    assert delivery.begin()
    audience.due = later
    delivery.plan(audience, later, later - 0.01)
    delivery.finish(Slices())
    until(lambda: len(sent) == 2)
    delivery.stop()


def test_who_waits_for_the_next_time_rests_until_then(monkeypatch: pytest.MonkeyPatch) -> None:
    audience, sent, turns = Audience(Room("a" * 26), Lens()), [], 0

    def take(audience: Audience, _now: float) -> list[Load]:
        sent.append(audience)
        return []

    def finish(slices: Slices) -> None:
        nonlocal turns
        turns += 1
        whole(slices)

    delivery = Delivery(take, lambda _load, _subscriber: None)
    whole = delivery.finish
    monkeypatch.setattr(delivery, "finish", finish)
    delivery.start()
    now = time.monotonic()
    audience.due = now + 0.2
    delivery.plan(audience, audience.due, now)
    until(lambda: sent == [audience])
    assert turns < 10
    delivery.stop()


@pytest.mark.parametrize("way", ["short", "long"])
def test_a_look_at_many_rooms_leaves_the_loop_to_others(
    relay: Relay, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    def short(*_: Any) -> Load | None:
        if way == "long":
            return None
        spin(SLICE / TOGETHER)
        return Load(b"", Cursor("k3f9ab", 1), ())

    turns: list[None] = []
    monkeypatch.setattr("app.relay.reception.shortcut", short)
    monkeypatch.setattr(relay.reception, "_hear", lambda *_: spin(SLICE))
    monkeypatch.setattr(relay.rooms, "at", lambda channel: Room(channel.decode()))
    news = defaultdict(list, {b"%d" % number: [b""] for number in range(10 * TOGETHER)})
    others = gevent.spawn(lambda: turns.extend(gevent.sleep(0) for _ in range(5)))
    relay.reception.on_news(news, Slices())
    assert len(turns) == 5
    others.kill()


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
