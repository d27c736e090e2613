"""Fixtures of the tests of the shared word: logs and bookmarks in a real Redis."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from jobs.books import Books
from jobs.doorbell import Doorbell
from jobs.files import FileStore
from jobs.index import Index
from jobs.intake import Intake
from jobs.lifecycle import Lifecycle
from jobs.redis_feed import RedisFeed
from jobs.redis_log import RedisLog
from jobs.scripts import OneServer
from jobs.sweep import Sweep
from jobs.wiring import redis_client
from tests.histories import BEGIN

#: Makes a client of a Redis; closed at the end of the test.
Clients = Callable[[str], Any]


@pytest.fixture
def clients() -> Iterator[Clients]:
    made: list[Any] = []

    def make(url: str) -> Any:
        made.append(redis_client(url, connections=20))
        return made[-1]

    yield make
    for client in made:
        client.close()
        client.connection_pool.disconnect()


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = BEGIN

    def __call__(self) -> int:
        return self.now


@dataclass
class Bell(Doorbell):
    """A doorbell that only counts."""

    rings: list[str] = field(default_factory=list)

    def ring(self, queue: str) -> bool:
        self.rings.append(queue)
        return True

    def rung(self, queue: str) -> int | None:
        return self.rings.count(queue)

    def clear(self, queue: str) -> None:
        self.rings = [ring for ring in self.rings if ring != queue]


@dataclass
class Yard:
    """All the parts that move jobs, on one Redis and one clock."""

    client: Any
    clock: Clock
    bell: Bell
    log: Books
    index: Index
    life: Lifecycle
    files: FileStore
    sweep: Sweep


def yard_of(client: Any, folder: Path, *, lease_seconds: float = 60.0, retention_seconds: int = 3600) -> Yard:
    clock, bell = Clock(), Bell()
    feed = RedisFeed(client)
    alone = RedisLog(client, retention_seconds=retention_seconds, max_events=10_000)
    index = Index(client, feed, lease_seconds=lease_seconds, clock=clock)
    server = OneServer(client)
    log, intake = Books(client, server, alone, index), Intake(client, server, alone, index)
    life, files = Lifecycle(log, index, intake, bell, clock), FileStore(str(folder), client, clock)
    sweep = Sweep(life, files, clock, retention_seconds=retention_seconds)
    return Yard(client, clock, bell, log, index, life, files, sweep)


@pytest.fixture
def yard(redis_url: str, clients: Clients, tmp_path: Path) -> Yard:
    return yard_of(clients(redis_url), tmp_path)
