from typing import Any

import pytest

from jobs import keys
from jobs.errors import LogUnavailable
from jobs.pace import ANY, JOBS, LIMIT, SECONDS, Paces
from jobs.wiring import redis_client
from tests.jobs.conftest import Clients, Yard
from tests.service import RedisServer, free_port


@pytest.fixture
def client(any_redis: RedisServer, clients: Clients) -> Any:
    return clients(any_redis.url)


@pytest.fixture
def paces(client: Any) -> Paces:
    return Paces(client)


def mean(paces: Paces, kind: str = "a", queue: str = "q") -> float | None:
    return paces.look([queue]).means[queue].get(kind)


def test_what_was_never_measured_has_no_mean(paces: Paces) -> None:
    assert paces.look(["q"]).means == {"q": {}}


def test_the_first_jobs_count_alike(paces: Paces) -> None:
    for seconds in (1.0, 2.0, 6.0):
        paces.note("q", "a", seconds)
    assert mean(paces) == pytest.approx(3.0)


def test_several_jobs_noted_at_once_count_as_one_after_the_other(paces: Paces) -> None:
    seconds = [3.0, 1.0, 0.5] * JOBS
    paces.note("q", "a", *seconds)
    for took in seconds:
        paces.note("other", "a", took)
    assert mean(paces) == pytest.approx(mean(paces, queue="other"), abs=1e-4)
    assert mean(paces, ANY) == mean(paces)


def test_later_jobs_move_the_mean_little_by_little_and_in_the_end_all_the_way(paces: Paces) -> None:
    for _ in range(2 * JOBS):
        paces.note("q", "a", 10.0)
    paces.note("q", "a", 30.0)
    assert mean(paces) == pytest.approx(10 + 20 / JOBS)
    for _ in range(10 * JOBS):
        paces.note("q", "a", 30.0)
    assert mean(paces) == pytest.approx(30.0, rel=0.01)


def test_of_short_jobs_more_are_remembered(paces: Paces) -> None:
    for _ in range(2 * JOBS):
        paces.note("q", "a", 0.1)
    paces.note("q", "a", 0.1 + 4.1)
    assert mean(paces) == pytest.approx(0.1 + 4.1 / (2 * JOBS + 1))


def test_but_no_more_than_a_limit_and_after_longer_ones_fewer_again(paces: Paces, client: Any) -> None:
    for took in (SECONDS / LIMIT / 10, 0.0):
        client.hset(keys.pace("q"), "a", f"{took:.6f} {LIMIT}")
        paces.note("q", "a", took + 1.0)
        assert mean(paces) == pytest.approx(took + 1.0 / LIMIT)
    client.hset(keys.pace("q"), "a", f"10.0 {LIMIT}")
    paces.note("q", "a", 30.0)
    assert mean(paces) == pytest.approx(10 + 20 / JOBS)


def test_types_and_queues_are_measured_apart_and_a_queue_as_a_whole_too(paces: Paces) -> None:
    paces.note("q", "a", 1.0)
    paces.note("q", "b", 3.0)
    paces.note("r", "a", 50.0)
    assert paces.look(["q", "r"]).means == {"q": {"a": 1.0, "b": 3.0, ANY: 2.0}, "r": {"a": 50.0, ANY: 50.0}}


def test_a_measurement_is_one_call_that_takes_both_means_along(paces: Paces, client: Any) -> None:
    paces.note("q", "a", 1.0)
    client.config_resetstat()
    paces.note("q", "a", 2.0)
    calls = client.info("commandstats")
    assert calls["cmdstat_evalsha"]["calls"] == 1
    assert calls["cmdstat_hset"]["calls"] == 2


def test_a_very_short_and_a_very_long_job_are_kept_as_numbers(paces: Paces) -> None:
    paces.note("q", "short", 0.000_001)
    paces.note("q", "long", 30 * 86400.0)
    assert mean(paces, "short") == pytest.approx(0.000_001)
    assert mean(paces, "long") == pytest.approx(30 * 86400)


def test_jobs_are_found_by_their_place(paces: Paces, client: Any) -> None:
    client.zadd(keys.waiting("q"), {"a": 1, "b": 2, "c": 3})
    assert paces.at("q", [2, 0, 7]) == ["c", "a", ""]
    assert paces.at("q", []) == []
    assert paces.look(["q", "r"]).depths == {"q": 3, "r": 0}


def test_a_look_has_the_jobs_that_run(yard: Yard) -> None:
    yard.index.lease(["a", "b"])
    assert sorted(Paces(yard.client).look(["q"]).held) == ["a", "b"]


def test_a_redis_that_is_away_is_said_to_be() -> None:
    paces = Paces(redis_client(f"redis://127.0.0.1:{free_port()}/0"))
    with pytest.raises(LogUnavailable):
        paces.note("q", "a", 1.0)
    with pytest.raises(LogUnavailable):
        paces.look(["q"])
