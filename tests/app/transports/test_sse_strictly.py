"""A strict reader accepts every byte that the relay makes, wherever it is cut, and refuses what others let pass."""

from collections.abc import Sequence
from random import Random
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.relay.lens import Lens
from app.transports import sse
from jobs import events as ev
from jobs.eventlog import Cursor, Record
from tests.histories import JOB_ID, entry_of, histories, record_of, texts
from tests.whatwg import Event, Reader, Refused, read

MANY = settings(max_examples=150, deadline=None, derandomize=True)
SOME = settings(MANY, max_examples=30)
CURSOR = Cursor("k3f9ab", 17)
#: An event's data may have so many bytes of JSON.
LARGEST = 64 * 1024
#: What JSON escapes and what it does not; each breaks a line, or a reader, somewhere.
BREAKS = "\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029\0\ufeff\ufffd\ufffe\U0010ffff"


class Told(NamedTuple):
    """Bytes of a stream, and the events that a reader is to get from them, their data as JSON."""

    stream: bytes
    events: list[tuple[str, Any, str]]


def parsed(events: list[Event]) -> list[tuple[str, Any, str]]:
    return [(kind, msgspec.json.decode(text), event_id) for kind, text, event_id in events]


def stored(log: Sequence[Record], lens: Lens) -> Told:
    entries = [entry_of(record) for record in log]
    events = [
        Event(entry.type if lens.named else "message", entry.envelope.decode(), str(entry.cursor)) for entry in entries
    ]
    return Told(lens.encode(entries), parsed(events))


def control(name: str, data: dict[str, Any], cursor: Cursor | None, lens: Lens) -> Told:
    text = msgspec.json.encode({"id": cursor and str(cursor), "type": name, "job": JOB_ID, "data": data}).decode()
    event = Event(name if lens.named else "message", text, str(cursor or ""))
    return Told(lens.control(name, JOB_ID, data, cursor=cursor), parsed([event]))


named = st.sampled_from([Lens(), Lens(named=False)])
data = st.dictionaries(texts, texts | st.just(BREAKS) | st.integers(0, 9) | st.none(), max_size=4)
NAMES = ["stream.open", "stream.snapshot", "stream.gap", "stream.end"]


@st.composite
def streams(draw: st.DrawFn) -> Told:
    """What one reader may get: events of the stream itself and stored ones in turns, heartbeats and waits between."""
    lens = draw(named)
    parts = [
        control(draw(st.sampled_from(NAMES)), draw(data), draw(st.none() | st.just(CURSOR)), lens),
        stored(draw(histories(most=6)), lens),
        control("stream.end", draw(data), CURSOR, lens),
    ]
    between = [draw(st.sampled_from([b"", sse.HEARTBEAT, sse.HEARTBEAT * 3, sse.retry(1500)])) for _ in parts]
    stream, events, last = b"", [], ""
    for before, part in zip(between, parts, strict=True):
        stream += before + part.stream
        for kind, envelope, event_id in part.events:
            last = event_id or last
            events.append((kind, envelope, last))
    return Told(stream, events)


def piecemeal(stream: bytes, longest: int, seed: int = 1) -> list[Event]:
    """The events of *stream* as it comes in pieces of up to *longest* bytes."""
    chance, at, reader = Random(seed), 0, Reader()
    while at < len(stream):
        size = chance.randint(1, longest)
        reader.read(stream[at : at + size])
        at += size
    return reader.close().events


# What the relay makes ------------------------------------------------------------------------------------------------


@MANY
@given(streams())
def test_every_byte_is_accepted_and_every_event_comes_out_as_it_went_in(told: Told) -> None:
    assert parsed(read(told.stream)) == told.events


@MANY
@given(streams())
def test_what_breaks_a_line_by_unicode_breaks_none_here(told: Told) -> None:
    """Many a reader splits by str.splitlines, which knows ten line breaks."""
    assert told.stream.decode().splitlines() == told.stream.decode().split("\n")[:-1]


@SOME
@given(streams(), st.integers(0, 2**32))
def test_it_does_not_matter_where_the_bytes_are_cut(told: Told, seed: int) -> None:
    for longest in (1, 2, 50):
        assert parsed(piecemeal(told.stream, longest, seed)) == told.events


@SOME
@given(streams())
def test_a_stream_that_breaks_off_anywhere_gives_whole_events_and_ids_that_may_be_resumed_from(told: Told) -> None:
    for at in range(len(told.stream)):
        reader = Reader().read(told.stream[:at])
        assert parsed(reader.events) == told.events[: len(reader.events)]
        assert reader.last_event_id == (reader.events[-1].last_event_id if reader.events else "")


@pytest.mark.parametrize(
    "text", ["", BREAKS, "\u2028" * 5000, "\0" * 5000, "\ufeff", "\U0010ffff" * 9000, "data: x\n\n"]
)
def test_texts_that_break_lines_elsewhere_arrive(text: str) -> None:
    record = record_of(17, ev.OutputAppended(name="text", offset=0, text=text))

    ((_, envelope, _),) = read(stored([record], Lens()).stream)
    assert msgspec.json.decode(envelope)["data"]["text"] == text


def test_the_largest_event_arrives_in_one_piece_and_in_many() -> None:
    rest = LARGEST - len(msgspec.json.encode({"name": "text", "offset": 0, "text": ""}))
    record = record_of(17, ev.OutputAppended(name="text", offset=0, text="\u2028ü" * (rest // 5)))
    told = stored([record], Lens())

    assert parsed(read(told.stream)) == parsed(piecemeal(told.stream, 1500)) == told.events


# What the reader refuses ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stream", "why"),
    [
        (b"\xef\xbb\xbfdata: x\n\n", "byte order mark"),
        (b"data: \xff\n\n", "not UTF-8"),
        (b"data: \xed\xa0\x80\n\n", "not UTF-8"),
        (b"data: \xc3", "line without an end"),
        (b"data: x", "line without an end"),
        (b"data: x\n", "block without an end"),
        (b"data: x\r", "block without an end"),
        (b":", "line without an end"),
        (b"\n", "block without data"),
        (b"id: 1\n\n", "block without data"),
        (b"retry: 1\n\n", "block without data"),
        (b": only a comment\n\n", "block without data"),
        (b"data: x\n\n\n", "block without data"),
        (b"Data: x\n\n", "unknown field"),
        (b" data: x\n\n", "unknown field"),
        (b"dat\n\n", "unknown field"),
        (b"id: a\0b\ndata: x\n\n", "NUL in an id"),
        (b"retry: 1.5\ndata: x\n\n", "retry that is no number"),
        ("retry: ٣\ndata: x\n\n".encode(), "retry that is no number"),
        (b"event: a\nevent: b\ndata: x\n\n", "second event"),
        (b"id: 1\nid: 2\ndata: x\n\n", "second id"),
    ],
)
def test_what_others_swallow_is_refused(stream: bytes, why: str) -> None:
    with pytest.raises(Refused, match=why):
        read(stream)
    with pytest.raises(Refused, match=why):
        piecemeal(stream, 1)


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        (b"data: YHOO\ndata: +2\ndata: 10\n\n", [("message", "YHOO\n+2\n10", "")]),
        (b"data\n\ndata\ndata\n\n", [("message", "", ""), ("message", "\n", "")]),
        (b"data:test\n\ndata: test\n\n", [("message", "test", "")] * 2),
        (
            b"data:  x\r\rid:1\rdata:y\r\n\r\ndata\n\r",
            [("message", " x", ""), ("message", "y", "1"), ("message", "", "1")],
        ),
    ],
)
def test_what_the_standard_allows_is_read_as_it_says(stream: bytes, events: list[tuple[str, str, str]]) -> None:
    assert read(stream) == piecemeal(stream, 1) == events
