"""``stream.position``: to those who watch a job that waits, when it changes, and to nobody else."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import gevent
import pytest
from gevent.event import Event

from app.relay import positions
from app.relay.hub import Relay
from app.relay.lens import Lens
from app.relay.positions import Positions
from app.relay.upkeep import Pace
from app.view import View
from jobs import events as ev
from jobs import keys
from jobs.catalogue import WorkerEntry
from jobs.errors import LogUnavailable
from jobs.eventlog import Cursor
from jobs.files import new_id
from jobs.resource import resource
from jobs.wiring import Parts
from jobs.writer import Writer
from tests.app.relay.conftest import TYPES, Client, until

#: The turns of a relay whose heartbeat is this long come so often that a look is due in every one.
PACE = Pace(heartbeat=0.05)


class Line:
    """A relay with quick turns, and the questions that it asks."""

    def __init__(self, parts: Parts) -> None:
        self.parts, self.places = parts, View.of(parts).prospects.places
        self.asked: list[list[str]] = []
        self.away = False
        self.relay = Relay(parts.client, parts.log, self._snapshot, self._places, pace=PACE, retention_seconds=60)

    def _snapshot(self, job_id: str) -> tuple[Cursor, dict[str, Any]]:
        job = self.parts.lifecycle.load(job_id)
        return job.cursor, resource(job)

    def _places(self, queue: str, kinds: Mapping[str, str]) -> Sequence[dict[str, Any]]:
        self.asked.append(list(kinds))
        if self.away:
            raise LogUnavailable(why="gone")
        return self.places(queue, kinds)

    def submit(self) -> str:
        return self.parts.lifecycle.submit(new_id(), ev.Request(type="hello", params={})).id

    def take(self) -> str:
        job = self.parts.lifecycle.claim("default", TYPES, "w1")
        assert job is not None
        return job.id

    def write(self, job_id: str, *events: ev.AnyEvent) -> None:
        self.parts.lifecycle.settle(Writer(self.parts.log, job_id, self.parts.clock).write(events))

    def watch(self, job_id: str, **reading: Any) -> Client:
        client = Client(self.relay, job_id, **reading)
        client.start()
        until(lambda: "stream.caught_up" in client.types)
        return client

    def looks(self, more: int = 2) -> None:
        """Waits until the relay has asked a few times more."""
        asked = len(self.asked) + more
        until(lambda: len(self.asked) >= asked)


@pytest.fixture
def line(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    monkeypatch.setattr(positions, "EVERY", 0.0)
    made = Line(parts)
    yield made
    made.relay.stop()


def told(client: Client) -> list[int | None]:
    """The positions that a client was told, in order."""
    return [data["position"] for data in client.every("stream.position")]


def test_a_watcher_is_told_the_place_and_again_when_it_changes(line: Line) -> None:
    first, second, third = line.submit(), line.submit(), line.submit()
    client = line.watch(third)
    until(lambda: told(client) == [3])
    line.parts.lifecycle.cancel(first)
    until(lambda: told(client) == [3, 2])
    line.take()
    until(lambda: told(client) == [3, 2, 1])
    assert second
    line.looks()
    assert told(client) == [3, 2, 1]


def test_what_is_told_has_the_estimate_of_the_resource(line: Line) -> None:
    worker = WorkerEntry(id="w1", types=["hello"], queues=["default"], concurrency=1, started_at="now")
    line.parts.catalogue.beat(worker)
    line.parts.paces.note("default", "hello", 30.0)
    line.submit()
    client = line.watch(line.submit())
    until(lambda: client.every("stream.position") == [{"position": 2, "eta_seconds": 30.0}])


def test_it_has_no_id_so_that_a_reader_comes_back_by_the_last_event(line: Line) -> None:
    client = line.watch(line.submit(), after="0")
    until(lambda: told(client) == [1])
    [frame] = [frame for frame in client.frames if frame["event"] == "stream.position"]
    assert "id" not in frame
    assert '"id":null' in frame["data"]
    assert "seq" not in frame["data"]
    assert client.last_id == str(line.parts.lifecycle.load(client.job_id).cursor)


def test_a_job_that_begins_is_told_of_no_more_and_asked_for_no_more(line: Line) -> None:
    watched, other = line.submit(), line.submit()
    client, waiting = line.watch(watched), line.watch(other)
    until(lambda: told(client) == [1] and told(waiting) == [2])
    line.take()
    until(lambda: "job.started" in client.types and told(waiting) == [2, 1])
    line.looks()
    assert line.asked[-1] == [other]
    assert told(client) == [1]


def test_a_job_that_is_released_waits_again(line: Line) -> None:
    watched = line.submit()
    line.take()
    client = line.watch(watched)
    assert told(client) == []
    line.write(watched, ev.JobReleased())
    until(lambda: told(client) == [1])


def test_a_delayed_job_is_told_of_once_it_is_queued(line: Line) -> None:
    request = ev.Request(type="hello", params={})
    watched = line.parts.lifecycle.submit(new_id(), request, delay_seconds=60).id
    client = line.watch(watched)
    line.watch(line.submit())
    line.looks()
    assert told(client) == []
    line.write(watched, ev.JobQueued())
    until(lambda: len(told(client)) == 1)


def test_a_job_that_waits_without_a_place_is_told_so(line: Line) -> None:
    watched = line.submit()
    client = line.watch(watched)
    until(lambda: told(client) == [1])
    line.parts.index.forget([watched])
    until(lambda: client.every("stream.position")[-1] == {"position": None, "eta_seconds": None})
    line.looks()
    assert told(client) == [1, None]


def test_every_encoding_and_filter_is_told(line: Line) -> None:
    watched = line.submit()
    lenses = [Lens(types=("step.*",)), Lens(named=False), Lens(transport="ndjson")]
    clients = [Client(line.relay, watched, lens=lens) for lens in lenses]
    for client in clients:
        client.start()
    until(lambda: all(b"stream.position" in client.raw for client in clients))


def test_who_joins_later_is_told_too(line: Line) -> None:
    watched = line.submit()
    first = line.watch(watched)
    until(lambda: told(first) == [1])
    second = line.watch(watched, after="latest")
    until(lambda: told(second) == [1])


def test_a_redis_that_is_away_is_asked_again(line: Line) -> None:
    line.away = True
    client = line.watch(line.submit())
    line.looks()
    assert told(client) == []
    line.away = False
    until(lambda: told(client) == [1])


def test_of_many_that_wait_each_has_its_turn(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(positions, "LOOK", 4)
    clients = [line.watch(line.submit()) for _ in range(11)]
    until(lambda: [told(client) for client in clients] == [[n] for n in range(1, 12)])
    asked = len(line.asked)
    line.looks(6)
    assert all(len(ids) <= 4 for ids in line.asked)
    assert {job_id for ids in line.asked[asked:] for job_id in ids} == {client.job_id for client in clients}


def test_a_reader_that_is_behind_is_left_alone_until_it_has_caught_up(line: Line) -> None:
    client = line.watch(line.submit())
    until(lambda: told(client) == [1])
    [subscriber] = line.relay.subscribers()
    subscriber.rest = b":\n"
    line.parts.client.zadd(keys.waiting("default"), {"0": 0})
    line.looks()
    assert told(client) == [1]
    assert subscriber.rest == b":\n"
    subscriber.drain()
    line.parts.client.zadd(keys.waiting("default"), {"1": 1})
    until(lambda: told(client) == [1, 3])


def test_a_look_comes_once_a_second_at_most(parts: Parts) -> None:
    line = Line(parts)
    client = line.watch(line.submit())
    until(lambda: told(client) == [1])
    line.relay.positions._due = float("inf")
    turns, before = Positions(line.relay, line._places), len(line.asked)
    for tick in range(100):
        turns.turn(1000 + tick / 20)
        gevent.sleep(0)
        until(lambda: not turns._asking)
    assert len(line.asked) - before == 5
    line.relay.stop()


def test_events_do_not_wait_for_a_look_that_hangs(line: Line) -> None:
    hangs = Event()
    line.relay.positions._places = lambda *_: hangs.wait() and []
    watched = line.submit()
    client = line.watch(watched)
    until(lambda: line.relay.positions._asking)
    line.take()
    line.write(watched, ev.JobSucceeded(result=1))
    until(lambda: "stream.end" in client.types)
    hangs.set()
