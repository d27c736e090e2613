"""What is read before a stream is opened is all that it needs, and nothing that comes meanwhile is missed."""

from typing import Any

import gevent
import gevent.event
import pytest
from gevent import socket

from app.relay import upkeep
from app.relay.arrival import Standing, look
from app.relay.hub import Relay
from app.relay.lens import Lens
from app.relay.subscriber import Reading
from jobs import events as ev
from jobs.errors import JobNotFound
from jobs.eventlog import Cursor
from jobs.files import new_id
from jobs.wiring import Parts
from tests.app.relay.conftest import begin, finish, until, whole, work


def _read(sock: Any, *, until: bytes) -> bytes:
    came = b""
    with gevent.Timeout(20):
        while until not in came:
            came += sock.recv(4096)
    return came


def _adopt(relay: Relay, job_id: str, after: Cursor | str, found: Standing | None) -> Any:
    ours, theirs = socket.socketpair()
    relay.adopt(theirs, Reading(job_id=job_id, after=after, lens=Lens()), page=found and found.page)
    return ours


@pytest.fixture
def fed(relay: Relay) -> Relay:
    """A relay whose feed is there: no request is the first of all. Nothing is done in it by the clock."""
    relay.start()
    assert relay._ticker is not None
    relay._ticker.kill()
    until(lambda: relay.feed._sock is not None)
    return relay


def test_a_reader_of_what_is_to_come_is_live_at_once_and_costs_one_look(parts: Parts, fed: Relay) -> None:
    writer = begin(parts)
    found = look(fed, writer.job_id, "latest")
    assert found is not None
    assert (found.head.id, found.page and found.page.last) == (writer.job_id, writer.job.cursor)
    reads = fed.reader.reads
    ours = _adopt(fed, writer.job_id, "latest", found)
    [subscriber] = fed.subscribers()
    assert (subscriber.live, subscriber.rejoining, fed.reader.reads) == (True, False, reads)
    work(writer, 1, end=False)
    assert b"stream.caught_up" in _read(ours, until=b'"seq":%d,' % writer.job.seq)
    ours.close()


@pytest.mark.parametrize("after", ["latest", "0", "here"])
def test_what_comes_between_the_look_and_the_stream_is_told(parts: Parts, fed: Relay, after: str) -> None:
    writer = begin(parts)
    cursor = writer.job.cursor if after == "here" else after
    found = look(fed, writer.job_id, cursor)
    writer.write([ev.ItemFinished(key="between", state="ok")])
    until(lambda: fed.rooms.all()[0].last == writer.job.cursor)
    ours = _adopt(fed, writer.job_id, cursor, found)
    assert b'"key":"between"' in _read(ours, until=b"stream.caught_up")
    ours.close()


def test_what_comes_while_the_log_is_looked_at_is_told(
    parts: Parts, fed: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = begin(parts)
    stand = fed.reader.stand

    def slowly(job_id: str) -> Any:
        page = stand(job_id)
        writer.write([ev.ItemFinished(key="meanwhile", state="ok")])
        until(lambda: bool(fed.rooms.all()[0].held))
        return page

    monkeypatch.setattr(fed.reader, "stand", slowly)
    ours = _adopt(fed, writer.job_id, "latest", look(fed, writer.job_id, "latest"))
    assert b'"key":"meanwhile"' in _read(ours, until=b"stream.caught_up")
    ours.close()


def test_a_look_from_a_room_that_was_shut_meanwhile_is_not_relied_on(parts: Parts, fed: Relay) -> None:
    writer = begin(parts)
    found = look(fed, writer.job_id, "latest")
    fed.rooms.tidy()
    writer.write([ev.ItemFinished(key="missed", state="ok")])
    ours = _adopt(fed, writer.job_id, "latest", found)
    told = _read(ours, until=b"stream.caught_up")
    assert b'"cursor":"%b"' % str(writer.job.cursor).encode() in told
    until(lambda: fed.rooms.all()[0].last == writer.job.cursor)
    ours.close()


def test_of_a_storm_only_the_first_looks_at_the_log(parts: Parts, fed: Relay) -> None:
    writer = begin(parts)
    work(writer, 5, end=False)
    found = [look(fed, writer.job_id, after) for after in ("0", "0", writer.job.cursor)]
    assert [each is not None and each.page is not None for each in found] == [True, False, False]
    assert fed.reader.reads == 1


def test_the_first_who_comes_reads_the_log_once(parts: Parts, fed: Relay) -> None:
    writer = begin(parts)
    work(writer, 5, end=False)
    ours = _adopt(fed, writer.job_id, "0", look(fed, writer.job_id, "0"))
    told = _read(ours, until=b"stream.caught_up")
    assert [b'"seq":%d,' % seq in told for seq in whole(writer)] == [True] * writer.job.seq
    assert fed.reader.reads == 1
    ours.close()


def test_those_who_come_while_the_first_reads_only_look(
    parts: Parts, fed: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = begin(parts)
    read, reads, go = parts.log.read, list[int](), gevent.event.Event()

    def slowly(job_id: str, after: int, limit: int) -> Any:
        reads.append(after)
        go.wait()
        return read(job_id, after, limit)

    monkeypatch.setattr(fed.reader._log, "read", slowly)
    several = [gevent.spawn(look, fed, writer.job_id, "0") for _ in range(20)]
    until(lambda: sum(each.ready() for each in several) == 19)
    go.set()
    finish(*several)
    assert reads == [0]
    assert {each.value.head.seq for each in several} == {writer.job.seq}


def test_a_room_that_was_only_looked_at_is_shut_again(parts: Parts, fed: Relay) -> None:
    writer = begin(parts)
    look(fed, writer.job_id, "latest")
    with pytest.raises(JobNotFound):
        look(fed, new_id(), "latest")
    assert len(fed.rooms.all()) == 2
    ours = _adopt(fed, writer.job_id, "latest", look(fed, writer.job_id, "latest"))
    fed.rooms.tidy()
    assert [room.job_id for room in fed.rooms.all()] == [writer.job_id]
    ours.close()
    until(lambda: not fed.rooms.all())


def test_while_the_feed_is_broken_no_request_waits_for_it(parts: Parts, fed: Relay) -> None:
    writer = begin(parts)
    fed.feed.broken_since = 1.0
    assert look(fed, writer.job_id, "latest") is None
    assert fed.rooms.all() == []


def test_rooms_that_were_only_looked_at_are_shut_by_the_clock(parts: Parts, fed: Relay) -> None:
    look(fed, begin(parts).job_id, "0")
    upkeep._turn(fed, fed.pace, upkeep.Patrol(fed, fed.pace))
    assert fed.rooms.all() == []
