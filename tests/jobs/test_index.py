import msgspec
import pytest

from jobs import events as ev
from jobs import keys
from jobs.files import new_id
from jobs.head import Head, head_of
from jobs.model import JobState
from tests.histories import BEGIN, fold_all, record_of
from tests.jobs.conftest import Yard


def head(job_id: str = "a", **more: object) -> Head:
    job = fold_all([record_of(1, ev.JobQueued(request=ev.Request(type="t", params={})))])
    job.id = job_id
    return msgspec.structs.replace(head_of(job), **more)


LISTS = [keys.ALL, keys.LIVE, keys.FINISHED, keys.SCHEDULED, keys.EXPIRY, keys.LEASES, keys.waiting("default")]


@pytest.mark.parametrize(
    ("state", "more", "places"),
    [
        ("queued", {}, {keys.LIVE, keys.waiting("default")}),
        ("queued", {"expires": 5}, {keys.LIVE, keys.waiting("default"), keys.EXPIRY}),
        ("queued", {"expires": 5, "attempt": 1}, {keys.LIVE, keys.waiting("default")}),
        ("scheduled", {"until": 5}, {keys.LIVE, keys.SCHEDULED}),
        ("running", {"expires": 5, "attempt": 1}, {keys.LIVE, keys.LEASES}),
        ("cancelling", {}, {keys.LIVE, keys.LEASES}),
        ("succeeded", {"finished": 5}, {keys.FINISHED}),
        ("expired", {"finished": 5, "expires": 5}, {keys.FINISHED}),
    ],
)
def test_a_job_stands_where_its_head_says_and_nowhere_else(
    yard: Yard, state: str, more: dict[str, int], places: set[str]
) -> None:
    for key in LISTS:
        yard.client.zadd(key, {"a": 1, "other": 1})
    yard.client.hset(keys.FILED, "a", "old0-7")
    yard.index.file(head(state=JobState(state), **more))

    assert {key for key in LISTS if yard.client.zscore(key, "a") is not None} == {keys.ALL, *places}
    assert all(yard.client.zscore(key, "other") == 1 for key in LISTS)


@pytest.mark.parametrize("seq", [1, 2])
def test_of_a_job_never_filed_before_all_is_put_right_once_it_has_moved_or_is_filed_again(yard: Yard, seq: int) -> None:
    """Its first event alone can have put it nowhere; what stands there all the same waits for the sweep."""
    for key in LISTS:
        yard.client.zadd(key, {"a": 1})
    for _ in range(2 if seq == 1 else 1):
        yard.index.file(head(seq=seq))

    assert {key for key in LISTS if yard.client.zscore(key, "a") is not None} == {
        keys.ALL,
        keys.LIVE,
        keys.waiting("default"),
    }


def test_of_jobs_that_are_announced_so_many_are_taken_and_each_once(yard: Yard) -> None:
    assert [yard.index.announce(job_id, 2) for job_id in ("a", "b", "c", "a")] == [True, True, False, True]
    assert yard.index.announce("c"), "a child is never refused: its parent has been taken"
    assert yard.index.live_count() == 3


def test_filing_twice_is_filing_once(yard: Yard) -> None:
    yard.index.file(head(state=JobState.RUNNING))
    before = {key: yard.client.dump(key) for key in yard.client.keys("*")}
    yard.index.file(head(state=JobState.RUNNING))

    assert {key: yard.client.dump(key) for key in yard.client.keys("*")} == before


def test_an_older_head_is_let_be_and_an_equal_or_newer_one_is_not(yard: Yard) -> None:
    yard.index.file(head(state=JobState.RUNNING, seq=10))
    yard.index.file(head(state=JobState.QUEUED, seq=9))
    assert yard.index.positions("default", ["a"]) == [None]

    yard.index.file(head(state=JobState.QUEUED, seq=10))
    assert yard.index.positions("default", ["a"]) == [1]
    yard.index.file(head(state=JobState.SUCCEEDED, finished=5, seq=11))
    assert yard.index.depth("default") == 0


def test_only_queues_that_had_a_job_are_listed(yard: Yard) -> None:
    yard.index.file(head("a", queue="slow"))
    yard.index.file(head("b", queue="fast", state=JobState.RUNNING))

    assert yard.index.queues() == ["slow"]
    assert yard.index.waiting("slow", 0, -1) == ["a"]


def test_lists_go_from_the_newest_to_the_oldest_page_by_page(yard: Yard) -> None:
    ids = [f"{n:02}" for n in range(20)]
    for n, job_id in enumerate(ids):
        yard.index.file(head(job_id, created=BEGIN + n // 3))

    seen: list[str] = []
    while page := yard.index.newest(seen[-1] if seen else None, 6):
        seen += page
    assert seen == ids[::-1]


def test_a_list_goes_on_also_where_the_job_that_it_stood_at_is_gone(yard: Yard) -> None:
    from ulid import ULID

    ids = [str(ULID.from_timestamp(BEGIN / 1000 + n)).lower() for n in range(6)]
    for n, job_id in enumerate(ids):
        yard.index.file(head(job_id, created=BEGIN + n * 1000))
    yard.index.forget([ids[3]])

    assert yard.index.newest(ids[3], 10) == [ids[2], ids[1], ids[0]]


def test_slice_by_slice_every_live_job_comes_round(yard: Yard) -> None:
    ids = {f"{n:02}" for n in range(25)}
    for job_id in ids:
        yard.index.file(head(job_id))

    for _ in range(2):
        seen = [job_id for _ in range(3) for job_id in yard.index.live_slice(10)]
        assert set(seen) == ids
        assert len(seen) == len(ids)
    assert yard.index.live_count() == 25


def test_what_is_due_comes_by_its_time(yard: Yard) -> None:
    for n in (3, 1, 2):
        yard.index.file(head(str(n), state=JobState.SCHEDULED, until=BEGIN + n))
    assert yard.index.due(keys.SCHEDULED) == []

    yard.clock.now = BEGIN + 2
    assert yard.index.due(keys.SCHEDULED) == ["1", "2"]


def test_a_forgotten_job_is_in_no_list(yard: Yard) -> None:
    ids = [new_id(), new_id()]
    for job_id, state in zip(ids, (JobState.QUEUED, JobState.RUNNING), strict=True):
        yard.index.file(head(job_id, state=state, expires=5))
    yard.index.forget(ids)
    yard.index.forget([])

    assert not yard.client.exists(*LISTS)
    yard.sweep.run()
    left = {keys.QUEUES, keys.FEED, keys.FEED_AT}
    assert {key.decode() for key in yard.client.keys("*")} == left, "its place goes with the sweep"


def test_one_process_sweeps_at_a_time(yard: Yard) -> None:
    assert [yard.index.sweep_turn(60_000) for _ in range(3)] == [True, False, False]
