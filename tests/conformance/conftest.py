"""Every event log, each with what a test needs to break it."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from jobs import keys
from jobs.connect import redis_client
from jobs.eventlog import EventLog
from jobs.feed import FedLog
from jobs.memory_feed import MemoryFeed
from jobs.memory_log import MemoryLog
from jobs.redis_feed import RedisFeed
from jobs.redis_log import RedisLog
from tests.redises import RedisCluster
from tests.service import REDISES

#: Events that a log of these tests keeps; Redis may keep up to a node more.
MAX_EVENTS = 1000
MAX_BYTES = 1 << 20


class Bench:
    """A log, and a way to take one job's log back to an earlier moment as a crashed Redis would."""

    log: EventLog

    def keep(self, job_id: str) -> Callable[[], None]:
        """Remembers the job's log; the call that it returns puts it back."""
        raise NotImplementedError

    def another(self) -> EventLog:
        """The same log as another process has it."""
        raise NotImplementedError

    def fed(self, max_pointers: int) -> FedLog:
        """The log with a feed of its own."""
        raise NotImplementedError

    def close(self) -> None: ...


class MemoryBench(Bench):
    def __init__(self) -> None:
        self.log = self.memory = MemoryLog(max_events=MAX_EVENTS, max_bytes=MAX_BYTES)

    def keep(self, job_id: str) -> Callable[[], None]:
        kept = copy.deepcopy(self.memory._jobs[job_id])
        return lambda: self.memory._jobs.__setitem__(job_id, copy.deepcopy(kept))

    def another(self) -> EventLog:
        return self.memory

    def fed(self, max_pointers: int) -> FedLog:
        return FedLog(self.log, MemoryFeed(self.log, max_pointers=max_pointers))


class RedisBench(Bench):
    def __init__(self, url: str) -> None:
        self.url, self.clients = url, list[Any]()
        self.log = self.another()

    def another(self) -> EventLog:
        client = redis_client(self.url, connections=4)
        self.clients.append(client)
        return RedisLog(client, retention_seconds=60, max_events=MAX_EVENTS, max_bytes=MAX_BYTES)

    def fed(self, max_pointers: int) -> FedLog:
        return FedLog(self.log, RedisFeed(self.clients[0], max_pointers=max_pointers))

    def keep(self, job_id: str) -> Callable[[], None]:
        client: Any = self.clients[0]
        names = [keys.head(job_id), keys.log(job_id), keys.checkpoint(job_id)]
        dumps = {name: client.dump(name) for name in names}

        def put_back() -> None:
            client.delete(*names)
            for name, dump in dumps.items():
                if dump is not None:
                    client.restore(name, 0, dump)

        return put_back

    def close(self) -> None:
        for client in self.clients:
            client.close()
            client.connection_pool.disconnect()


@pytest.fixture(params=["memory", *REDISES, "cluster"])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    made: Bench
    if request.param == "memory":
        made = MemoryBench()
    elif request.param == "cluster":
        several: RedisCluster = request.getfixturevalue("shared_cluster")
        several.flush()
        made = RedisBench(several.url)
    else:
        import redis

        server = request.getfixturevalue("shared_redis" if request.param == "redis 7" else "old_redis")
        with redis.Redis.from_url(server.url) as client:
            client.flushall()
        made = RedisBench(server.url)
    yield made
    made.close()


@pytest.fixture
def log(bench: Bench) -> EventLog:
    return bench.log
