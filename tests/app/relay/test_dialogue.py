"""What clients of WebSockets say, while they are told and while they take nothing: in order, bounded, once."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import gevent
import pytest
from gevent import socket
from websockets.frames import Close, Frame, Opcode
from websockets.protocol import CLIENT, Protocol

from app.relay.hearing import OWED
from app.relay.hub import Relay
from app.relay.lens import Lens
from app.relay.subscriber import Reading
from app.relay.upkeep import Pace
from jobs.eventlog import Cursor
from jobs.wiring import Parts
from tests.app.relay.conftest import begin, relay_of, until, work

WEBSOCKET = Lens(transport="websocket")
REFUSAL = {"action": None, "code": "invalid_request", "detail": "x" * 200, "errors": []}


def said(*texts: str) -> bytes:
    return b"".join(Frame(Opcode.TEXT, text.encode()).serialize(mask=True) for text in texts)


Hear = Callable[[str, Cursor | None], Any]
Join = Callable[..., "Client"]


class Client:
    """One end of a connection that the relay holds the other of; *hear* is what becomes of its words."""

    def __init__(self, relay: Relay, job_id: str, hear: Hear) -> None:
        self.socket, theirs = socket.socketpair()
        relay.adopt(theirs, Reading(job_id=job_id, after="0", lens=WEBSOCKET, hear=hear))
        [self.subscriber] = relay.subscribers()
        self._protocol = Protocol(CLIENT)

    def frames(self) -> Iterator[Frame]:
        while data := self.socket.recv(65536):
            self._protocol.receive_data(data)
            yield from (frame for frame in self._protocol.events_received() if isinstance(frame, Frame))


@pytest.fixture
def join() -> Iterator[Join]:
    """Makes clients, and closes them at the end."""
    with contextlib.ExitStack() as stack:

        def made(relay: Relay, job_id: str, hear: Hear) -> Client:
            client = Client(relay, job_id, hear)
            stack.callback(client.socket.close)
            return client

        yield made


@pytest.fixture
def hasty(parts: Parts) -> Iterator[Relay]:
    """A relay that loses its patience soon."""
    made = relay_of(parts, Pace(heartbeat=0.2, stuck=0.5, parting=0.3))
    yield made
    made.stop()


def test_what_is_said_is_done_one_thing_after_another(parts: Parts, relay: Relay, join: Join) -> None:
    writer = begin(parts)
    done: list[str] = []

    def hear(text: str, _: Cursor | None) -> None:
        done.append(f"{text} begins")
        gevent.sleep(0.02)
        done.append(f"{text} ends")

    client = join(relay, writer.job_id, hear)
    client.socket.sendall(said("a", "b"))
    client.socket.sendall(said("c"))
    until(lambda: len(done) == 6)
    assert done == [f"{text} {what}" for text in "abc" for what in ("begins", "ends")]


def blocked(join: Join, parts: Parts, relay: Relay, hear: Hear) -> Client:
    """A client that takes nothing, on a job that has told more than fits between the two."""
    writer = begin(parts)
    client = join(relay, writer.job_id, hear)
    until(lambda: client.subscriber.live)
    work(writer, 40, text="x" * 20_000, end=False)
    until(lambda: bool(client.subscriber.rest))
    return client


def test_a_client_that_takes_nothing_is_heard_all_the_same(parts: Parts, relay: Relay, join: Join) -> None:
    heard: list[str] = []
    client = blocked(join, parts, relay, lambda text, _: heard.append(text))
    client.socket.sendall(said("stop it"))
    until(lambda: heard == ["stop it"])


def test_what_a_client_that_takes_nothing_is_owed_is_bounded_and_paid_when_it_reads(
    parts: Parts, relay: Relay, join: Join
) -> None:
    client = blocked(join, parts, relay, lambda *_: REFUSAL)
    client.socket.sendall(said(*"x" * 400))
    hearing = client.subscriber.hearing
    assert hearing is not None
    until(lambda: len(hearing.owed) > OWED and not hearing.busy)
    assert len(hearing.owed) < OWED + 1000
    assert any(b"stream.refused" in bytes(frame.data) for frame in client.frames())


def test_a_blocked_client_that_gets_on_is_not_stuck(parts: Parts, hasty: Relay, join: Join) -> None:
    steps = iter(range(1, 1000))
    client = blocked(join, parts, hasty, lambda *_: Cursor("k3f9ab", next(steps)))
    for _ in range(12):
        client.socket.sendall(said("on"))
        gevent.sleep(0.1)
    assert not client.subscriber.closed
    until(lambda: hasty.tally.reasons == {"stuck": 1})


def test_a_blocked_client_that_says_the_same_again_and_again_is_stuck(parts: Parts, hasty: Relay, join: Join) -> None:
    client = blocked(join, parts, hasty, lambda *_: Cursor("k3f9ab", 1))
    while not client.subscriber.closed:
        client.socket.sendall(said("on"))
        gevent.sleep(0.05)
    assert hasty.tally.reasons == {"stuck": 1}


def test_a_client_that_does_not_answer_the_end_is_closed_after_a_moment(parts: Parts, hasty: Relay, join: Join) -> None:
    writer = begin(parts)
    client = join(hasty, writer.job_id, lambda *_: None)
    work(writer, 1)
    *_, last = client.frames()
    assert Close.parse(bytes(last.data)) == Close(1000, "terminal")
    assert not client.subscriber.closed
    until(lambda: hasty.tally.reasons == {"terminal": 1})
    assert not hasty.rooms.all()


def test_what_is_said_after_the_end_is_not_heard(parts: Parts, relay: Relay, join: Join) -> None:
    writer = begin(parts)
    heard: list[str] = []
    client = join(relay, writer.job_id, lambda text, _: heard.append(text))
    work(writer, 1)
    *_, last = client.frames()
    assert last.opcode is Opcode.CLOSE
    client.socket.sendall(said("late"))
    client.socket.close()
    until(lambda: client.subscriber.closed)
    assert heard == []
    assert relay.tally.reasons == {"terminal": 1}


def test_a_client_that_leaves_is_answered_and_noted(parts: Parts, relay: Relay, join: Join) -> None:
    writer = begin(parts)
    client = join(relay, writer.job_id, lambda *_: None)
    until(lambda: client.subscriber.live)
    client.socket.sendall(Frame(Opcode.CLOSE, Close(1001, "").serialize()).serialize(mask=True))
    *_, last = client.frames()
    assert Close.parse(bytes(last.data)).code == 1001
    client.socket.close()
    until(lambda: relay.tally.reasons == {"left": 1})
    assert not relay.rooms.all()
