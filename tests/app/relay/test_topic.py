from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.relay import topic as module
from app.relay.topic import RING, Topic
from jobs.eventlog import Cursor, Entry

MANY = settings(max_examples=300, deadline=None, derandomize=True)
EPOCH = "k3f9ab"


def entry(seq: int, *, epoch: str = EPOCH, name: str = "log") -> Entry:
    return Entry(Cursor(epoch, seq), name, b"%d" % seq)


def entries(first: int, last: int, **more: str) -> list[Entry]:
    return [entry(seq, **more) for seq in range(first, last + 1)]


def seqs(found: Sequence[Entry] | None) -> list[int]:
    assert found is not None
    return [one.cursor.seq for one in found]


def topic_at(seq: int) -> Topic:
    topic = Topic("job")
    topic.begin(Cursor(EPOCH, seq))
    return topic


actions = st.lists(
    st.tuples(st.sampled_from(["append", "live", "live", "repeat", "drop", "read", "begin"]), st.integers(0, 7)),
    max_size=40,
)


class World:
    """A log, its live messages on their way in any order, and a topic that must make one run of them."""

    def __init__(self) -> None:
        self.topic, self.log = Topic("job"), entries(1, 3)
        self.messages: list[list[Entry]] = []
        self.told: list[int] = []
        self.begun_at = 0

    def step(self, action: str, number: int) -> None:
        match action:
            case "append":
                more = entries(len(self.log) + 1, len(self.log) + 1 + number % 4)
                self.log += more
                self.messages.append(more)
            case "live" | "repeat" | "drop" if self.messages:
                place = number % len(self.messages)
                message = self.messages[place] if action == "repeat" else self.messages.pop(place)
                if action != "drop":
                    self.tell(self.topic.take(message))
            case "read" if self.topic.last is not None:
                at = self.topic.last.seq
                self.tell(self.topic.take(self.log[at : at + 1 + number]))
            case "begin":
                self.begin()

    def begin(self) -> None:
        if self.topic.last is None:
            self.begun_at = len(self.log)
        self.tell(self.topic.begin(Cursor(EPOCH, len(self.log))))

    def tell(self, passed: list[Entry]) -> None:
        self.told += [one.cursor.seq for one in passed]
        assert self.told == list(range(self.begun_at + 1, self.begun_at + 1 + len(self.told)))

    def catch_up(self) -> None:
        """As the relay does: reads on until the topic stands where the log does."""
        self.begin()
        while self.topic.last != self.log[-1].cursor:
            self.step("read", 7)


@MANY
@given(actions)
def test_however_live_messages_and_pages_of_the_log_mix_every_event_passes_once_and_in_order(
    drawn: list[tuple[str, int]],
) -> None:
    world = World()
    for action, number in drawn:
        world.step(action, number)
    world.catch_up()

    assert world.told == list(range(world.begun_at + 1, len(world.log) + 1))
    assert not world.topic.held
    assert not world.topic.lost


@MANY
@given(actions, st.integers(0, 60))
def test_what_is_at_hand_for_a_reader_a_little_behind_has_no_hole(drawn: list[tuple[str, int]], at: int) -> None:
    world = World()
    for action, number in drawn:
        world.step(action, number)
        found = world.topic.since(Cursor(EPOCH, at))
        assert found is None or seqs(found) == list(range(at + 1, world.topic.last.seq + 1))  # type: ignore[union-attr]


def test_what_waits_for_a_hole_goes_on_as_soon_as_the_hole_is_filled() -> None:
    topic = topic_at(1)
    assert topic.take(entries(4, 6)) == []
    assert topic.held
    assert topic.take([entry(8), entry(5)]) == []

    assert seqs(topic.take(entries(2, 3))) == [2, 3, 4, 5, 6]
    assert topic.held
    assert seqs(topic.take([entry(7)])) == [7, 8]
    assert not topic.held


def test_what_came_live_before_anybody_had_read_the_log_follows_the_first_read() -> None:
    topic = Topic("job")
    assert topic.take(entries(3, 6)) == []

    assert seqs(topic.begin(Cursor(EPOCH, 4))) == [5, 6]
    assert topic.begin(Cursor(EPOCH, 2)) == []
    assert topic.last == Cursor(EPOCH, 6)


def test_what_is_held_back_is_bounded_and_the_log_has_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HELD", 5)
    topic = topic_at(0)
    for seq in range(10, 40):
        topic.take([entry(seq)])

    assert seqs(topic.take(entries(1, 9))) == list(range(1, 15))
    assert seqs(topic.take(entries(15, 39))) == list(range(15, 40))


def test_a_log_that_goes_on_in_another_epoch_is_told_and_nothing_of_it_passes() -> None:
    topic = topic_at(5)
    assert seqs(topic.take([entry(6), entry(6, epoch="0newer"), entry(7, epoch="0newer")])) == [6]
    assert topic.lost

    topic.last, topic.lost = None, False
    assert seqs(topic.begin(Cursor("0newer", 7)) + topic.take([entry(8, epoch="0newer")])) == [8]
    assert not topic.lost


def test_after_a_new_beginning_nothing_from_before_it_is_at_hand() -> None:
    """A reader behind the break would be given what it knows, a hole, and then what is new."""
    topic = topic_at(0)
    topic.take(entries(1, 10))
    topic.last = None
    topic.begin(Cursor(EPOCH, 20))
    topic.take(entries(21, 22))

    assert topic.since(Cursor(EPOCH, 8)) is None
    assert topic.since(Cursor(EPOCH, 19)) is None
    assert seqs(topic.since(Cursor(EPOCH, 20))) == [21, 22]


@pytest.mark.parametrize(
    ("at", "found"),
    [
        (Cursor(EPOCH, 300), []),
        (Cursor(EPOCH, 299), [300]),
        (Cursor(EPOCH, 300 - RING), list(range(301 - RING, 301))),
        (Cursor(EPOCH, 299 - RING), None),
        (Cursor(EPOCH, 301), None),
        (Cursor("0other", 300), None),
    ],
)
def test_the_last_256_events_are_at_hand(at: Cursor, found: list[int] | None) -> None:
    topic = topic_at(0)
    topic.take(entries(1, 300))

    given = topic.since(at)
    assert given == found if found is None else seqs(given) == found


def test_a_topic_is_over_once_its_terminal_event_has_passed_and_not_while_it_waits() -> None:
    topic = topic_at(1)
    topic.take([entry(3, name="job.failed")])
    assert not topic.over

    topic.take([entry(2)])
    assert topic.over
