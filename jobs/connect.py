"""From a URL to a client that waits at most seconds for anything and repeats nothing by itself."""

import socket
from typing import Any

import redis
from redis._parsers import _HiredisParser
from redis.backoff import NoBackoff
from redis.connection import SSLConnection, parse_url
from redis.retry import Retry
from redis.sentinel import Sentinel, SentinelConnectionPool, SentinelManagedConnection, SentinelManagedSSLConnection

from jobs.cluster import Cluster
from jobs.lean import Lean, LeanPool
from jobs.redis_url import Address, Mode, RedisUrl

#: Seconds that a Sentinel gets to say who is master; the next one is asked after that.
SENTINEL_SECONDS = 1


class _Parser(_HiredisParser):
    """Looks whether a pooled connection is still good, as before every command, by one call of the system.

    redis-py asks poll() there, which under gevent is a turn of the whole loop: a sixth of what a submit costs.
    """

    def can_read(self, timeout: float = 0) -> bool:
        sock, reader = self._sock, self._reader
        if timeout or sock is None or reader is None or reader.has_data() or hasattr(sock, "pending"):
            return bool(super().can_read(timeout))
        try:
            came = self._peek(sock)
        except BlockingIOError:
            return False
        if not came:
            raise redis.ConnectionError("the server has closed the connection")
        return True

    def _peek(self, sock: Any) -> bytes:
        #: The socket within gevent's never waits by itself.
        inner = getattr(sock, "_sock", None)
        if inner is not None:
            return bytes(inner.recv(1, socket.MSG_PEEK))
        sock.settimeout(0)
        try:
            return bytes(sock.recv(1, socket.MSG_PEEK))
        finally:
            sock.settimeout(self._socket_timeout)


class _MasterPool(SentinelConnectionPool, LeanPool):
    """Connections to whichever server Sentinel calls master when one is made; waits for a free one as the others do."""


def redis_client(url: str, *, connections: int = 50) -> redis.Redis:
    """A client of whatever *url* names, connected to nothing yet.

    A repeated write could be stored twice; whoever may repeat one says so above this. *connections* are those to one
    server: beyond them a caller waits two seconds for one to become free.
    """
    place = RedisUrl.parse(url)
    rules = {**_rules(), "parser_class": _Parser, "max_connections": connections}
    match place.mode:
        case Mode.SERVER:
            return Lean(connection_pool=LeanPool.from_url(url, **rules))
        case Mode.SENTINEL:
            return Lean(connection_pool=_master_pool(place, rules))
        case Mode.CLUSTER:
            return Cluster(place.nodes, lambda at: _one_of(place, at, rules))


def bare_connection(client: redis.Redis) -> Any:
    """A connection of its own, authenticated, beside the client's pool.

    It leads to the server, to the master of now, or to any living node of a cluster, for each of them carries every
    message.
    """
    pool: Any = (client.living() if isinstance(client, Cluster) else client).connection_pool
    connection = pool.connection_class(**pool.connection_kwargs)
    connection.connect()
    return connection


def sentinel_options(place: RedisUrl) -> dict[str, Any]:
    """How the Sentinels are asked: for Celery's broker too, which would ask one that is dead eleven times over."""
    options = {**_rules(), "socket_timeout": SENTINEL_SECONDS, "socket_connect_timeout": SENTINEL_SECONDS}
    del options["timeout"], options["health_check_interval"]
    given = {name: value for name, value in _parsed(place).items() if name.startswith("ssl_")}
    return {**options, **({"ssl": True, **given} if place.tls else {}), **place.sentinel_options}


def _rules() -> dict[str, Any]:
    return {
        "timeout": 2,
        "socket_timeout": 5,
        "socket_connect_timeout": 3,
        "socket_keepalive": True,
        "health_check_interval": 15,
        "retry": Retry(NoBackoff(), 0),
        "protocol": 2,
    }


def _one_of(place: RedisUrl, at: Address, rules: dict[str, Any]) -> redis.Redis:
    return Lean(connection_pool=LeanPool.from_url(place.server(*at), **rules))


def _master_pool(place: RedisUrl, rules: dict[str, Any]) -> _MasterPool:
    options = {**rules, **_parsed(place)}
    for name in ("host", "port"):
        del options[name]
    tls = options.pop("connection_class", None) is SSLConnection
    options["connection_class"] = SentinelManagedSSLConnection if tls else SentinelManagedConnection
    sentinel: Any = Sentinel(place.nodes, sentinel_kwargs=sentinel_options(place))  # type: ignore[no-untyped-call]
    return _MasterPool(place.service, sentinel, **options)  # type: ignore[no-untyped-call]


def _parsed(place: RedisUrl) -> dict[str, Any]:
    found: dict[str, Any] = parse_url(place.server(*place.nodes[0]))  # type: ignore[no-untyped-call]
    return found
