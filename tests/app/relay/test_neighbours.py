from typing import Any

import msgspec
import pytest

from app.relay.merge import merge
from app.relay.neighbours import LAST_LINES, MANY_LINES, MOST_BYTES
from jobs import events as ev
from jobs.eventlog import Cursor
from tests.app.relay.runs import data, entries_of, spans, told
from tests.histories import record_of


def texts(*pieces: str, name: str = "t", offset: int = 0) -> list[ev.AnyEvent]:
    made: list[ev.AnyEvent] = []
    for piece in pieces:
        made.append(ev.OutputAppended(name=name, offset=offset, text=piece))
        offset += len(piece)
    return made


def test_text_becomes_one_delta_that_stands_where_its_last_piece_did() -> None:
    water, drop, more = texts("水 ", "\U0001f6b0\u2028", '"x"', offset=7)
    one, _ = merge(
        entries_of([water, ev.JobProgressed(fraction=0.1), drop, more, ev.JobProgressed(fraction=0.2)], first=3)
    )

    last = record_of(6, more, attempt=1)
    assert one.envelope.startswith(b'{"id":"k3f9ab-6","from":3,"seq":6,"type":"output.delta"')
    assert one.cursor == Cursor.parse(last.id)
    assert (told(one).time, data(one)) == (last.time, {"name": "t", "offset": 7, "text": '水 \U0001f6b0\u2028"x"'})


@pytest.mark.parametrize(
    "between",
    [
        ev.ItemFinished(key="k", state="done"),
        ev.OutputDone(name="t", length=1, sha256="0"),
        ev.LogWritten(level="info", message="x"),
        *texts("x", name="u"),
    ],
    ids=lambda event: event.type,
)
def test_text_is_not_carried_over_anything_that_stays(between: ev.AnyEvent) -> None:
    entries = entries_of([*texts("a"), between, *texts("b", offset=1)])
    assert merge(entries) is entries


@pytest.mark.parametrize("offset", [0, 2])
def test_text_that_does_not_go_on_where_it_ended_stays_apart(offset: int) -> None:
    entries = entries_of([*texts("a"), *texts("b", offset=offset)])
    assert merge(entries) is entries


ANOTHERS = pytest.mark.parametrize(
    "changed", [{"job": "another"}, {"attempt": 2}, {"id": "0newer-30"}], ids=["job", "attempt", "epoch"]
)


@ANOTHERS
def test_text_of_another_job_attempt_or_epoch_stays_apart(changed: dict[str, Any]) -> None:
    entries = entries_of(texts("a")) + entries_of(texts("b", offset=1), first=2, **changed)
    assert merge(entries) is entries


@pytest.mark.parametrize("piece", ["a", '"\n', "水", "\x01"])
def test_no_frame_grows_beyond_what_an_event_may_have(piece: str) -> None:
    pieces = [piece * 1000] * 100
    entries = entries_of(texts(*pieces))
    merged = merge(entries)
    sizes = [len(bytes(told(one).data)) for one in merged]
    one_piece = len(msgspec.json.encode(pieces[0]))

    assert "".join(data(one)["text"] for one in merged) == "".join(pieces)
    assert all(MOST_BYTES - one_piece < size <= MOST_BYTES for size in sizes[:-1])
    assert merge(merged) is merged


def test_a_frame_that_is_large_already_passes() -> None:
    entries = entries_of(texts("a", "\x01" * 10_500, "b"))
    assert merge(entries) is entries


def lines(count: int, level: Any = "info") -> list[ev.AnyEvent]:
    return [ev.LogWritten(level=level, message=str(n)) for n in range(count)]


def test_of_many_lines_the_last_ten_are_told_and_how_many_were_left_out() -> None:
    entries = entries_of(
        [*lines(15), ev.JobProgressed(fraction=0.1), *lines(15, "debug"), ev.JobProgressed(fraction=0.2)]
    )
    merged = merge(entries, logs=True)

    assert (told(merged[0]).from_seq, told(merged[0]).seq, told(merged[0]).time) == (1, 21, told(entries[20]).time)
    assert data(merged[0]) == {"level": "info", "message": "20 lines were left out.", "fields": {"left_out": 20}}
    assert merged[1:] == entries[21:]


def test_lines_that_were_left_out_before_are_counted_again() -> None:
    before = merge(entries_of(lines(50)), logs=True)
    merged = merge(before + entries_of(lines(40), first=51), logs=True)

    assert (len(merged), data(merged[0])["fields"]["left_out"], spans(merged)[0]) == (LAST_LINES + 1, 80, (1, 80))


@ANOTHERS
def test_lines_of_another_job_attempt_or_epoch_are_another_run(changed: dict[str, Any]) -> None:
    entries = entries_of(lines(MANY_LINES)) + entries_of(lines(MANY_LINES), first=MANY_LINES + 1, **changed)
    assert merge(entries, logs=True) is entries


def test_a_line_with_a_number_of_its_own_is_one_line() -> None:
    own = ev.LogWritten(level="info", message="some rows", fields={"left_out": 7})
    merged = merge(entries_of([own, *lines(MANY_LINES)]), logs=True)

    assert data(merged[0])["fields"] == {"left_out": MANY_LINES + 1 - LAST_LINES}


@pytest.mark.parametrize("level", ["warning", "error"])
def test_a_loud_line_is_never_left_out_and_parts_the_quiet_ones(level: str) -> None:
    entries = entries_of([*lines(MANY_LINES), *lines(30, level), *lines(MANY_LINES + 1)])
    merged = merge(entries, logs=True)

    assert merged[:50] == entries[:50]
    assert [one.cursor.seq for one in merged[50:]] == list(range(61, 72))


def test_lines_stay_unless_it_is_asked_for() -> None:
    entries = entries_of(lines(100))
    assert merge(entries) is entries
