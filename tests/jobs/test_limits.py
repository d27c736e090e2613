import pytest

from jobs import events as ev
from jobs import keys
from jobs.catalogue import TypeEntry
from jobs.clock import rfc3339
from jobs.files import new_id
from jobs.model import JobState
from tests.jobs.conftest import Yard
from tests.jobs.limited import FREE, THREE, claimed, finish, left, parked, publish, submitted


@pytest.fixture
def types(yard: Yard) -> dict[str, TypeEntry]:
    return publish(yard, THREE, FREE)


# Places ----------------------------------------------------------------------------------------------------------


def test_a_type_runs_no_more_jobs_at_a_time_than_it_says_and_the_next_when_one_ends(
    yard: Yard, types: dict[str, TypeEntry]
) -> None:
    ids = submitted(yard, 6)
    assert claimed(yard, types) == ids[:3]

    yard.bell.rings.clear()
    finish(yard, ids[1])
    assert yard.bell.rings == ["default"]
    assert yard.index.waiting("default", 0, -1) == [ids[3]]
    assert claimed(yard, types) == [ids[3]]


def test_jobs_of_one_key_run_one_after_another_and_others_beside_them(yard: Yard, types: dict[str, TypeEntry]) -> None:
    first, second = submitted(yard, 2, concurrency_key="k")
    other, without = *submitted(yard, concurrency_key="l"), *submitted(yard)
    assert claimed(yard, types) == [first, other, without]

    finish(yard, other)
    assert claimed(yard, types) == []
    finish(yard, first)
    assert claimed(yard, types) == [second]


def test_a_key_is_shared_by_all_types_each_with_its_own_number(yard: Yard, types: dict[str, TypeEntry]) -> None:
    [strict] = submitted(yard, kind="t", concurrency_key="k")
    loose = submitted(yard, 2, kind="free", concurrency_key="k")
    assert claimed(yard, types) == [strict, loose[0]]

    finish(yard, loose[0])
    assert claimed(yard, types) == [loose[1]]
    finish(yard, strict)
    [again] = submitted(yard, kind="t", concurrency_key="k")
    assert claimed(yard, types) == [], "one that lets nobody run beside it waits for the one that does"
    finish(yard, loose[1])
    assert claimed(yard, types) == [again]


def test_parked_jobs_begin_by_priority_then_age(yard: Yard, types: dict[str, TypeEntry]) -> None:
    running = submitted(yard, 3)
    claimed(yard, types)
    low, middle, high = (submitted(yard, 2, priority=priority) for priority in (0, 5, 9))
    assert claimed(yard, types) == []
    assert parked(yard, *low, *high) == {
        low[0]: ("type:t", 5),
        low[1]: ("type:t", 6),
        high[0]: ("type:t", 1),
        high[1]: ("type:t", 2),
    }

    begun = []
    for job_id in (*running, *high, middle[0]):
        finish(yard, job_id)
        begun += claimed(yard, types)
    assert begun == [*high, *middle, *low]


def test_a_job_of_higher_priority_that_comes_later_goes_before_one_that_was_called_back(
    yard: Yard, types: dict[str, TypeEntry]
) -> None:
    first, second = submitted(yard, 2, concurrency_key="k")
    claimed(yard, types)
    finish(yard, first)
    [urgent] = submitted(yard, concurrency_key="k", priority=9)

    assert claimed(yard, types) == [urgent]
    assert parked(yard, second) == {second: ("key:k", 1)}
    finish(yard, urgent)
    assert claimed(yard, types) == [second]


@pytest.mark.parametrize("end", ["released", "lost", "retried", "cancelled"])
def test_whatever_ends_a_run_gives_its_place_up(yard: Yard, types: dict[str, TypeEntry], end: str) -> None:
    first, second = submitted(yard, 2, concurrency_key="k")
    claimed(yard, types)
    later = ev.JobRetrying(error=ev.Failure(code="x", message="x"), delay_seconds=5, next_attempt=2)
    events = {"released": ev.JobReleased(), "retried": later, "cancelled": ev.JobCancelled(mode="killed")}
    if end == "lost":
        yard.life.lose(first)
    else:
        yard.life.decide(first, lambda _job: [*([_cancelling()] if end == "cancelled" else []), events[end]])

    assert claimed(yard, types) == [second if end in ("retried", "cancelled") else first], "the older goes first"


def _cancelling() -> ev.JobCancelling:
    return ev.JobCancelling(deadline=rfc3339(0))


def test_a_limit_that_nobody_needs_leaves_nothing_behind(yard: Yard, types: dict[str, TypeEntry]) -> None:
    ids = submitted(yard, 8, concurrency_key="k") + submitted(yard, 2, concurrency_key="l")
    assert left(yard) == []
    while running := claimed(yard, types):
        for job_id in running:
            finish(yard, job_id)

    assert all(yard.life.head(job_id).state is JobState.SUCCEEDED for job_id in ids)
    assert left(yard) == []


# Parked jobs -----------------------------------------------------------------------------------------------------


def test_ten_thousand_jobs_of_a_full_key_keep_nobody_waiting(yard: Yard, types: dict[str, TypeEntry]) -> None:
    ids = submitted(yard, 300, concurrency_key="k")
    template = yard.client.hget(keys.head(ids[0]), "h").decode()
    with yard.client.pipeline(transaction=False) as pipe:
        for _ in range(9700):
            yard.clock.now += 1
            job_id = new_id()
            pipe.hset(keys.head(job_id), "h", template.replace(ids[0], job_id))
            pipe.zadd(keys.waiting("default"), {job_id: yard.clock.now + 4 * 10**13})
        pipe.execute()
    [other] = submitted(yard)

    assert claimed(yard, types) == [ids[0], other]
    assert yard.client.zcard(keys.parked_at("key:k")) == 9999
    before = calls(yard)
    assert claimed(yard, types) == []
    assert calls(yard) - before <= 2, "the next claim meets none of them"

    before = calls(yard)
    finish(yard, ids[0])
    assert claimed(yard, types) == [ids[1]]
    assert calls(yard) - before < 40


def calls(yard: Yard) -> int:
    """Commands that clients have sent, but for those that ask for this."""
    yard.client.ping()
    stats = yard.client.info("commandstats")
    return sum(row["calls"] for name, row in stats.items() if name in ("cmdstat_evalsha", "cmdstat_zrange"))


def test_jobs_parked_before_others_do_not_keep_them_from_the_places_of_their_type(
    yard: Yard, types: dict[str, TypeEntry]
) -> None:
    """All were parked while the type was full; when it has room again, only one of the key may begin."""
    running = submitted(yard, 3)
    claimed(yard, types)
    of_key = submitted(yard, 60, concurrency_key="k")
    others = submitted(yard, 2)
    assert claimed(yard, types) == []
    assert parked(yard, of_key[-1])[of_key[-1]] == ("type:t", 60)
    for job_id in running:
        finish(yard, job_id)

    begun = claimed(yard, types)
    yard.sweep.run()
    assert [*begun, *claimed(yard, types)] == [of_key[0], *others]


def test_a_parked_job_that_is_filed_again_stays_parked(yard: Yard, types: dict[str, TypeEntry]) -> None:
    ids = submitted(yard, 3, concurrency_key="k")
    claimed(yard, types)
    yard.bell.rings.clear()
    for _ in range(2):
        yard.sweep.run()

    assert parked(yard, *ids) == {ids[1]: ("key:k", 1), ids[2]: ("key:k", 2)}
    assert yard.index.depth("default") == 0
    assert yard.bell.rings == [], "nobody is called for what cannot begin"


def test_a_parked_job_is_cancelled_at_once_and_expires(yard: Yard, types: dict[str, TypeEntry]) -> None:
    first, second = submitted(yard, 2, concurrency_key="k")
    [third] = submitted(yard, concurrency_key="k", expires_at=rfc3339(yard.clock.now + 100))
    claimed(yard, types)

    assert yard.life.cancel(second).state is JobState.CANCELLED
    yard.clock.now += 200
    yard.sweep.run()
    assert yard.life.head(third).state is JobState.EXPIRED
    finish(yard, first)
    assert left(yard) == []


def test_a_job_that_was_called_back_and_is_cancelled_makes_way_for_the_next(
    yard: Yard, types: dict[str, TypeEntry]
) -> None:
    first, second, third = submitted(yard, 3, concurrency_key="k")
    claimed(yard, types)
    finish(yard, first)
    yard.life.cancel(second)

    assert claimed(yard, types) == [third]


# Deployments -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("places", [5, None])
def test_a_limit_that_is_raised_lets_parked_jobs_begin(
    yard: Yard, types: dict[str, TypeEntry], places: int | None
) -> None:
    ids = submitted(yard, 60)
    claimed(yard, types)
    types = publish(yard, TypeEntry(name="t", title="T", params_schema={}, max_running=places))
    yard.sweep.run()

    assert claimed(yard, types) == ids[3:places]


def test_a_limit_that_is_lowered_or_new_counts_those_that_run_already(yard: Yard, types: dict[str, TypeEntry]) -> None:
    free = submitted(yard, 3, kind="free")
    ids = submitted(yard, 4)
    running = claimed(yard, types)
    assert running == [*free, *ids[:3]]
    one = [TypeEntry(name=name, title=name, params_schema={}, max_running=1) for name in ("t", "free")]
    types = publish(yard, *one)
    [more] = submitted(yard, kind="free")

    for job_id in (*free[:2], *ids[:2]):
        finish(yard, job_id)
    assert claimed(yard, types) == []
    for job_id in (free[2], ids[2]):
        finish(yard, job_id)
    assert claimed(yard, types) == [ids[3], more]
