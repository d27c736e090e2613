"""Fixtures that several tiers of tests share."""

import os
from collections.abc import Iterator

import pytest

from tests.service import RedisServer, Service, redis_server, running_service

for _name in [name for name in os.environ if name.startswith("TAILRACE_") and "TESTS" not in name]:
    del os.environ[_name]
os.environ.pop("REDIS_URL", None)


@pytest.fixture(scope="session")
def shared_redis() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


@pytest.fixture
def redis_url(shared_redis: RedisServer) -> str:
    """The URL of a real Redis, empty at the start of each test."""
    import redis

    with redis.Redis.from_url(shared_redis.url) as client:
        client.flushall()
        client.config_resetstat()
    return shared_redis.url


@pytest.fixture(scope="session")
def service() -> Iterator[Service]:
    """One web and one worker process with the default catalogue; for tests that break nothing."""
    with running_service() as running:
        yield running
