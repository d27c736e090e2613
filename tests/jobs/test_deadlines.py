from pathlib import Path

from jobs import keys
from jobs.deadlines import EVER, NOW
from tests.histories import BEGIN
from tests.jobs.conftest import Clients, Yard, yard_of
from tests.service import wait_for


def test_a_renewal_tells_which_leases_are_gone_and_makes_none(yard: Yard) -> None:
    yard.index.lease(["a"])

    assert yard.index.lease(["a", "b"], mode="XX") == ["b"]
    assert yard.client.zrange(keys.LEASES, 0, -1) == [b"a"]


def test_a_lease_that_is_there_is_kept_where_asked(yard: Yard) -> None:
    yard.client.zadd(keys.LEASES, {"a": 5})
    yard.index.lease(["a", "b"], mode="NX")

    assert yard.client.zscore(keys.LEASES, "a") == 5
    assert yard.client.zscore(keys.LEASES, "b") > 5


def test_a_lease_runs_out_by_the_clock_of_redis_not_by_ours(redis_url: str, clients: Clients, tmp_path: Path) -> None:
    yard = yard_of(clients(redis_url), tmp_path, lease_seconds=0.2)
    yard.clock.now = BEGIN * 10
    yard.index.lease(["a"])
    assert yard.index.overdue() == []

    assert wait_for(yard.index.overdue) == ["a"]
    assert yard.index.lease(["a"], mode="XX") == []
    assert yard.index.overdue() == []


def test_what_is_due_is_seen_in_one_look_by_either_clock(yard: Yard) -> None:
    yard.client.zadd(keys.LEASES, {"lost": 5})
    yard.client.zadd(keys.UNWATCHED, {"watched": 10**15})
    yard.client.zadd(keys.SCHEDULED, {"due": 100})
    yard.client.zadd(keys.EXPIRY, {"later": 101})
    yard.client.sadd(keys.QUEUES, "default")
    until = {keys.LEASES: NOW, keys.UNWATCHED: NOW, keys.SCHEDULED: 100, keys.EXPIRY: 100}

    due = {keys.LEASES, keys.SCHEDULED, keys.QUEUES}
    assert yard.index.pending({**until, keys.QUEUES: EVER, keys.LIMITS: EVER, keys.FILES: 100}) == due


# Lists -----------------------------------------------------------------------------------------------------------


def test_of_those_who_reach_for_one_job_one_gets_its_lease(yard: Yard) -> None:
    assert [yard.index.hold(job_id) for job_id in ("a", "b", "a")] == [True, True, False]


def test_whoever_died_with_a_lease_in_hand_is_followed_by_another(
    redis_url: str, clients: Clients, tmp_path: Path
) -> None:
    hasty = yard_of(clients(redis_url), tmp_path, lease_seconds=0.05)
    assert hasty.index.hold("a")
    wait_for(lambda: hasty.index.overdue() == ["a"], what="the end of the lease")

    assert hasty.index.hold("a")
