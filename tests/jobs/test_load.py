from typing import Any

import pytest

from jobs import keys
from jobs.errors import LogUnavailable
from jobs.load import GOOD_MS, LEVELS, Load
from jobs.wiring import redis_client
from tests.jobs.conftest import Clients
from tests.service import RedisServer, free_port


@pytest.fixture
def client(any_redis: RedisServer, clients: Clients) -> Any:
    return clients(any_redis.url)


def test_the_highest_level_of_all_processes_counts(client: Any) -> None:
    assert Load(client).highest() == 0
    for level in (2, 0, 3, 1):
        Load(client).say(level)
    assert Load(client).highest() == 3


def test_what_is_not_repeated_is_forgotten(client: Any) -> None:
    Load(client).say(4)
    assert 0 < client.pttl(keys.load(4)) <= GOOD_MS
    client.delete(keys.load(4))
    assert Load(client).highest() == 0


def test_a_process_that_has_not_cut_down_costs_redis_nothing(client: Any) -> None:
    Load(client).say(0)
    assert not client.keys("*")


def test_a_redis_that_is_away_says_so() -> None:
    load = Load(redis_client(f"redis://127.0.0.1:{free_port()}/0"))
    for call in (load.highest, lambda: load.say(max(LEVELS))):
        with pytest.raises(LogUnavailable):
            call()
