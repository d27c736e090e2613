"""What waits for one audience: due when its most urgent event is, and told to each listener once, in order."""

from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.relay.audience import LOAD, WAITING, Audience, Load, stretches_of
from app.relay.lens import Lens
from app.relay.rate import rate
from app.relay.room import Room
from app.relay.subscriber import Subscriber
from jobs.eventlog import Cursor, Entry

EPOCH = "k3f9ab"
RATE = rate(0, 0)


class World:
    """A room whose log goes on, and listeners who keep what they are told."""

    def __init__(self, lens: Lens | None = None) -> None:
        self.room = Room("job")
        self.room.begin(Cursor(EPOCH, 0))
        self.audience = Audience(self.room, lens or Lens(transport="ndjson"))
        self.told: dict[Subscriber, list[int]] = {}

    def append(self, *names: str, now: float = 0.0, level: int = 0) -> float | None:
        first = self._last + 1
        entries = [entry(first + index, name) for index, name in enumerate(names)]
        return self.audience.add(self.room.take(entries), rate(level, self.audience.lens.min_interval_ms), now)

    def enter(self) -> Subscriber:
        """Somebody who was told everything so far from the log."""
        newcomer = cast("Subscriber", object())
        self.audience.enter(newcomer, Cursor(EPOCH, self._last))
        self.told[newcomer] = list(range(1, self._last + 1))
        return newcomer

    def flush(self, now: float = 0.0) -> list[Load]:
        loads = self.audience.take(RATE, now)
        for load in loads:
            for listener in load.listeners:
                self.told[listener] += [int(line) for line in load.data.split()]
        return loads

    @property
    def _last(self) -> int:
        assert self.room.last is not None
        return self.room.last.seq


def entry(seq: int, name: str = "item", *, size: int = 0) -> Entry:
    return Entry(Cursor(EPOCH, seq), name, b"%0*d" % (size, seq))


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.lists(st.sampled_from(["append", "append", "enter", "leave", "flush"]), max_size=40), st.data())
def test_every_listener_is_told_every_event_once_and_in_order(steps: list[str], data: Any) -> None:
    world = World()
    for step in steps:
        if step == "append":
            world.append(*["item"] * data.draw(st.integers(1, 3)))
        elif step == "enter":
            world.enter()
        elif step == "leave" and world.told:
            leaver = data.draw(st.sampled_from(list(world.told)))
            world.audience.leave(leaver)
            del world.told[leaver]
        elif step == "flush":
            world.flush()
    world.flush()
    for told in world.told.values():
        assert told == list(range(1, world._last + 1))


def test_an_urgent_event_is_due_at_once_and_takes_along_what_waits() -> None:
    world = World()
    world.enter()
    world.append("item", now=10.0)
    world.flush(10.0)
    assert world.append("step.progress", now=10.1, level=3) == 15.0
    assert world.append("log", now=10.2, level=3) is None
    assert world.append("step.succeeded", now=10.3, level=3) == 10.3
    [load] = world.flush(10.3)
    assert load.data.split() == [b"2", b"3", b"4"]


def test_after_a_silence_what_may_wait_goes_at_once() -> None:
    world = World(Lens(transport="ndjson", min_interval_ms=1000))
    assert world.append("step.progress", now=100.0) == 100.0


def test_a_filter_takes_what_it_wants_and_stands_where_the_room_does() -> None:
    world = World(Lens(transport="ndjson", types=("item",)))
    world.enter()
    assert world.append("log", "metric") is None
    world.append("item", "log")
    [load] = world.flush()
    assert (load.data, load.at) == (b"3\n", Cursor(EPOCH, 4))


def test_too_much_that_waits_waits_no_longer() -> None:
    world = World()
    world.enter()
    world.append("item", now=1.0)
    world.flush(1.0)
    dues = [world.append("log", now=1.0, level=2) for _ in range(WAITING + 1)]
    assert dues[0] == 2.0
    assert dues[-1] == 1.0


def test_when_the_rate_changes_what_waits_is_planned_anew() -> None:
    world = World()
    world.enter()
    world.append("item", now=1.0)
    world.flush(1.0)
    world.append("log", now=1.5, level=3)
    assert world.audience.replan(rate(0, 0), 2.0) == 2.0
    world.flush(2.0)
    assert world.audience.replan(rate(3, 0), 2.0) is None


def test_the_end_is_told_with_the_last_event_and_only_there() -> None:
    world = World()
    world.enter()
    world.append("item", "job.succeeded")
    [load] = world.audience.take(RATE, 0.0)
    assert load.last
    assert b'"stream.end"' in load.data
    assert b'"id":"%s-2"' % EPOCH.encode() in load.data


def test_a_large_load_goes_out_in_pieces_each_with_its_own_place() -> None:
    pieces = list(stretches_of([entry(seq, size=LOAD // 3 + 1) for seq in range(1, 8)]))
    assert [[one.cursor.seq for one in piece] for piece in pieces] == [[1, 2, 3], [4, 5, 6], [7]]
    assert [len(piece) for piece in stretches_of([entry(1, size=3 * LOAD), entry(2)])] == [1, 1]


@pytest.mark.parametrize("count", [0, 1])
def test_of_nothing_there_are_no_pieces_and_of_one_event_there_is_one(count: int) -> None:
    assert len(list(stretches_of([entry(1)] * count))) == count


# At once ------------------------------------------------------------------------------------------------------------


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(st.sampled_from(["item", "log", "step.progress", "job.succeeded"]), min_size=1, max_size=5), st.data())
def test_what_goes_at_once_is_what_would_have_gone_after_waiting(names: list[str], data: Any) -> None:
    lens = Lens(transport="ndjson", types=data.draw(st.sampled_from([(), ("item",), ("step.*",)])))
    short, long = World(lens), World(lens)
    for world in (short, long):
        world.enter()
    entries = short.room.take([entry(n, name) for n, name in enumerate(names, 1)])
    long.append(*names)
    load, loads = short.audience.at_once(entries, RATE, 0.0), long.audience.take(RATE, 0.0)
    if load is None:
        #: Nothing of it is wanted, or it is the last.
        assert not loads or loads[-1].last
    else:
        assert [(load.data, load.at, load.last, load.look)] == [(one.data, one.at, one.last, one.look) for one in loads]


def test_nothing_goes_at_once_that_may_wait_or_would_overtake() -> None:
    world = World()
    world.enter()
    calm, urgent = [entry(1, "log")], [entry(1, "item")]
    assert world.audience.at_once(calm, rate(3, 0), 1.0) is None
    assert world.audience.at_once(urgent, rate(3, 0), 1.0) is not None
    world.append("log", now=1.0, level=3)
    assert world.audience.at_once([entry(2)], RATE, 1.0) is None, "another waits before it"
    world.flush(1.0)
    world.audience.sending = True
    assert world.audience.at_once([entry(2)], RATE, 1.0) is None, "another is on its way to some of them"


def test_more_than_a_load_goes_in_pieces() -> None:
    world = World()
    world.enter()
    entries = [entry(n, size=LOAD // 2 + 1) for n in (1, 2, 3)]
    assert world.audience.at_once(entries, RATE, 1.0) is None
    world.audience.add(world.room.take(entries), RATE, 1.0)
    assert len(world.audience.take(RATE, 1.0)) == 2
