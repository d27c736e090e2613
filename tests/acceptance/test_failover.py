"""A whole service on several Redis as one: while a master is lost it says so, and then goes on by itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import redis

from jobs import keys
from tests.acceptance.conftest import JOBS
from tests.acceptance.readers import Reader, ended_once
from tests.redises import redis_cluster, watched_pair
from tests.service import Service, redis_server, wait_for

pytestmark = pytest.mark.acceptance

COUNT = 150


@contextmanager
def service_on(redises: Any, **env: str) -> Iterator[Service]:
    service = Service(redises, env={**JOBS, **env})
    try:
        service.worker()
        service.web()
        yield service
    finally:
        service.stop()


def follow(service: Service) -> Reader:
    """A reader of a job that has begun."""
    reader = Reader(service, service.submit("steady", count=COUNT, pause=0.02)["id"])
    wait_for(lambda: len(reader.seen) > 10, what="the first events")
    return reader


def lost_and_back(service: Service) -> None:
    """Callers are asked to come back, by every verb that needs the store, until they are served again."""
    answer = wait_for(lambda: a if (a := service.client.get("/v1/jobs")).status_code != 200 else None, what="the loss")
    while answer.status_code != 200:
        assert answer.status_code == 503, answer.text
        assert int(answer.headers["Retry-After"]) >= 1
        assert service.client.get("/livez").status_code == 200
        answer = service.client.get("/v1/jobs")


def whole_or_told(service: Service, reader: Reader) -> None:
    """Every event once and in order; where the lost master had told of some that its replica never got, a gap."""
    assert service.wait(reader.job_id, seconds=60)["state"] == "succeeded"
    reader.join(60)
    events = ended_once(service, reader.job_id)
    assert reader.ended
    ids = [event["id"] for event in reader.seen]
    assert len(ids) == len(set(ids))
    after = reader.gaps[-1] if reader.gaps else 0
    tail = reader.seen[after:]
    assert tail == events[len(events) - len(tail) :]
    assert reader.gaps or len(reader.seen) == len(events)


def copied(replica: redis.Redis, reader: Reader) -> int:
    """How many of the job's events the replica has."""
    return int(replica.xlen(keys.log(reader.job_id)))


def test_when_sentinel_names_another_master_jobs_and_streams_go_on_there() -> None:
    with watched_pair() as pair, service_on(pair) as service:
        reader = follow(service)
        pair.master.kill()
        lost_and_back(service)
        whole_or_told(service, reader)
        assert service.wait(service.submit("steady", count=1)["id"])["state"] == "succeeded", "the doorbell rings too"


def test_what_a_lost_master_had_not_copied_is_told_as_a_gap() -> None:
    with watched_pair() as pair, service_on(pair) as service:
        reader = follow(service)
        pair.wire.set("half-open")
        with pair.replica.client() as replica:
            wait_for(lambda: len(reader.seen) > copied(replica, reader) + 20, what="events that only the master has")
        pair.master.kill()
        lost_and_back(service)
        whole_or_told(service, reader)
        assert reader.gaps


def test_when_a_cluster_loses_a_master_jobs_and_streams_go_on_at_its_replica() -> None:
    with (
        redis_cluster() as cluster,
        redis_server() as broker,
        service_on(cluster, TAILRACE_BROKER_URL=broker.url) as service,
    ):
        readers: list[Reader] = []
        while not any(cluster.has(cluster.owner, keys.log(reader.job_id)) for reader in readers):
            readers.append(follow(service))
        cluster.owner.kill()
        lost_and_back(service)
        for reader in readers:
            whole_or_told(service, reader)
        assert service.wait(service.submit("steady", count=1)["id"])["state"] == "succeeded"
