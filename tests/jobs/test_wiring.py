from pathlib import Path
from typing import Any

import pytest

from jobs.errors import LogUnavailable
from jobs.redis_log import available
from jobs.settings import Settings
from jobs.wiring import assemble, redis_client
from tests.service import free_port


def test_assembling_the_parts_connects_to_nothing(tmp_path: Path) -> None:
    url = f"redis://127.0.0.1:{free_port()}/0"
    parts = assemble(Settings.from_env({"REDIS_URL": url, "TAILRACE_DATA": str(tmp_path)}))

    with pytest.raises(LogUnavailable):
        parts.lifecycle.load("any")
    assert list(tmp_path.iterdir()) == []


def test_a_client_waits_for_seconds_at_most_and_repeats_nothing() -> None:
    client: Any = redis_client("redis://127.0.0.1:1/0")
    connection = client.connection_pool.make_connection()

    assert connection.retry.get_retries() == 0
    assert (connection.socket_timeout, connection.socket_connect_timeout) == (5, 3)


def test_a_caller_that_gets_no_connection_in_time_hears_of_an_unavailable_log(redis_url: str) -> None:
    client: Any = redis_client(redis_url, connections=1)
    client.connection_pool.timeout = 0.05
    with client.pipeline() as pipe:
        pipe.watch("a")
        with pytest.raises(LogUnavailable), available():
            client.get("a")
    client.connection_pool.disconnect()
