import threading
from typing import Any

import pytest
import redis

from jobs.connect import redis_client
from jobs.errors import LogUnavailable
from jobs.redis_log import available
from tests.jobs.conftest import Clients


def test_answers_are_those_of_redis_py(redis_url: str, clients: Clients) -> None:
    lean: Any = clients(redis_url)
    usual: Any = redis.Redis.from_url(redis_url, protocol=2)
    lean.zadd("places", {"a": 1, "b": 2.5})
    lean.hset("hash", mapping={"a": 1, "b": "ä"})
    for ask in (
        lambda client: client.zrange("places", 0, -1, withscores=True),
        lambda client: client.hgetall("hash"),
        lambda client: client.set("none", "x", xx=True),
        lambda client: client.config_get("maxclients"),
        lambda client: client.register_script("return {KEYS[1], ARGV[1], ARGV[2]}")(["k"], [1, b"\xff"]),
        lambda client: client.execute_command("ECHO", bytearray(b"bytes")),
    ):
        assert ask(lean) == ask(usual)
    usual.close()


def test_what_cannot_be_sent_is_refused_and_the_connection_is_still_good(redis_url: str, clients: Clients) -> None:
    client: Any = clients(redis_url)
    for wrong in (None, True, object()):
        with pytest.raises(redis.DataError):
            client.set("a", wrong)
    with pytest.raises(redis.ResponseError):
        client.execute_command("GET")
    assert client.set("a", 1)
    assert len(client.connection_pool._connections) == 1


def test_a_connection_serves_one_at_a_time_and_is_taken_again(redis_url: str) -> None:
    client: Any = redis_client(redis_url)
    together = threading.Barrier(3)

    def ask() -> None:
        together.wait()
        for n in range(200):
            assert client.execute_command("ECHO", n) == b"%d" % n

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(client.connection_pool._connections) <= 3
    client.connection_pool.disconnect()


def test_after_a_fork_or_a_lost_connection_another_one_is_made(redis_url: str, clients: Clients) -> None:
    client: Any = clients(redis_url)
    client.set("a", 1)
    [connection] = client.connection_pool._connections
    connection.disconnect()
    assert client.get("a") == b"1"
    connection.pid = -1
    assert client.get("a") == b"1"
    assert client.get("a") == b"1"
    assert connection._sock is None, "it was another process's"


def test_an_answer_that_does_not_come_is_an_unavailable_log_and_closes_the_connection(
    redis_url: str, clients: Clients
) -> None:
    client: Any = clients(redis_url)
    client.set("a", 1)
    [connection] = client.connection_pool._connections
    connection._parser._socket_timeout = 0.05
    with pytest.raises(LogUnavailable), available():
        client.execute_command("BLPOP", "nothing", 1)
    assert client.get("a") == b"1"
