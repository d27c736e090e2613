"""What a client may say, and what becomes of the rest; the client's end is the library's own."""

import random
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Close, Frame, Opcode
from websockets.protocol import CLIENT, Protocol

from app.transports.talk import BROKEN, LEFT, MAX_MESSAGE, Heard, Talk

MANY = settings(max_examples=300, deadline=None, derandomize=True)
QUICK = settings(max_examples=50, deadline=None, derandomize=True)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)


def said(opcode: Opcode, data: bytes = b"", *, fin: bool = True, mask: bool = True) -> bytes:
    return Frame(opcode, data, fin).serialize(mask=mask)


def in_parts(text: str, count: int) -> bytes:
    data = text.encode()
    size = max(1, -(-len(data) // count))
    parts = [data[at : at + size] for at in range(0, len(data), size)] or [b""]
    frames = [said(Opcode.CONT if at else Opcode.TEXT, part, fin=at == len(parts) - 1) for at, part in enumerate(parts)]
    return said(Opcode.PING, b"between").join(frames)


def hear(talk: Talk, pieces: Iterable[bytes]) -> Heard:
    """What came of all *pieces*."""
    reply, messages, closed = b"", [], None
    for piece in pieces:
        heard = talk.receive(piece)
        reply, messages, closed = reply + heard.reply, messages + heard.messages, heard.closed
    return Heard(reply, messages, closed)


def cut(data: bytes, seed: int) -> list[bytes]:
    chance, pieces = random.Random(seed), []
    while data:
        size = chance.choice([1, 2, 3, 7, 100, len(data)])
        pieces.append(data[:size])
        data = data[size:]
    return pieces


def replies(reply: bytes) -> Sequence[Frame]:
    client = Protocol(CLIENT)
    client.receive_data(reply)
    return [frame for frame in client.events_received() if isinstance(frame, Frame)]


def code(heard: Heard) -> int:
    """What the service closed the conversation with."""
    assert heard.closed == BROKEN
    last = replies(heard.reply)[-1]
    assert last.opcode is Opcode.CLOSE
    return int(Close.parse(last.data).code)


@MANY
@given(st.lists(st.tuples(texts, st.integers(1, 4)), max_size=6), st.integers())
def test_however_the_bytes_are_cut_every_message_is_heard_whole(said_: list[tuple[str, int]], seed: int) -> None:
    data = b"".join(in_parts(text, count) for text, count in said_)
    heard = hear(Talk(), cut(data, seed))

    assert heard.messages == [text for text, _ in said_]
    assert not heard.closed
    assert all(frame.opcode is Opcode.PONG and frame.data == b"between" for frame in replies(heard.reply))


@QUICK
@given(st.lists(texts, min_size=1, max_size=6), st.integers())
def test_compressed_messages_are_heard_as_plain_ones(said_: list[str], seed: int) -> None:
    client = Protocol(CLIENT)
    client.extensions = [PerMessageDeflate(True, True, 15, 15)]
    for text in said_:
        client.send_text(text.encode())
    heard = hear(Talk(deflate=True), cut(b"".join(client.data_to_send()), seed))

    assert heard.messages == said_


@MANY
@given(st.binary(max_size=600), st.integers(), st.booleans())
def test_garbage_is_answered_with_a_close_frame_and_never_an_exception(
    garbage: bytes, seed: int, deflate: bool
) -> None:
    talk = Talk(deflate=deflate)
    heard = hear(talk, cut(garbage, seed))

    if heard.closed:
        assert replies(heard.reply)[-1].opcode is Opcode.CLOSE
        assert talk.receive(b"more") == Heard(b"", [], heard.closed)


@MANY
@given(st.binary(min_size=1, max_size=200), st.integers(0, 199), st.integers(0, 255), st.integers())
def test_one_wrong_byte_in_what_a_client_says_is_no_exception(data: bytes, at: int, wrong: int, seed: int) -> None:
    frames = bytearray(in_parts(data.decode("latin-1"), 3) + said(Opcode.PING) + said(Opcode.CLOSE, b"\x03\xe8"))
    frames[at % len(frames)] = wrong
    heard = hear(Talk(), cut(bytes(frames), seed))

    if heard.closed:
        assert replies(heard.reply)[-1].opcode is Opcode.CLOSE


@pytest.mark.parametrize(
    ("data", "closed_with"),
    [
        (said(Opcode.TEXT, b"{}", mask=False), 1002),
        (said(Opcode.CONT, b"{}"), 1002),
        (said(Opcode.TEXT, b"{", fin=False) + said(Opcode.TEXT, b"}"), 1002),
        (b"\x83\x80\x00\x00\x00\x00", 1002),
        (b"\xc1\x80\x00\x00\x00\x00", 1002),
        (b"\x09\x80\x00\x00\x00\x00", 1002),
        (said(Opcode.CLOSE, b"\x03"), 1002),
        (said(Opcode.CLOSE, b"\x03\xed"), 1002),
        (said(Opcode.BINARY, b"{}"), 1003),
        (said(Opcode.TEXT, b"\xff"), 1007),
        (said(Opcode.TEXT, b"\xed\xa0\x80"), 1007),
        (said(Opcode.TEXT, b"\xe2\x82", fin=False) + said(Opcode.CONT, b"\xac") + said(Opcode.TEXT, b"\x80"), 1007),
        (said(Opcode.CLOSE, b"\x03\xe8\xff"), 1007),
        (said(Opcode.TEXT, b"x" * (MAX_MESSAGE + 1)), 1009),
        (said(Opcode.TEXT, b"x" * MAX_MESSAGE, fin=False) + said(Opcode.CONT, b"x"), 1009),
        (said(Opcode.TEXT, b"x" * (MAX_MESSAGE + 1))[:4], 1009),
        (b"\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff", 1009),
    ],
    ids=lambda thing: str(thing) if isinstance(thing, int) else "frames",  # masks are random, names must not be
)
def test_what_breaks_the_protocol_closes_with_the_code_for_it(data: bytes, closed_with: int) -> None:
    assert code(hear(Talk(), [data])) == closed_with
    assert code(hear(Talk(), [data[at : at + 1] for at in range(len(data))])) == closed_with


def test_a_small_frame_that_swells_is_too_large() -> None:
    client = Protocol(CLIENT)
    client.extensions = [PerMessageDeflate(True, True, 15, 15)]
    client.send_text(b"x" * 1_000_000)
    bomb = b"".join(client.data_to_send())

    assert len(bomb) < MAX_MESSAGE
    assert code(hear(Talk(deflate=True), [bomb])) == 1009


def test_a_message_of_the_full_size_is_heard_whole_or_in_parts() -> None:
    whole = said(Opcode.TEXT, b"x" * MAX_MESSAGE)
    nothing = said(Opcode.CONT, fin=False)
    parts = said(Opcode.TEXT, b"x" * 4000, fin=False) + nothing * 3 + said(Opcode.CONT, b"x" * 96)

    assert hear(Talk(), [whole + parts]).messages == ["x" * MAX_MESSAGE] * 2


def test_a_ping_is_answered_with_what_it_carried() -> None:
    (pong,) = replies(hear(Talk(), [said(Opcode.PING, b"are you there")]).reply)

    assert (pong.opcode, bytes(pong.data)) == (Opcode.PONG, b"are you there")


@pytest.mark.parametrize("data", [b"", Close(1000, "done").serialize(), Close(4321, "").serialize()])
def test_a_client_that_closes_is_answered_in_kind(data: bytes) -> None:
    heard = hear(Talk(), [said(Opcode.TEXT, b"{}") + said(Opcode.CLOSE, data) + said(Opcode.TEXT, b"late")])
    (last,) = replies(heard.reply)

    assert heard.messages == ["{}"]
    assert heard.closed == LEFT
    assert (last.opcode, bytes(last.data)) == (Opcode.CLOSE, data)


def test_what_was_said_before_a_fault_counts_and_what_came_after_does_not() -> None:
    data = said(Opcode.TEXT, b"before") + said(Opcode.BINARY, b"x") + said(Opcode.TEXT, b"after")

    assert hear(Talk(), [data]).messages == ["before"]
