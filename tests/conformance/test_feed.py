"""What every feed promises: each event of each job once, in the order of one number, or a loss that shows."""

import threading
from typing import Any

import pytest

from app.relay.replay import gap
from jobs.eventlog import NOWHERE, Batch, Cursor, EventLog, Subject
from jobs.feed import FedLog, FeedPage, Reach
from jobs.head import Head, encode_head
from jobs.model import JobState
from tests.conformance.conftest import MAX_EVENTS, Bench
from tests.conformance.test_event_log import EPOCH, JOB, OTHER
from tests.conformance.test_event_log import batch as plain

THIRD = "01j9zc3k2v8r5n7m4q6w0x1y2g"


def batch(job: str, after: Cursor | int, *envelopes: bytes, epoch: str = EPOCH) -> Batch:
    """A batch behind *after* with the head of a *job* whose type and label are made of its id."""
    made = plain(after, *envelopes, epoch=epoch)
    seq = made.expect.seq + len(made.entries)
    words: dict[str, Any] = {"state": JobState.RUNNING, "queue": "default", "priority": 5, "attempt": 1, "run": 1}
    head = Head(
        id=job, type=f"type-{job[-1]}", labels={"of": job[-1]}, epoch=epoch, seq=seq, max_attempts=1, created=1, **words
    )
    return made._replace(head=encode_head(head))


def filled(log: EventLog, count: int, *, job_id: str = JOB) -> Cursor:
    """A log of *count* events, ten a batch."""
    at = NOWHERE
    while at.seq < count:
        more = min(10, count - at.seq)
        at = log.append(job_id, batch(job_id, at, *[b"event %d" % (at.seq + n + 1) for n in range(more)]))
    return at


@pytest.fixture
def fed(bench: Bench) -> FedLog:
    return bench.fed(max_pointers=100_000)


def told(page: FeedPage) -> list[tuple[int, str, bytes]]:
    return [(entry.cursor.seq, entry.job.id, entry.envelope) for entry in page.entries if entry.job]


def walk(fed: FedLog, after: int = 0, limit: int = 200) -> list[tuple[int, str, bytes]]:
    """The whole feed behind *after*, page by page."""
    found = []
    while True:
        page = fed.feed.read(after, limit)
        found += told(page)
        if page.upto == page.last:
            return found
        assert after < page.upto.seq <= after + limit
        after = page.upto.seq


def test_a_feed_before_the_first_job_has_a_cursor_to_come_back_by(fed: FedLog) -> None:
    page = fed.feed.read(0)
    filled(fed, 1)

    assert (page.entries, page.upto, page.last.seq) == ([], page.last, 0)
    assert Cursor.parse(str(page.last)) == page.last
    assert fed.feed.read(0).last == Cursor(page.last.epoch, 1)


def test_events_of_all_jobs_come_in_the_order_in_which_they_were_stored(fed: FedLog) -> None:
    at = fed.append(JOB, batch(JOB, 0, b"a1", b"a2"))
    fed.append(OTHER, batch(OTHER, 0, b"b1"))
    fed.append(JOB, batch(JOB, at, b"a3", b"a4"))

    expected = [(1, JOB, b"a1"), (2, JOB, b"a2"), (3, OTHER, b"b1"), (4, JOB, b"a3"), (5, JOB, b"a4")]
    assert told(fed.feed.read(0)) == expected
    assert fed.feed.read(0).last.seq == 5


def test_each_event_says_what_kind_of_job_it_is_of(fed: FedLog) -> None:
    filled(fed, 1)
    filled(fed, 1, job_id=OTHER)

    subjects = [entry.job for entry in fed.feed.read(0).entries]
    assert subjects == [Subject(job, f"type-{job[-1]}", frozenset({("of", job[-1])})) for job in (JOB, OTHER)]


def test_of_each_job_it_is_known_how_far_the_feed_goes(bench: Bench, fed: FedLog) -> None:
    at = filled(fed, 3)
    filled(fed, 20, job_id=OTHER)
    bench.log.append(JOB, batch(JOB, at))

    assert fed.feed.reach([OTHER, "nobody", JOB]) == [Reach(Cursor(EPOCH, 20), 23), None, Reach(Cursor(EPOCH, 3), 3)]
    assert fed.feed.reach([]) == []


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 200])
def test_page_by_page_the_whole_feed_is_read_from_any_place(fed: FedLog, limit: int) -> None:
    filled(fed, 25)
    filled(fed, 13, job_id=OTHER)
    whole = walk(fed)

    assert [number for number, _, _ in whole] == list(range(1, 39))
    for after in (0, 1, 9, 24, 25, 26, 37, 38):
        assert walk(fed, after, limit) == whole[after:]


@pytest.mark.parametrize("after", [38, 39, 2**53])
def test_behind_its_end_there_is_an_empty_page_that_tells_where_the_end_is(fed: FedLog, after: int) -> None:
    filled(fed, 38)
    page = fed.feed.read(after)

    assert (page.entries, page.upto, page.last.seq, page.oldest) == ([], page.last, 38, 1)


def test_a_repeated_batch_is_in_the_feed_once(fed: FedLog) -> None:
    again = batch(JOB, 0, b"a", b"b")
    for _ in range(3):
        fed.append(JOB, again)

    assert told(fed.feed.read(0)) == [(1, JOB, b"a"), (2, JOB, b"b")]


def test_what_a_crash_kept_from_the_feed_is_in_it_with_the_next_append(bench: Bench, fed: FedLog) -> None:
    at = fed.append(JOB, batch(JOB, 0, b"a"))
    at = bench.log.append(JOB, batch(JOB, at, b"lost", b"lost too"))
    fed.append(OTHER, batch(OTHER, 0, b"b"))
    fed.append(JOB, batch(JOB, at, b"next"))

    expected = [(1, JOB, b"a"), (2, OTHER, b"b"), (3, JOB, b"lost"), (4, JOB, b"lost too"), (5, JOB, b"next")]
    assert told(fed.feed.read(0)) == expected


def test_what_a_crash_kept_from_the_feed_is_in_it_once_somebody_notes_where_the_log_stands(
    bench: Bench, fed: FedLog
) -> None:
    at = bench.log.append(JOB, batch(JOB, 0, b"a", b"b"))
    for _ in range(3):
        assert fed.feed.note(JOB, at).seq == 2
    assert fed.feed.note(JOB, Cursor(EPOCH, 1)).seq == 2

    assert told(fed.feed.read(0)) == [(1, JOB, b"a"), (2, JOB, b"b")]


def test_what_is_only_kept_for_later_runs_is_no_event(fed: FedLog) -> None:
    at = filled(fed, 3)
    fed.append(JOB, batch(JOB, at)._replace(entries=[], kept={"a": b"1"}))

    assert fed.feed.read(0).last.seq == 3
    assert fed.kept(JOB) == {"a": b"1"}


def test_events_of_jobs_that_are_gone_are_left_out_and_the_page_goes_on_beyond_them(fed: FedLog) -> None:
    filled(fed, 3)
    filled(fed, 20, job_id=OTHER)
    filled(fed, 2, job_id=THIRD)
    fed.delete(OTHER)

    assert [number for number, _, _ in walk(fed, limit=5)] == [1, 2, 3, 24, 25]
    empty = fed.feed.read(3, 10)
    assert (empty.entries, empty.upto.seq, empty.oldest) == ([], 13, 1)


def test_a_job_that_is_made_again_under_its_id_is_told_from_its_first_event(fed: FedLog) -> None:
    filled(fed, 3)
    fed.delete(JOB)
    fed.append(JOB, batch(JOB, 0, b"again"))

    assert told(fed.feed.read(3)) == [(4, JOB, b"again")]


def test_events_that_their_own_log_has_no_more_are_a_gap(fed: FedLog) -> None:
    filled(fed, 1, job_id=OTHER)
    at = NOWHERE
    for _ in range(40):
        at = fed.append(JOB, batch(JOB, at, *[b"x" * 100] * 100)._replace(checkpoint=b"so far"))
    filled(fed, 1, job_id=THIRD)
    first = fed.read(JOB, 0).oldest
    assert first > 1

    page = fed.feed.read(0, 10_000)
    found = gap(Cursor(page.last.epoch, 1), page)
    assert found is not None
    assert (found.first, found.last, found.reason) == (2, first, "retention")
    assert [entry.cursor.seq for entry in page.entries] == list(range(first + 1, 4003))
    assert len(page.entries) > MAX_EVENTS
    assert gap(Cursor(page.last.epoch, first), fed.feed.read(first)) is None


def test_a_feed_keeps_its_newest_pointers_and_says_where_it_begins(bench: Bench) -> None:
    fed = bench.fed(max_pointers=100)
    at = NOWHERE
    for _ in range(400):
        at = fed.append(JOB, batch(JOB, at, b"a", b"b"))

    page = fed.feed.read(0, 1000)
    assert page.last.seq == 800
    assert 1 < page.oldest <= 601
    assert [entry.cursor.seq for entry in page.entries] == list(range(page.oldest, 801))


def test_a_job_whose_log_went_on_in_another_epoch_gives_the_feed_one_too(fed: FedLog) -> None:
    filled(fed, 10)
    before = fed.feed.read(0).last
    fed.append(JOB, batch(JOB, 10, b"new", epoch="0newer"))
    page = fed.feed.read(9)

    assert page.last.epoch != before.epoch
    assert [entry.cursor for entry in page.entries] == [Cursor(before.epoch, 10), Cursor(page.last.epoch, 11)]
    found = gap(before, page)
    assert found is not None
    assert found.reason == "epoch"


def test_a_log_that_lost_its_tail_is_followed_on_from_where_it_stands(fed: FedLog) -> None:
    filled(fed, 10)
    before = fed.feed.read(0).last
    fed.feed.note(JOB, Cursor("0newer", 8))
    after = fed.feed.note(JOB, Cursor("0newer", 9))

    assert after.epoch != before.epoch
    assert fed.feed.read(0).last == after == Cursor(after.epoch, 11)


def test_many_writers_at_once_leave_every_event_in_the_feed_once(fed: FedLog) -> None:
    jobs = [f"01j9zc3k2v8r5n7m4q6w0x1y{n:02}" for n in range(4)]
    threads = [threading.Thread(target=filled, args=(fed, 60), kwargs={"job_id": job}) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    found = walk(fed, limit=33)
    assert [number for number, _, _ in found] == list(range(1, 241))
    for job in jobs:
        assert [text for _, owner, text in found if owner == job] == [b"event %d" % n for n in range(1, 61)]
