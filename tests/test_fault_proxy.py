"""The wire that other tests break: what each fault does to a real Redis's client."""

from collections.abc import Iterator

import pytest
import redis

from jobs.wiring import redis_client
from tests.fault_proxy import FaultProxy
from tests.service import RedisServer


@pytest.fixture
def proxy(shared_redis: RedisServer) -> Iterator[FaultProxy]:
    with FaultProxy(shared_redis.port) as proxy:
        yield proxy


def impatient(proxy: FaultProxy) -> redis.Redis:
    """A client with one connection that waits 0.3 s for an answer."""
    return redis.Redis(port=proxy.port, socket_timeout=0.3, single_connection_client=True, retry=None)


def test_a_whole_wire_carries_everything(proxy: FaultProxy) -> None:
    with redis_client(proxy.url) as client:
        client.set("large", b"x" * 3_000_000)
        assert client.get("large") == b"x" * 3_000_000


def test_a_slow_wire_delays_each_way_and_loses_nothing(proxy: FaultProxy) -> None:
    with redis_client(proxy.url) as client, proxy.fault("delay", 0.05):
        with client.pipeline(transaction=False) as pipe:
            for n in range(500):
                pipe.rpush("list", n)
            assert pipe.execute()[-1] == 500
        assert client.lrange("list", 0, -1) == [b"%d" % n for n in range(500)]


def test_a_cut_wire_ends_what_is_open_and_takes_nothing_new(proxy: FaultProxy) -> None:
    with impatient(proxy) as client:
        client.ping()
        with proxy.fault("cut"):
            for _ in range(2):
                with pytest.raises(redis.ConnectionError):
                    client.ping()
        assert client.ping()


def test_a_half_open_wire_is_silent_and_what_was_silent_stays_lost(proxy: FaultProxy) -> None:
    with impatient(proxy) as client, impatient(proxy) as other, redis.Redis(port=proxy.port) as watching:
        watching.set("a", 0)
        client.ping()
        with proxy.fault("half-open"):
            for one in (client, other):
                with pytest.raises(redis.TimeoutError):
                    one.incr("a")
        assert client.incr("a") == 1, "a new connection; the first INCR never arrived"
        assert watching.get("a") == b"1"


def test_a_lost_reply_is_of_a_command_that_was_done(proxy: FaultProxy) -> None:
    with impatient(proxy) as client, redis.Redis(port=proxy.port) as watching:
        client.set("a", 0)
        with proxy.fault("drop-replies"), pytest.raises(redis.TimeoutError):
            client.incr("a")
        assert watching.get("a") == b"1"


def test_noise_is_no_answer(proxy: FaultProxy) -> None:
    with impatient(proxy) as client:
        client.set("a", "x" * 1000)
        with proxy.fault("garbage"), pytest.raises(redis.RedisError):
            client.get("a")
