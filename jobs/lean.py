"""A Redis client that takes redis-py's long way only where it has to: most of what an exchange costs is that way.

Retries, metrics and callbacks around each command and each look into the pool: 85 of the 125 µs of CPU that a script's
call takes. We retry nothing and measure nothing there. Whatever is not as usual (a new connection, one that the server
has closed, one that still has an answer, a word of another kind) goes through redis-py as ever.
"""

from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha1
from queue import Empty
from typing import Any

import redis
from hiredis import pack_command
from redis.exceptions import NoScriptError


class LeanPool(redis.BlockingConnectionPool):
    """A pooled connection that is as it was left is taken and given back without ado."""

    def get_connection(self, *_: Any, **__: Any) -> Any:
        self._checkpid()
        try:
            found = self.pool.get_nowait()
        except Empty:
            return super().get_connection()  # type: ignore[no-untyped-call] # it waits
        if found is not None and _ready(found):
            return found
        self.pool.put_nowait(found)
        return super().get_connection()  # type: ignore[no-untyped-call] # it takes the same one, and mends it

    def release(self, connection: Any) -> None:
        #: After a fork whoever takes the next one finds out.
        if connection.should_reconnect() or not self.owns_connection(connection):
            super().release(connection)  # type: ignore[no-untyped-call]
        else:
            self.pool.put_nowait(connection)


def _ready(connection: Any) -> bool:
    """Whether the server still listens on it, and nothing that nobody took is left there."""
    try:
        return connection._sock is not None and not connection._parser.can_read(0)  # noqa: SLF001 - as the pool itself does
    except (redis.ConnectionError, redis.TimeoutError, OSError):
        return False


class Lean(redis.Redis):
    """Each command is sent once and its answer read; a connection that fails is closed by itself."""

    def register_script(self, script: Any) -> Any:
        return Script(self, script)

    def execute_command(self, *words: Any, **options: Any) -> Any:
        name = words[0]
        #: redis-py makes two words of "CONFIG GET", and has more to do for this one.
        if " " in name or name == "HIMPORT":
            return super().execute_command(*words, **options)  # type: ignore[no-untyped-call]
        pool: Any = self.connection_pool
        connection = pool.get_connection()
        try:
            _send(connection, words)
            return self.parse_response(connection, name, **options)  # type: ignore[no-untyped-call]
        finally:
            pool.release(connection)


class Script:
    """A script called by its hash; a server that does not know it is given the whole, in the same breath.

    redis-py's own would load it into every master of a cluster first, and fail while one of them is away.
    """

    def __init__(self, client: Any, text: str) -> None:
        self._client, self._text = client, text
        self._sha = sha1(text.encode()).hexdigest()  # noqa: S324 - Redis's own name for a script

    def __call__(self, keys: Sequence[Any] = (), args: Sequence[Any] = ()) -> Any:
        try:
            return self._client.execute_command("EVALSHA", self._sha, len(keys), *keys, *args)
        except NoScriptError:
            return self._client.execute_command("EVAL", self._text, len(keys), *keys, *args)


def _send(connection: Any, words: tuple[Any, ...]) -> None:
    """All of the command; whatever goes wrong, redis-py says so, and has closed the connection."""
    try:
        packed = pack_command(words)
    except TypeError:
        #: A bytearray, or what cannot be said: it knows, and says so.
        connection.send_packed_command(connection.pack_command(*words))
        return
    connection.check_health()
    sent = 0
    #: One call, where ``sendall`` of gevent's sockets takes the time twice and looks up the buffer's size.
    with suppress(OSError):
        sent = connection._sock.send(packed)  # noqa: SLF001 - as the connection itself does
    if sent < len(packed):
        connection.send_packed_command((packed[sent:],))
