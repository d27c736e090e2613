import time
from collections.abc import Iterator

import pytest
from celery import Celery

from jobs.doorbell import TASK, CeleryDoorbell, celery_app, celery_queue
from tests.jobs.conftest import Clients
from tests.service import UNIT, RedisServer, free_port


@pytest.fixture
def apps() -> Iterator[list[Celery]]:
    made: list[Celery] = []
    yield made
    for app in made:
        app.close()


def bell_of(url: str, apps: list[Celery]) -> CeleryDoorbell:
    apps.append(celery_app(url))
    return CeleryDoorbell(apps[-1])


def test_a_ring_is_one_small_json_message_that_names_the_queue(
    redis_url: str, clients: Clients, apps: list[Celery]
) -> None:
    bell = bell_of(redis_url, apps)
    assert bell.ring("slow")

    [message] = clients(redis_url).lrange(celery_queue("slow"), 0, -1)
    assert b'"content-type": "application/json"' in message
    assert TASK.encode() in message
    assert len(message) < 2000


def test_rings_that_nobody_answered_are_counted(redis_url: str, apps: list[Celery]) -> None:
    bell = bell_of(redis_url, apps)
    assert bell.rung("slow") == 0
    for _ in range(3):
        bell.ring("slow")

    assert bell.rung("slow") == 3
    assert bell.rung("fast") == 0


def test_the_rings_of_a_queue_can_be_taken_away_by_whoever_needs_no_call(redis_url: str, apps: list[Celery]) -> None:
    bell = bell_of(redis_url, apps)
    bell.clear("slow")
    for _ in range(2):
        bell.ring("slow")
    bell.ring("fast")
    bell.clear("slow")
    assert (bell.rung("slow"), bell.rung("fast")) == (0, 1)
    assert bell.ring("slow")
    assert bell.rung("slow") == 1


def test_to_look_at_an_empty_queue_costs_no_connection(
    any_redis: RedisServer, clients: Clients, apps: list[Celery]
) -> None:
    client, bell = clients(any_redis.url), bell_of(any_redis.url, apps)
    bell.ring("fast")
    made = client.info("stats")["total_connections_received"]
    for _ in range(5):
        assert bell.rung("slow") == 0
        bell.clear("slow")
        bell.ring("slow")
        bell.clear("slow")
    assert client.info("stats")["total_connections_received"] == made


def test_a_broker_that_is_away_is_told_soon_and_never_raised(apps: list[Celery]) -> None:
    bell = bell_of(f"redis://127.0.0.1:{free_port()}/0", apps)
    began = time.monotonic()

    assert bell.ring("slow") is False
    assert bell.rung("slow") is None
    bell.clear("slow")
    assert time.monotonic() - began < 20 * UNIT


def test_a_broker_that_takes_no_writes_is_told_and_never_raised(
    any_redis: RedisServer, clients: Clients, apps: list[Celery]
) -> None:
    client, bell = clients(any_redis.url), bell_of(any_redis.url, apps)
    assert bell.ring("slow")
    client.config_set("maxmemory", 1)
    assert bell.ring("slow") is False
    client.config_set("maxmemory", 0)
    client.replicaof("127.0.0.1", "1")
    assert bell.ring("slow") is False
    client.replicaof("NO", "ONE")
    assert bell.ring("slow")


def test_a_broker_may_stand_behind_a_unix_socket(apps: list[Celery]) -> None:
    apps.append(celery_app("unix:///run/redis.sock"))

    assert apps[-1].conf.broker_url == "redis+socket:///run/redis.sock"


def test_a_broker_that_sentinel_names_is_asked_of_every_sentinel_and_none_is_asked_for_long(apps: list[Celery]) -> None:
    apps.append(celery_app("redis+sentinel://:s%40crt@one:26379,two/shop/2?sentinel_password=other"))
    options = apps[-1].conf.broker_transport_options

    assert apps[-1].conf.broker_url == "sentinel://:s%40crt@one:26379/2;sentinel://:s%40crt@two:26379/2"
    assert (options["master_name"], options["socket_timeout"]) == ("shop", 5)
    assert options["sentinel_kwargs"]["password"] == "other"
    assert options["sentinel_kwargs"]["retry"].get_retries() == 0
    assert not apps[-1].conf.broker_use_ssl


def test_a_broker_that_sentinel_names_may_want_tls(apps: list[Celery]) -> None:
    apps.append(celery_app("rediss+sentinel://one/shop?ssl_ca_certs=/ca.pem"))

    assert apps[-1].conf.broker_use_ssl == {"ssl_ca_certs": "/ca.pem"}
    assert apps[-1].conf.broker_transport_options["sentinel_kwargs"]["ssl"] is True
