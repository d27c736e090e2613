"""What every event log promises; whoever writes another one runs it under this."""

from itertools import pairwise

import pytest

from jobs.errors import CursorMoved, JobNotFound
from jobs.eventlog import NOWHERE, Batch, Cursor, Entry, EventLog, Page
from tests.conformance.conftest import MAX_BYTES, MAX_EVENTS
from tests.service import RedisServer

JOB = "01j9zc3k2v8r5n7m4q6w0x1y2e"
OTHER = "01j9zc3k2v8r5n7m4q6w0x1y2f"
EPOCH = "k3f9ab"


def batch(
    after: Cursor | int,
    *envelopes: bytes,
    batch_id: str | None = None,
    checkpoint: bytes | None = None,
    epoch: str = EPOCH,
) -> Batch:
    """A batch behind *after*, its events numbered in their envelopes unless they are given."""
    at = after if isinstance(after, Cursor) else Cursor(EPOCH, after) if after else NOWHERE
    texts = envelopes or (b"event %d" % (at.seq + 1),)
    return Batch(
        expect=at,
        epoch=epoch,
        entries=[("log", text) for text in texts],
        batch_id=batch_id or f"{at}+{len(texts)}",
        head=b"head %d" % (at.seq + len(texts)),
        checkpoint=checkpoint,
    )


def filled(log: EventLog, count: int, *, job_id: str = JOB) -> Cursor:
    """A log of *count* events, ten a batch."""
    at = NOWHERE
    while at.seq < count:
        more = min(10, count - at.seq)
        at = log.append(job_id, batch(at, *[b"event %d" % (at.seq + n + 1) for n in range(more)]))
    return at


def stored(log: EventLog, job_id: str = JOB) -> list[bytes]:
    return [entry.envelope for entry in log.read(job_id, 0).entries]


def test_the_oldest_redis_is_the_one_that_was_promised(old_redis: RedisServer) -> None:
    """Skipped where this machine has none; then all tests here ran on the memory log and on a newer Redis only."""
    import redis

    with redis.Redis.from_url(old_redis.url) as client:
        assert client.info("server")["redis_version"].startswith("6.2.")


# Append ----------------------------------------------------------------------------------------------------------


def test_a_batch_is_read_back_as_it_was_written(log: EventLog) -> None:
    envelopes = ['{"a":"\u2028 ü 中 \U0001f600 \x7f"}'.encode(), b"\xff\x00 not even text", b"x" * 70_000]
    at = log.append(JOB, batch(0, *envelopes))

    page = log.read(JOB, 0)
    assert at == page.last == Cursor(EPOCH, 3)
    assert page.entries == [Entry(Cursor(EPOCH, n), "log", text) for n, text in enumerate(envelopes, 1)]
    assert (page.oldest, page.head) == (1, b"head 3")


def test_ids_are_dense_over_many_batches(log: EventLog) -> None:
    filled(log, 137)
    seqs = [entry.cursor.seq for entry in log.read(JOB, 0).entries]

    assert seqs == list(range(1, 138))


def test_of_two_writers_only_one_appends(log: EventLog) -> None:
    filled(log, 10)
    log.append(JOB, batch(10, b"mine"))

    with pytest.raises(CursorMoved, match=f"{EPOCH}-11"):
        log.append(JOB, batch(10, b"yours", batch_id="another"))
    assert stored(log)[-1] == b"mine"
    assert log.read(JOB, 0).last.seq == 11


def test_a_writer_ahead_of_the_log_is_refused(log: EventLog) -> None:
    filled(log, 10)

    with pytest.raises(CursorMoved):
        log.append(JOB, batch(11))


def test_a_writer_of_another_epoch_is_refused(log: EventLog) -> None:
    filled(log, 10)

    with pytest.raises(CursorMoved):
        log.append(JOB, batch(Cursor("0other", 10)))


def test_a_refused_batch_leaves_nothing_behind(log: EventLog) -> None:
    filled(log, 10)
    before = log.load(JOB)
    with pytest.raises(CursorMoved):
        log.append(JOB, batch(5, b"a", b"b", checkpoint=b"checkpoint"))

    assert log.load(JOB) == before


def test_a_batch_repeated_because_its_reply_was_lost_is_stored_once(log: EventLog) -> None:
    filled(log, 10)
    again = batch(10, b"a", b"b", b"c")

    assert [log.append(JOB, again) for _ in range(3)] == [Cursor(EPOCH, 13)] * 3
    assert stored(log)[10:] == [b"a", b"b", b"c"]


def test_it_is_stored_once_also_where_others_have_appended_since(log: EventLog) -> None:
    lost = batch(0, b"a", b"b")
    log.append(JOB, lost)
    at = Cursor(EPOCH, 2)
    for _ in range(30):
        at = log.append(JOB, batch(at))

    assert log.append(JOB, lost) == Cursor(EPOCH, 2)
    assert log.read(JOB, 0).last == at == Cursor(EPOCH, 32)


def test_a_batch_with_the_very_same_events_of_another_writer_is_no_repeat(log: EventLog) -> None:
    filled(log, 10)
    log.append(JOB, batch(10, b"same", batch_id="mine"))

    with pytest.raises(CursorMoved):
        log.append(JOB, batch(10, b"same", batch_id="yours"))
    assert stored(log).count(b"same") == 1


def test_a_log_goes_on_under_a_new_epoch_without_a_break_in_its_numbers(log: EventLog) -> None:
    filled(log, 10)
    at = log.append(JOB, batch(10, b"new", epoch="0newer"))

    page = log.read(JOB, 8)
    assert at == page.last == Cursor("0newer", 11)
    assert [str(entry.cursor) for entry in page.entries] == [f"{EPOCH}-9", f"{EPOCH}-10", "0newer-11"]


def test_logs_of_two_jobs_have_nothing_to_do_with_one_another(log: EventLog) -> None:
    filled(log, 10)
    filled(log, 3, job_id=OTHER)
    log.delete(JOB)

    assert log.read(OTHER, 0).last.seq == 3


# Read ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("after", "limit", "first", "count"), [(0, 7, 1, 7), (20, 1000, 21, 17), (36, 5, 37, 1)])
def test_a_page_begins_behind_its_cursor_and_ends_at_its_limit(
    log: EventLog, after: int, limit: int, first: int, count: int
) -> None:
    filled(log, 37)
    page = log.read(JOB, after, limit)

    assert [entry.cursor.seq for entry in page.entries] == list(range(first, first + count))
    assert (page.last.seq, page.oldest) == (37, 1)


@pytest.mark.parametrize("after", [37, 38, 2**53])
def test_behind_the_end_there_is_an_empty_page_that_tells_where_the_end_is(log: EventLog, after: int) -> None:
    filled(log, 37)

    assert log.read(JOB, after) == ([], Cursor(EPOCH, 37), 1, b"head 37")


def test_page_by_page_the_whole_log_is_read(log: EventLog) -> None:
    filled(log, 95)
    seen, at = [], 0
    while page := log.read(JOB, at, 7).entries:
        seen += [entry.cursor.seq for entry in page]
        at = page[-1].cursor.seq

    assert seen == list(range(1, 96))


def test_the_last_checkpoint_comes_with_every_event_behind_it(log: EventLog) -> None:
    filled(log, 10)
    assert log.load(JOB)[0] is None
    log.append(JOB, batch(10, b"a", b"b", checkpoint=b"at 12"))
    log.append(JOB, batch(12, b"c"))
    log.append(JOB, batch(13, b"d", b"e"))

    checkpoint, page = log.load(JOB)
    assert checkpoint == b"at 12"
    assert [entry.envelope for entry in page.entries] == [b"c", b"d", b"e"]
    assert (page.last, page.oldest, page.head) == (Cursor(EPOCH, 15), 1, b"head 15")


def test_heads_come_in_the_order_asked_for_and_none_where_there_is_no_job(log: EventLog) -> None:
    filled(log, 3)
    filled(log, 5, job_id=OTHER)

    assert log.heads([OTHER, "nobody", JOB]) == [b"head 5", None, b"head 3"]
    assert log.heads([]) == []


def test_where_logs_stand_is_told_of_many_at_once_without_their_events(log: EventLog) -> None:
    filled(log, 5)
    filled(log, 3, job_id=OTHER)
    one, nobody, other = log.stands([JOB, "nobody", OTHER])
    assert one == log.read(JOB, 2**53)
    assert nobody is None
    assert other is not None
    assert (other.entries, other.last.seq, other.oldest) == ([], 3, 1)
    assert log.stands([]) == []


# Begin and end ---------------------------------------------------------------------------------------------------


def test_an_unknown_job_is_not_found(log: EventLog) -> None:
    for call in (lambda: log.read(JOB, 0), lambda: log.load(JOB), lambda: log.append(JOB, batch(3))):
        with pytest.raises(JobNotFound):
            call()


def test_a_deleted_job_is_gone_also_for_who_still_writes_to_it(log: EventLog) -> None:
    filled(log, 10)
    log.append(JOB, batch(10, checkpoint=b"checkpoint"))
    log.delete(JOB)
    log.delete(JOB)

    assert log.heads([JOB]) == [None]
    with pytest.raises(JobNotFound):
        log.load(JOB)
    with pytest.raises(JobNotFound):
        log.append(JOB, batch(11))


def crammed(log: EventLog, batches: int, *, size: int = 100, checkpoint: bytes | None = b"job") -> Page:
    """A hundred events in each of *batches*, and the log from its oldest event on."""
    at = NOWHERE
    for _ in range(batches):
        at = log.append(JOB, batch(at, *[b"x" * size] * 100)._replace(checkpoint=checkpoint))
    return log.read(JOB, 0, 10_000)


def test_a_log_keeps_its_newest_events_and_says_which_is_the_oldest(log: EventLog) -> None:
    page = crammed(log, 40)
    assert MAX_EVENTS <= len(page.entries) <= MAX_EVENTS + 200
    assert page.oldest == page.entries[0].cursor.seq > 1
    assert page.entries[-1].cursor == page.last == Cursor(EPOCH, 4000)
    assert all(later.cursor.seq == earlier.cursor.seq + 1 for earlier, later in pairwise(page.entries))


def test_a_log_keeps_no_more_bytes_than_it_may(log: EventLog) -> None:
    page = crammed(log, 5, size=5000)
    assert 0.8 * MAX_BYTES < sum(len(entry.envelope) for entry in page.entries) <= MAX_BYTES
    assert page.entries[-1].cursor == page.last == Cursor(EPOCH, 500)


@pytest.mark.parametrize("size", [100, 20_000])
def test_what_no_checkpoint_covers_is_kept_whatever_its_size(log: EventLog, size: int) -> None:
    page = crammed(log, 15, size=size, checkpoint=None)
    assert (page.oldest, len(page.entries)) == (1, 1500)


def keeping(after: int, *envelopes: bytes, batch_id: str = "keeping", terminal: bool = False, **kept: bytes) -> Batch:
    made = batch(after, *(envelopes or (b"x",)), batch_id=batch_id)
    return made._replace(entries=[("log", text) for text in envelopes], kept=kept, terminal=terminal)


def test_what_is_kept_is_stored_with_its_events_and_found_again(log: EventLog) -> None:
    at = filled(log, 3)
    log.append(JOB, keeping(at.seq, b"event 4", a=b"1", b=b"\xff\x00"))
    log.append(JOB, keeping(4, b"event 5", batch_id="again", a=b"2"))
    assert log.kept(JOB) == {"a": b"2", "b": b"\xff\x00"}
    assert stored(log)[-2:] == [b"event 4", b"event 5"]


def test_something_can_be_kept_without_an_event(log: EventLog) -> None:
    at = filled(log, 3)
    assert log.append(JOB, keeping(at.seq, a=b"1")) == at
    assert log.append(JOB, keeping(at.seq, a=b"1")) == at
    assert log.kept(JOB) == {"a": b"1"}
    assert len(stored(log)) == 3


def test_of_two_writers_only_one_keeps_anything(log: EventLog) -> None:
    at = filled(log, 3)
    log.append(JOB, batch(at))
    with pytest.raises(CursorMoved):
        log.append(JOB, keeping(at.seq, a=b"1"))
    assert log.kept(JOB) == {}


def test_a_job_that_has_ended_or_is_gone_has_nothing_kept(log: EventLog) -> None:
    at = filled(log, 3)
    log.append(JOB, keeping(at.seq, a=b"1"))
    log.append(JOB, keeping(at.seq, b"the end", batch_id="end", terminal=True, b=b"1"))
    assert log.kept(JOB) == {}
    assert log.kept(OTHER) == {}
