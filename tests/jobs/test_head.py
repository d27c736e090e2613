import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs import decisions
from jobs import events as ev
from jobs.errors import InvalidEvent
from jobs.eventlog import Cursor, Record
from jobs.head import MAX_HEAD_BYTES, decode_head, decode_seq, encode_head, head_of
from jobs.model import JobState
from tests.histories import fold_all, histories, record_of, records_of

QUICK = settings(max_examples=60, deadline=None, derandomize=True)
wide = st.text(st.sampled_from('a\x01\U0001f600中"'), max_size=200)


@QUICK
@given(histories())
def test_a_head_is_read_back_as_it_was_written_and_stands_where_its_job_does(log: list[Record]) -> None:
    job = fold_all(log)
    head = decode_head(encode_head(head_of(job)))

    assert (head.id, Cursor(head.epoch, head.seq)) == (job.id, job.cursor)
    assert decode_seq(encode_head(head)) == head.seq
    assert (head.state, head.run, head.attempt, head.released) == (job.state, job.run, job.attempt, job.released)


@QUICK
@given(
    st.builds(
        ev.Request,
        type=wide,
        queue=wide,
        params=st.just({}),
        labels=st.dictionaries(wide, wide, max_size=8),
        files=st.lists(st.just("0" * 26), max_size=50),
        retry_of=st.just("0" * 26),
        parent=st.just("0" * 26),
        timeout_seconds=st.just(1e-300 / 3),
        expires_at=st.just("2023-11-14T22:13:20.000Z"),
    ),
    wide,
    wide,
)
def test_a_head_has_at_most_2_kib_whatever_was_accepted(request: ev.Request, worker: str, text: str) -> None:
    try:
        first = decisions.submit(request)
    except InvalidEvent:
        return
    started = ev.JobStarted(worker=worker, attempt=2**31)
    told = [*first, started, ev.JobProgressed(fraction=1 / 3, message=text)]
    failed = ev.JobFailed(error=ev.Failure(code=text, message=text))
    waits = ev.JobScheduled(until="2023-11-14T22:13:20.000Z", reason="child", child="0" * 26)
    for last in (failed, waits):
        job = fold_all(records_of([*told, last]))
        assert len(encode_head(head_of(job))) <= MAX_HEAD_BYTES


def test_a_message_gives_way_where_labels_leave_it_no_room() -> None:
    request = ev.Request(type="t", params={}, labels={"k": "\x01" * 190})
    message = ev.JobProgressed(fraction=0.1, message="\x01" * 200)
    job = fold_all(records_of([*decisions.submit(request), ev.JobStarted(worker="w", attempt=1), message]))
    head = decode_head(encode_head(head_of(job)))

    assert (head.message, head.labels, head.fraction) == (None, request.labels, 0.1)


def test_labels_that_no_head_has_room_for_are_refused() -> None:
    with pytest.raises(InvalidEvent, match="labels"):
        decisions.submit(ev.Request(type="t", params={}, labels={str(n): "x" * 200 for n in range(8)}))


def test_eight_labels_of_64_characters_are_no_trouble() -> None:
    labels = {f"{n}{'k' * 39}": "v" * 64 for n in range(8)}
    request = ev.Request(type="t", params={}, labels=labels)
    job = fold_all([record_of(1, decisions.submit(request)[0])])

    assert head_of(job).labels == labels


def test_a_message_is_cut_for_the_head() -> None:
    events = [ev.JobQueued(request=ev.Request(type="t", params={})), ev.JobStarted(worker="w", attempt=1)]
    head = head_of(fold_all(records_of([*events, ev.JobProgressed(fraction=0.1, message="m" * 500)])))

    assert head.message == "m" * 200


@pytest.mark.parametrize("state", list(JobState))
def test_a_head_waits_where_its_job_is_scheduled_or_queued(state: JobState) -> None:
    job = fold_all([record_of(1, ev.JobQueued(request=ev.Request(type="t", params={})))])
    head = msgspec.structs.replace(head_of(job), state=state)

    assert head.waiting == (state in {"scheduled", "queued"})
