"""Fixtures that several tiers of tests share."""

import functools
import os
import ssl
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import settings

from tests.families import STATISTICS, Families, family
from tests.marks import may_hold
from tests.redises import RedisCluster, redis_cluster
from tests.service import OLD_REDIS, REDISES, RedisServer, Service, redis_server, running_service

for _name in [name for name in os.environ if name.startswith("TAILRACE_") and "TESTS" not in name]:
    del os.environ[_name]
#: Bytecode is kept whatever the machine says: hundreds of processes start here, and each would compile a second long.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
#: No test speaks TLS, yet each client of httpx would read all the world's certificates for itself, for 27 ms a time.
ssl.create_default_context = functools.cache(ssl.create_default_context)
#: How long an example takes says nothing on a busy machine.
settings.register_profile("tailrace", deadline=None)
settings.load_profile("tailrace")

os.environ.pop("REDIS_URL", None)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> Literal[True] | None:
    """To read all files takes every process seconds: those that hold no test of a run by marks are left out."""
    marks = str(config.option.markexpr)
    judged = marks and (collection_path.is_dir() or collection_path.suffix == ".py")
    return True if judged and not may_hold(collection_path, marks) else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Side by side what is long begins first: the largest family, then those that wait for processes meanwhile."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        items.sort(key=lambda item: (family(item.path) != STATISTICS, item.get_closest_marker("acceptance") is None))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Families | None:
    return Families(config, log) if config.option.dist == "loadfile" else None


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
def old_redis() -> Iterator[RedisServer]:
    """A Redis 6.2; skips where there is none."""
    if not OLD_REDIS.exists():
        pytest.skip(f"there is no Redis 6.2 in {OLD_REDIS.parent}")
    with redis_server(binary=str(OLD_REDIS)) as server:
        yield server


@pytest.fixture(params=REDISES)
def any_redis(request: pytest.FixtureRequest) -> Iterator[RedisServer]:
    """Every Redis that is promised to do, empty at the start of each test and as it was afterwards."""
    import redis

    server: RedisServer = request.getfixturevalue("shared_redis" if request.param == "redis 7" else "old_redis")
    with redis.Redis.from_url(server.url) as client:
        client.flushall()
        yield server
        client.replicaof("NO", "ONE")
        client.config_set("maxmemory", 0)


@pytest.fixture(scope="session")
def shared_cluster() -> Iterator[RedisCluster]:
    """A real cluster; for tests that break nothing of it, or put it right again."""
    with redis_cluster() as made:
        yield made


@pytest.fixture(scope="session")
def service() -> Iterator[Service]:
    """One web and one worker process with the default catalogue; for tests that break nothing."""
    with running_service() as running:
        yield running
