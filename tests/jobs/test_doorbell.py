import time
from collections.abc import Iterator

import pytest
from celery import Celery

from jobs.doorbell import HEAP, LOOK_SECONDS, OFTEN, TASK, CeleryDoorbell, celery_app, celery_queue
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


def test_behind_a_heap_of_rings_no_more_are_rung_until_it_is_smaller(
    redis_url: str, clients: Clients, apps: list[Celery]
) -> None:
    clock = [0.0]
    apps.append(celery_app(redis_url))
    bell, client = CeleryDoorbell(apps[-1], monotonic=lambda: clock[0]), clients(redis_url)
    bell.ring("slow")
    [ring] = client.lrange(celery_queue("slow"), 0, -1)
    client.rpush(celery_queue("slow"), *[ring] * (HEAP - 1))

    def rings(count: int) -> int:
        before = bell.rung("slow") or 0
        assert all(bell.ring("slow") for _ in range(count))
        return (bell.rung("slow") or 0) - before

    assert rings(OFTEN) == OFTEN, "nobody has looked yet"
    clock[0] += LOOK_SECONDS
    assert rings(50) == 0
    client.ltrim(celery_queue("slow"), 0, HEAP // 2)
    clock[0] += LOOK_SECONDS
    assert rings(50) == 50


def test_of_many_who_ring_at_once_one_looks_how_many_rings_there_are(redis_url: str, apps: list[Celery]) -> None:
    clock = [0.0]
    apps.append(celery_app(redis_url))
    bell, looks = CeleryDoorbell(apps[-1], monotonic=lambda: clock[0]), list[str]()

    def look(queue: str) -> int:
        looks.append(queue)
        if len(looks) == 1:
            assert bell.ring(queue), "another one, while this one waits for its answer"
        return HEAP

    bell.rung = look  # type: ignore[method-assign]
    for _ in range(1 + OFTEN):
        bell.ring("slow")
    clock[0] += LOOK_SECONDS
    bell.ring("slow")

    assert looks == ["slow"]


def test_a_calm_queue_is_rung_each_time(redis_url: str, clients: Clients, apps: list[Celery]) -> None:
    clock = [0.0]
    apps.append(celery_app(redis_url))
    bell = CeleryDoorbell(apps[-1], monotonic=lambda: clock[0])
    bell.ring("slow")
    client = clients(redis_url)
    client.rpush(celery_queue("slow"), *client.lrange(celery_queue("slow"), 0, -1) * HEAP)
    for n in range(3):
        clock[0] += 1
        assert bell.ring("slow")
        assert bell.rung("slow") == 1 + HEAP + n + 1


def test_a_broker_that_is_away_is_told_soon_and_never_raised(apps: list[Celery]) -> None:
    bell = bell_of(f"redis://127.0.0.1:{free_port()}/0", apps)
    began = time.monotonic()

    assert bell.ring("slow") is False
    assert bell.rung("slow") is None
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
