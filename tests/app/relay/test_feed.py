"""The feed on several Redis as one: whichever of them is lost, it listens again and says so."""

import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import chain
from typing import Any, cast

import gevent
import pytest
import redis

from app.relay.delivery import Slices
from app.relay.feed import Feed, News
from jobs.connect import redis_client
from tests.redises import redis_cluster, watched_pair
from tests.service import UNIT, RedisServer, redis_server

CHANNEL = b"news"


class Listener:
    """A feed, and what it told."""

    def __init__(self, url: str) -> None:
        self.client: Any = redis_client(url)
        self.heard: list[bytes] = []
        self.confirmed = 0
        self.feed = Feed(self.client, self._news, self._ready)
        self.feed.start()
        self.feed.subscribe(CHANNEL)
        self.until(lambda: self.confirmed == 1)

    def _news(self, news: News, _slices: Slices) -> None:
        self.heard.extend(chain(*news.values()))

    def _ready(self, _channel: bytes) -> None:
        self.confirmed += 1

    def until(self, thing: Callable[[], Any]) -> None:
        with gevent.Timeout(15 * UNIT):
            while not thing():
                gevent.sleep(0.02)

    def close(self) -> None:
        self.feed.stop()
        self.client.close()
        self.client.connection_pool.disconnect()


@pytest.fixture
def listeners() -> Iterator[Callable[[str], Listener]]:
    made: list[Listener] = []

    def make(url: str) -> Listener:
        made.append(Listener(url))
        return made[-1]

    yield make
    for listener in made:
        listener.close()


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


def listened_at(server: RedisServer) -> bool:
    with suppress(redis.ConnectionError), server.client() as client:
        return bool(client.pubsub_numsub(CHANNEL)[0][1])
    return False


def publish(server: RedisServer, text: bytes) -> None:
    with server.client() as client:
        client.publish(CHANNEL, text)


def test_it_follows_the_master_that_sentinel_names(listeners: Callable[[str], Listener]) -> None:
    with watched_pair() as pair:
        listener = listeners(pair.url)
        assert listened_at(pair.master)
        pair.master.kill()
        listener.until(lambda: listener.confirmed == 2)
        publish(pair.replica, b"from the new one")
        listener.until(lambda: listener.heard == [b"from the new one"])


def test_it_goes_to_a_living_node_of_the_cluster(listeners: Callable[[str], Listener]) -> None:
    with redis_cluster() as cluster:
        listener = listeners(cluster.url)
        [first] = [node for node in cluster.nodes if listened_at(node)]
        first.kill()
        listener.until(lambda: listener.confirmed == 2)
        living = [node for node in cluster.nodes if node is not first]
        assert [listened_at(node) for node in living].count(True) == 1
        for node in living:
            publish(node, b"%d" % node.port)
        listener.until(lambda: sorted(listener.heard) == sorted(b"%d" % node.port for node in living))


def test_a_connection_that_always_has_more_leaves_the_loop_to_others() -> None:
    """Each read takes next to no time; all of them together would take it for ever."""
    message = b"*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$2\r\nit\r\n"
    heard, turns = 0, 0

    class Endless:
        def recv_into(self, buffer: bytearray) -> int:
            buffer[: len(message)] = message
            return len(message) if turns < 20 else 0

    def hear(news: News, _slices: Slices) -> None:
        nonlocal heard
        heard += len(news[b"news"])

    def other() -> None:
        nonlocal turns
        while turns < 20:
            gevent.sleep(0)
            turns += 1

    feed = Feed(cast("Any", None), hear, lambda _channel: None)
    others = gevent.spawn(other)
    with gevent.Timeout(10 * UNIT), pytest.raises(ConnectionResetError):
        feed._read(cast("Any", Endless()))
    others.join()
    assert heard > 20


def test_much_at_once_is_parsed_as_it_came() -> None:
    """In pieces that end anywhere, also within a message."""
    sent = [b"%d" % number * (number % 700 + 1) for number in range(900)]
    stream = b"".join(b"*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$%d\r\n%b\r\n" % (len(text), text) for text in sent)

    class Whole:
        rest = stream

        def recv_into(self, buffer: bytearray) -> int:
            some, self.rest = self.rest[: len(buffer)], self.rest[len(buffer) :]
            buffer[: len(some)] = some
            return len(some)

    heard: list[bytes] = []
    feed = Feed(cast("Any", None), lambda news, _slices: heard.extend(news[b"news"]), lambda _channel: None)
    with pytest.raises(ConnectionResetError):
        feed._read(cast("Any", Whole()))
    assert heard == sent


def test_how_far_the_news_are_behind_is_told_by_a_sign_in_line_with_them(
    listeners: Callable[[str], Listener], own_redis: RedisServer
) -> None:
    listener = listeners(own_redis.url)
    feed = listener.feed
    process = own_redis.process
    assert process is not None
    feed.lag()
    listener.until(lambda: feed._asked is None)
    assert feed.lag() > 0
    assert feed.lag() == 0, "nothing has come since"
    assert feed._asked is None, "so nothing is asked"
    publish(own_redis, b"news")
    listener.until(lambda: feed._lively)
    process.send_signal(signal.SIGSTOP)
    feed.lag()
    listener.until(lambda: feed.lag() > 0.2)
    process.send_signal(signal.SIGCONT)
    listener.until(lambda: feed._asked is None)
    assert feed.lag() >= 0.2


def test_the_sign_comes_also_where_nothing_is_subscribed_to_any_more(
    listeners: Callable[[str], Listener], own_redis: RedisServer
) -> None:
    listener = listeners(own_redis.url)
    listener.feed.unsubscribe(CHANNEL)
    listener.feed.lag()
    listener.until(lambda: listener.feed._asked is None)
