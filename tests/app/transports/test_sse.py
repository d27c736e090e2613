import re

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.transports import sse
from jobs.eventlog import Record
from tests.histories import TRICKY, histories, texts
from tests.whatwg import Reader, read

MANY = settings(max_examples=300, deadline=None, derandomize=True)
lines = st.text(st.sampled_from(TRICKY) | st.characters(exclude_categories=["Cs"]), max_size=40)
words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0"), max_size=20)


@MANY
@given(words, lines, words)
def test_any_text_comes_out_as_it_went_in_with_one_kind_of_line_break(name: str, data: str, event_id: str) -> None:
    frame = sse.frame(name, data.encode(), event_id)

    assert read(frame) == [(name or "message", re.sub("\r\n|\r", "\n", data), event_id)]


@MANY
@given(st.lists(st.tuples(words, lines), max_size=5))
def test_frames_one_behind_another_are_as_many_events(pairs: list[tuple[str, str]]) -> None:
    stream = b"".join(sse.HEARTBEAT + sse.frame(name, data.encode(), "k3f9-1") for name, data in pairs)
    reader = Reader().read(stream)

    assert [data for _, data, _ in reader.events] == [re.sub("\r\n|\r", "\n", data) for _, data in pairs]
    assert len(reader.comments) == len(pairs)


@MANY
@given(lines)
def test_only_cr_lf_and_crlf_break_a_line(data: str) -> None:
    """U+2028, U+2029, NEL, VT, FF and the separators of ASCII do not, whatever str.splitlines says."""
    plain = re.sub("[\r\n]", "", data)

    assert sse.frame(None, plain.encode()).count(b"\n") == 2


@settings(MANY, max_examples=20)
@given(histories(most=8))
def test_an_envelope_comes_out_as_it_went_in_on_one_line(log: list[Record]) -> None:
    for record in log:
        envelope = msgspec.json.encode(record)
        named, nameless = (frame(record.type, envelope, record.id) for frame in (sse.event, sse.nameless))
        ((kind, data, event_id),) = read(named)
        assert (kind, msgspec.json.decode(data), event_id) == (record.type, msgspec.json.decode(envelope), record.id)
        assert read(nameless) == [("message", data, record.id)]
        assert len(data.splitlines()) == 1
        assert named == sse.frame(record.type, data.encode(), record.id)


@pytest.mark.parametrize("bad", ["a\nb", "a\rb", "a\r\n", "\0", "\n", "a\ndata: forged\n\n", "\ud800"])
def test_what_would_break_the_framing_is_refused_in_id_and_event(bad: str) -> None:
    with pytest.raises(ValueError, match=r"CR, LF or NUL|surrogates"):
        sse.frame(bad, b"{}")
    with pytest.raises(ValueError, match=r"CR, LF or NUL|surrogates"):
        sse.frame("log", b"{}", bad)


@given(texts)
@settings(MANY, max_examples=50)
def test_half_a_character_is_refused_before_it_reaches_a_frame(text: str) -> None:
    """No JSON of ours carries one, so no envelope can."""
    with pytest.raises(UnicodeEncodeError):
        msgspec.json.encode({"text": text + "\ud83d"})


@pytest.mark.parametrize(
    ("data", "text"),
    [(b"", ""), (b" leading", " leading"), (b"  two", "  two"), (b"\n", "\n"), (b"a\n", "a\n"), (b":colon", ":colon"),
     (b"data: x", "data: x"), (b"\xef\xbb\xbfbom", "\ufeffbom"), (b"a\0b", "a\0b"), (b"\r\r\n\n", "\n\n\n")],
)  # fmt: skip
def test_texts_that_readers_get_wrong(data: bytes, text: str) -> None:
    assert read(sse.frame("log", data)) == [("log", text, "")]


def test_a_heartbeat_is_a_comment_and_no_event() -> None:
    reader = Reader().read(sse.HEARTBEAT * 3 + sse.frame("log", b"x") + sse.HEARTBEAT)

    assert (len(reader.comments), reader.events) == (4, [("log", "x", "")])
    assert b"\n\n" not in sse.HEARTBEAT


def test_the_time_to_wait_belongs_to_the_frame_that_follows() -> None:
    reader = Reader().read(sse.retry(1500) + sse.frame("stream.open", b"{}"))

    assert (reader.retry, reader.events) == (1500, [("stream.open", "{}", "")])


def test_a_frame_that_the_connection_broke_off_is_no_event() -> None:
    frame = sse.frame("log", b'{"a":1}', "k3f9-1")

    assert all(Reader().read(frame[:cut]).events == [] for cut in range(len(frame)))
