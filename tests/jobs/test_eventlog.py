import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.errors import InvalidCursor
from jobs.eventlog import Cursor, Record
from tests.histories import histories

QUICK = settings(max_examples=100, deadline=None, derandomize=True)
epochs = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=4, max_size=12)


@QUICK
@given(epochs, st.integers(0, 10**15 - 1))
def test_a_cursor_is_read_back_from_its_text(epoch: str, seq: int) -> None:
    cursor = Cursor(epoch, seq)

    assert Cursor.parse(str(cursor)) == cursor
    assert len(str(cursor)) <= 64
    assert set(str(cursor)) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


@pytest.mark.parametrize(
    "text",
    [
        "", "0", "latest", "k3f9", "k3f9-", "-17", "k3f9-017", "k3f9--1", "k3f9-1.5", "K3F9-17", "k3f-1", "k3f9-17 ",
        " k3f9-17", "k3f9-17\n", "k3f9-\u0661\u0667", "k3f9-1e3", "a" * 13 + "-1", "k3f9-" + "9" * 16, "k3f9-1-1",
        "k3f9-\0", "../../etc", "k3f9_17", "x" * 10_000,
    ],
)  # fmt: skip
def test_what_no_log_could_have_given_out_is_no_cursor(text: str) -> None:
    with pytest.raises(InvalidCursor) as refused:
        Cursor.parse(text)
    assert len(str(refused.value)) < 400


@QUICK
@given(st.text(max_size=20))
def test_any_text_is_a_cursor_or_refused(text: str) -> None:
    try:
        cursor = Cursor.parse(text)
    except InvalidCursor:
        return
    assert str(cursor) == text


@settings(QUICK, max_examples=15)
@given(histories(most=5))
def test_an_envelope_is_read_back_as_it_was_written_and_keeps_unknown_members_out(log: list[Record]) -> None:
    for record in log:
        envelope = msgspec.json.encode(record)
        assert msgspec.json.decode(envelope, type=Record) == record
        members = msgspec.json.decode(envelope)
        assert list(members) == ["id", "seq", "type", "job", "time", "attempt", "data"]


def test_a_merged_event_says_from_where() -> None:
    record = Record(id="k3f9-17", seq=17, from_seq=12, type="t", job="j", time="", attempt=1, data=msgspec.Raw(b"{}"))

    assert msgspec.json.decode(msgspec.json.encode(record))["from"] == 12
