"""One job, five transports, one cursor: whoever is cut off and goes on over another sees the same sequence."""

from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import Any

import pytest

from tests.followers import READERS, Follower
from tests.service import Service

pytestmark = pytest.mark.acceptance

Log = list[dict[str, Any]]
COUNT = 5_000


#: What somebody saw, and over which transports in turn.
Way = tuple[Log, list[str]]


def zigzag(url: str, seed: int) -> Way:
    """Follows to the end, cut at random and each time resumed on another transport."""
    chance, follower, turns = Random(seed), Follower(url), [list(READERS)[seed % len(READERS)]]
    while follower.follow(turns[-1], stop_after=chance.randint(50, 300)) and not follower.ended:
        turns.append(chance.choice([other for other in READERS if other != turns[-1]]))
    return follower.events, turns


def all_ways(url: str) -> list[Way]:
    """As many followers as transports at once, each of which begins with another."""
    with ThreadPoolExecutor(len(READERS)) as pool:
        return list(pool.map(zigzag, [url] * len(READERS), range(len(READERS))))


@pytest.fixture(scope="module")
def long_job(wide_service: Service) -> tuple[str, list[Way]]:
    """A job of 5,000 items, and who followed it while it ran."""
    job_id = wide_service.submit("steady", count=COUNT, pause=0.001)["id"]
    return job_id, all_ways(f"{wide_service.url}/v1/jobs/{job_id}/events")


def same(ways: list[Way], log: Log) -> None:
    assert len(log) > COUNT
    for events, turns in ways:
        assert events == log
        assert len(turns) > COUNT / 300
        assert set(turns) == set(READERS)


def test_all_transports_in_turns_tell_the_same_while_the_job_runs(
    wide_service: Service, long_job: tuple[str, list[Way]]
) -> None:
    job_id, ways = long_job
    same(ways, wide_service.events(job_id))


def test_all_transports_in_turns_tell_the_same_when_it_is_over(
    wide_service: Service, long_job: tuple[str, list[Way]]
) -> None:
    job_id, _ = long_job
    same(all_ways(f"{wide_service.url}/v1/jobs/{job_id}/events"), wide_service.events(job_id))


@pytest.mark.parametrize("transport", READERS)
def test_each_transport_alone_tells_the_whole(
    wide_service: Service, long_job: tuple[str, list[Way]], transport: str
) -> None:
    job_id, _ = long_job
    follower = Follower(f"{wide_service.url}/v1/jobs/{job_id}/events")
    events, cursor = follower.follow(transport)
    assert follower.ended
    assert (events, cursor) == (wide_service.events(job_id), wide_service.job(job_id)["cursor"])
    assert follower.follow(transport) == ([], cursor)
