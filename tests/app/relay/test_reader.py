"""Many readers of one log share its reads: also those that stand at different places in what was read."""

from time import monotonic
from typing import Any, cast

import pytest

from app.relay.reader import END, KEPT_BYTES, PAGE, Reader
from jobs.eventlog import Cursor, Entry, Page

JOB = "a" * 26


class Log:
    """A thousand events of *size* bytes each, and how many were asked for after which."""

    feed = None

    def __init__(self, size: int) -> None:
        self.entries = [Entry(Cursor("epoch", seq), "item", b"x" * size) for seq in range(1, 1001)]
        self.asked: list[tuple[int, int]] = []

    def read(self, job_id: str, after: int, limit: int) -> Page:
        assert job_id == JOB
        self.asked.append((after, limit))
        return Page(self.entries[after : after + limit], Cursor("epoch", 1000), 1, b"")


def reader(log: Log) -> Reader:
    return Reader(cast("Any", log), lambda _job_id: (Cursor("epoch", 1000), {}))


@pytest.mark.parametrize("step", [7, 60, 190])
def test_a_thousand_small_events_are_read_in_a_few_reads_however_they_are_taken(step: int) -> None:
    log = Log(300)
    shared = reader(log)
    for _ in range(3):
        at = 0
        while at < 1000:
            page = shared.page(JOB, at)
            assert page.entries[0].cursor.seq == at + 1
            at = min(1000, at + step, page.entries[-1].cursor.seq)
    assert len(log.asked) <= 4


def test_pages_of_too_many_bytes_are_kept_for_nobody() -> None:
    log = Log(KEPT_BYTES // 100)
    shared = reader(log)
    shared.page(JOB, 0)
    shared.page(JOB, 50)
    assert log.asked == [(0, PAGE), (50, PAGE)]


def test_whoever_must_have_it_as_it_is_now_reads_anew() -> None:
    log = Log(300)
    shared = reader(log)
    shared.page(JOB, 0)
    shared.page(JOB, 5, fresh=True)
    assert [after for after, _ in log.asked] == [0, 5]


def test_beyond_what_was_read_the_log_is_asked() -> None:
    log = Log(300)
    shared = reader(log)
    last = shared.page(JOB, 0).entries[-1].cursor.seq
    shared.page(JOB, last)
    shared.page(JOB, END)
    assert [after for after, _ in log.asked] == [0, last, END]


def test_a_room_that_begins_now_begins_behind_events_that_were_read_now() -> None:
    """What was the newest a moment ago may have been followed by one that nobody heard here."""
    log = Log(300)
    shared = reader(log)
    shared.page(JOB, 0)
    shared.page(JOB, 700)
    confirmed = monotonic()
    shared.page(JOB, 10, since=confirmed)
    shared.page(JOB, 710, since=confirmed)
    assert [after for after, _ in log.asked] == [0, 700, 710]


def test_behind_a_log_that_has_ended_nothing_is_missed_however_old_the_read_is() -> None:
    log = Log(300)
    log.entries[-1] = Entry(Cursor("epoch", 1000), "job.succeeded", b"x")
    shared = reader(log)
    shared.page(JOB, 0)
    shared.page(JOB, 700)
    assert shared.page(JOB, 710, since=monotonic()).entries[-1].type == "job.succeeded"
    assert [after for after, _ in log.asked] == [0, 700]


def test_a_storm_that_lasts_for_seconds_reads_no_more_than_a_short_one(monkeypatch: pytest.MonkeyPatch) -> None:
    log = Log(300)
    shared = reader(log)
    now = monotonic()
    for _ in range(6):
        at = 0
        while at < 1000:
            at = shared.page(JOB, at, since=now).entries[-1].cursor.seq
        shared.page(JOB, END)
        shared.forget()
        began = monotonic()
        monkeypatch.setattr("app.relay.reader.monotonic", lambda began=began: began + 1)
    assert len(log.asked) <= 5
