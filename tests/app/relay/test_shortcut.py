"""The short way does what the long one does, or nothing at all."""

from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.relay.audience import LOAD
from app.relay.lens import Lens
from app.relay.rate import rate
from app.relay.room import FEW_KEPT, Room
from app.relay.shortcut import shortcut
from app.relay.subscriber import Reading, Subscriber
from jobs.eventlog import Cursor
from jobs.news import parse_live

EPOCH, LAST = "k3f9ab", Cursor("k3f9ab", 2)

names = st.sampled_from(["item", "log", "step.progress", "job.started", "job.succeeded", "x%y", "ünsafe"])
lenses = st.builds(
    Lens,
    transport=st.sampled_from(["sse", "sse", "ndjson"]),
    named=st.booleans(),
    types=st.sampled_from([(), ("item",), ("step.*", "log")]),
    min_interval_ms=st.sampled_from([0, 0, 500]),
)


def room_of(lens: Lens, readers: int = 1) -> Room:
    """A room whose log stands at LAST, as they do who are live in it."""
    room = Room("job")
    room.begin(LAST)
    for _ in range(readers):
        reading = Reading(job_id="job", after=LAST, lens=lens)
        subscriber = cast("Subscriber", _Sockless(reading))
        room.enter(subscriber)
    return room


class _Sockless:
    def __init__(self, reading: Reading) -> None:
        self.reading, self.live, self.position = reading, False, reading.after


def message(seq: int, name: str = "item", data: str = '"é\u2028"', *, epoch: str = EPOCH) -> bytes:
    return f'{epoch}-{seq} {name}\n{{"seq":{seq},"data":{data}}}'.encode()


def state(room: Room) -> tuple[Any, ...]:
    return room.last, room.over, room.waits, room.since(LAST), room.held


@settings(max_examples=500, deadline=None, derandomize=True)
@given(lenses, st.integers(0, 3), st.lists(st.lists(names, min_size=1, max_size=3), min_size=1, max_size=3))
def test_it_does_what_the_long_way_does_or_nothing(lens: Lens, level: int, batches: list[list[str]]) -> None:
    short, long = room_of(lens), room_of(lens)
    payloads, seq = [], LAST.seq
    for batch in batches:
        payloads.append(b"\n".join(message(seq + index, name) for index, name in enumerate(batch, 1)))
        seq += len(batch)
    before = state(short)
    load = shortcut(short, payloads, level, 7.0)
    if load is None:
        assert state(short) == before
        return
    entries = long.take([entry for payload in payloads for entry in parse_live(payload)])
    audience = long.live[lens]
    other = audience.at_once(entries, rate(level, lens.min_interval_ms), 7.0)
    assert other is not None
    assert (load.data, load.at, load.count) == (other.data, other.at, len(entries))
    assert state(short) == state(long)
    assert short.live[lens].flushed == audience.flushed == 7.0


def test_it_is_the_way_of_one_plain_reader() -> None:
    assert shortcut(room_of(Lens()), [message(3)], 0, 0.0) is not None
    assert shortcut(room_of(Lens(types=("item",), named=False)), [message(3), message(4)], 3, 0.0) is not None


@pytest.mark.parametrize(
    "payloads",
    [
        [message(4)],
        [message(2)],
        [message(3), message(5)],
        [message(3, epoch="other9")],
        [b"k3f9ab-3 item"],
        [b"", message(3)],
        [b"\xff\xfe\n{}"],
        [b"k3f9ab-3 \xff\n{}"],
        [message(3, data=f'"{"x" * LOAD}"'), message(4)],
    ],
    ids=["a hole", "told already", "a hole behind one", "another epoch", "half", "empty", "noise", "no name", "much"],
)
def test_whatever_is_not_as_it_mostly_is_goes_the_long_way(payloads: list[bytes]) -> None:
    room = room_of(Lens())
    before = state(room)
    assert shortcut(room, payloads, 0, 0.0) is None
    assert state(room) == before


def test_nor_is_anything_overtaken() -> None:
    for what in ("waiting", "sending"):
        room = room_of(Lens())
        setattr(room.live[Lens()], what, [object()])
        assert shortcut(room, [message(3)], 0, 0.0) is None
    room = room_of(Lens())
    room.held = parse_live(message(5))
    assert shortcut(room, [message(3)], 0, 0.0) is None


def test_who_waits_for_a_page_is_rung() -> None:
    room = room_of(Lens())
    room.hang(cast("Any", object()))
    assert shortcut(room, [message(3)], 0, 0.0) is None


@pytest.mark.parametrize("lens", [Lens(gzip=True), Lens(transport="ndjson"), Lens(transport="websocket")])
def test_only_plain_frames_are_made_so(lens: Lens) -> None:
    assert room_of(lens).sole is None


def test_it_is_open_while_there_is_exactly_one_reader() -> None:
    room = room_of(Lens(), readers=2)
    first, second = room.live[Lens()].listeners
    assert room.sole is None
    room.leave(first)
    assert room.sole is room.live[Lens()]
    other = cast("Subscriber", _Sockless(Reading(job_id="job", after=LAST, lens=Lens(named=False))))
    room.enter(other)
    assert room.sole is None, "of another lens"
    room.leave(second)
    assert room.sole is room.live[Lens(named=False)]
    room.leave(other)
    assert room.sole is None


def test_what_one_reader_has_been_told_is_kept_for_a_shorter_while_than_what_many_have() -> None:
    room = room_of(Lens())
    assert shortcut(room, [message(seq) for seq in range(3, 3 + 2 * FEW_KEPT)], 0, 0.0) is not None
    assert room.last == Cursor(EPOCH, 2 + 2 * FEW_KEPT)
    assert room.since(Cursor(EPOCH, 1 + FEW_KEPT)) is None
    assert len(room.since(Cursor(EPOCH, 2 + FEW_KEPT)) or ()) == FEW_KEPT
    room.enter(cast("Subscriber", _Sockless(Reading(job_id="job", after=LAST, lens=Lens()))))
    room.take([entry for seq in range(100, 300) for entry in parse_live(message(seq - 33))])
    assert len(room.since(Cursor(EPOCH, 2 + FEW_KEPT)) or ()) == FEW_KEPT + 200
