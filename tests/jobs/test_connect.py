import time
from collections.abc import Iterator
from typing import Any

import pytest
import redis

from jobs.connect import bare_connection, redis_client
from jobs.errors import LogUnavailable
from jobs.redis_log import available
from tests.jobs.conftest import Clients
from tests.redises import WatchedPair, watched_pair
from tests.service import UNIT, free_port, wait_for


@pytest.fixture
def pair() -> Iterator[WatchedPair]:
    with watched_pair() as made:
        yield made


@pytest.mark.parametrize("form", ["redis://{}/0", "redis+sentinel://{},{}/shop", "redis+cluster://{},{}"])
def test_making_a_client_connects_to_nothing_and_nobody_there_is_an_unavailable_log(form: str) -> None:
    places = [f"127.0.0.1:{free_port()}" for _ in range(2)]
    client: Any = redis_client(form.format(*places))
    began = time.monotonic()

    for call in (lambda: client.get("a"), lambda: client.register_script("return 1")(["a"], [])):
        with pytest.raises(LogUnavailable), available():
            call()
    with pytest.raises(redis.ConnectionError):
        bare_connection(client)
    assert time.monotonic() - began < 5 * UNIT
    client.close()


def test_a_connection_that_the_server_has_closed_is_not_used_again(redis_url: str, clients: Clients) -> None:
    client = clients(redis_url)
    client.set("a", 1)
    [connection] = client.connection_pool._connections
    clients(redis_url).client_kill_filter(_id=client.client_id())
    wait_for(lambda: _hung_up(connection), what="the end of the connection")

    assert client.get("a") == b"1", "on another one"


def _hung_up(connection: Any) -> bool:
    try:
        return bool(connection.can_read())
    except redis.ConnectionError:
        return True


def test_a_connection_that_still_has_an_answer_is_not_used_again(redis_url: str, clients: Clients) -> None:
    """Whoever asked for it is gone: it would be taken for the answer to the next question."""
    client = clients(redis_url)
    client.set("a", "right")
    [connection] = client.connection_pool._connections
    connection.send_command("ECHO", "wrong")
    wait_for(connection.can_read, what="the answer that nobody takes")

    assert client.get("a") == b"right"


@pytest.mark.parametrize("form", ["rediss://{}", "rediss+sentinel://{}/shop", "rediss+cluster://{}"])
def test_every_form_may_speak_tls(form: str) -> None:
    pool: Any = redis_client(form.format("one:1")).connection_pool

    assert issubclass(pool.connection_class, redis.SSLConnection)
    assert pool.connection_class(**pool.connection_kwargs).retry.get_retries() == 0


def test_a_client_follows_its_master_and_so_does_whatever_listens(pair: WatchedPair) -> None:
    client: Any = redis_client(pair.url)
    first = bare_connection(client)
    client.set("a", 1)
    client.execute_command("WAIT", 1, 5000)
    pair.master.kill()

    with pytest.raises(LogUnavailable), available():
        client.get("a")
    wait_for(lambda: _written(client), what="another master")
    second = bare_connection(client)
    assert client.get("a") == b"1"
    assert (first.port, second.port) == (pair.master.port, pair.replica.port)
    for connection in (first, second):
        connection.disconnect()
    client.connection_pool.disconnect()


def _written(client: Any) -> bool:
    try:
        with available():
            return bool(client.set("b", 1))
    except LogUnavailable:
        return False


def test_a_demoted_master_is_an_unavailable_log_and_its_connection_is_left(pair: WatchedPair) -> None:
    client: Any = redis_client(pair.url)
    client.set("a", 1)
    with pair.master.client() as there:
        there.replicaof("127.0.0.1", "1")

    with pytest.raises(LogUnavailable), available():
        client.set("a", 2)
    client.connection_pool.disconnect()


def test_beyond_its_connections_a_caller_waits_for_a_free_one(pair: WatchedPair) -> None:
    client: Any = redis_client(pair.url, connections=1)
    client.connection_pool.timeout = 0.05
    with client.pipeline() as pipe:
        pipe.watch("a")
        with pytest.raises(LogUnavailable), available():
            client.get("a")
    assert client.get("a") is None
    client.connection_pool.disconnect()
