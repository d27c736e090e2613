import zlib

import msgspec
import pytest
from hypothesis import given, settings
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Close, Frame, Opcode
from websockets.protocol import CLIENT, Protocol

from app.transports import deflate, websocket
from jobs.eventlog import Record
from tests.histories import histories

QUICK = settings(max_examples=20, deadline=None, derandomize=True)


def reader(*, compressed: bool = False) -> Protocol:
    """A client's end, as far as it reads."""
    client = Protocol(CLIENT)
    if compressed:
        client.extensions = [PerMessageDeflate(True, True, 15, 15)]
    return client


def read(client: Protocol, data: bytes) -> list[Frame]:
    client.receive_data(data)
    assert client.parser_exc is None
    return [frame for frame in client.events_received() if isinstance(frame, Frame)]


@pytest.mark.parametrize("encoding", [websocket, deflate])
@QUICK
@given(histories(most=8))
def test_every_event_is_one_text_message_whatever_is_in_it(encoding: object, log: list[Record]) -> None:
    envelopes = [msgspec.json.encode(record) for record in log]
    stream = b"".join(encoding.event(record.type, text, record.id) for record, text in zip(log, envelopes, strict=True))
    frames = read(reader(compressed=encoding is deflate), stream)

    assert [bytes(frame.data) for frame in frames] == envelopes
    assert all(frame.opcode is Opcode.TEXT and frame.fin for frame in frames)


@pytest.mark.parametrize("encoding", [websocket, deflate])
@pytest.mark.parametrize("length", [0, 1, 125, 126, 65_535, 65_536, 300_000])
def test_a_message_may_be_of_any_length(encoding: object, length: int) -> None:
    (frame,) = read(reader(compressed=encoding is deflate), encoding.frame("stream.snapshot", b"x" * length))

    assert bytes(frame.data) == b"x" * length


def test_a_compressed_frame_is_the_same_for_everybody_and_needs_no_other_before_it() -> None:
    one, other = (deflate.event("log", b'{"a":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}', "k3f9-1") for _ in range(2))

    assert one == other
    assert len(one) < 30
    assert zlib.decompressobj(wbits=-15).decompress(one[2:]) == b'{"a":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}'


def test_a_heartbeat_is_a_ping_that_a_client_answers_by_itself() -> None:
    client = reader()
    (frame,) = read(client, websocket.HEARTBEAT)

    assert frame.opcode is Opcode.PING
    assert client.data_to_send()


def test_the_time_to_wait_is_said_by_an_event_not_by_a_frame() -> None:
    assert websocket.retry(1500) == deflate.retry(1500) == b""


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("terminal", 1000),
        ("gone", 1000),
        ("rotate", 4001),
        ("drain", 4002),
        ("overloaded", 4003),
        ("redis_away", 4004),
        ("silent", 4005),
        ("something of a later version", 4000),
    ],
)
def test_why_a_stream_ends_is_also_the_code_that_it_closes_with(reason: str, code: int) -> None:
    (frame,) = read(reader(), websocket.close(reason))

    assert Close.parse(frame.data) == Close(code, reason)
