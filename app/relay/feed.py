"""One raw Redis connection for all that a web process subscribes to; its reader only parses and hands over."""

import logging
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import suppress
from fcntl import ioctl
from termios import FIONREAD
from time import monotonic
from typing import Any

import gevent
import hiredis
import redis
from gevent import socket as gsocket
from gevent.event import Event

from app.relay.delivery import Slices
from jobs.connect import bare_connection
from jobs.errors import LogUnavailable

#: Channel → what came for it.
News = defaultdict[bytes, list[bytes]]

log = logging.getLogger(__name__)

#: Seconds from one PING to the next; nothing heard in between means that the connection is dead, whatever TCP says.
ANSWER = 5.0
#: Seconds between tries to reconnect grow to this.
SLOWEST = 2.0
_CHUNK = 1 << 18
#: Bytes parsed at a time: after every kilobyte the parser moves all that it still has to the front.
_PIECE = 1 << 13
#: Bytes read at the most before what came is sent: the more there is, the more of one job goes together.
GATHER = 2 << 20


class Feed:
    """Subscribes on demand; *on_ready(channel)* for each confirmation, *on_news(news, slices)* for the messages.

    That is once all that there was to be read is, with what came for each channel in its order.

    A confirmation says "from here on nothing is missed"; after a reconnect every channel is confirmed anew,
    and whoever listens must look for what it missed. *client* says where: after a failover that is the new master, of a
    cluster any living node, since what is published at one of them reaches the subscribers of all.
    """

    def __init__(
        self,
        client: redis.Redis,
        on_news: Callable[[News, Slices], None],
        on_ready: Callable[[bytes], None],
    ) -> None:
        self._client, self._on_news, self._on_ready = client, on_news, on_ready
        #: What was read and is yet to be handed over.
        self._news: News = defaultdict(list)
        self._channels: set[bytes] = set()
        self._unconfirmed: Counter[bytes] = Counter()
        self._commands: list[bytes] = []
        self._wake = Event()
        self._heard = True
        #: Whether anything came since it was last asked how far behind that is.
        self._lively = False
        #: When Redis was asked for a sign, by the monotonic clock, while it has not come; how long the last ones took.
        self._asked: float | None = None
        self._took = 0.0
        #: Since when not every channel is confirmed, by the monotonic clock; None while all are.
        self.broken_since: float | None = None
        self._reader: gevent.Greenlet | None = None
        self._sock: gsocket.socket | None = None

    @property
    def channels(self) -> int:
        return len(self._channels)

    def unread(self) -> int:
        """Bytes that Redis has sent and that are still to be read; more of them wait in Redis."""
        if self._sock is None or hasattr(self._sock, "pending"):
            return 0
        with suppress(OSError):
            return int.from_bytes(ioctl(self._sock, FIONREAD, bytes(4)), sys.byteorder)
        return 0

    def lag(self) -> float:
        """The most seconds, since this was last asked, by which news were behind when they were read.

        Told by a sign that comes in line with them, so that what waits in Redis counts too; asked for while there are
        any news.
        """
        took, self._took, now = self._took, 0.0, monotonic()
        if self._asked is not None:
            return max(took, now - self._asked)
        if self._lively and self._sock is not None:
            self._lively, self._asked = False, now
            self._say(b"PING")
        return took

    def start(self) -> None:
        if self._reader is None:
            self._reader = gevent.spawn(self._run)

    def stop(self) -> None:
        if self._reader is not None:
            self._reader.kill()

    def subscribe(self, channel: bytes) -> None:
        self._channels.add(channel)
        self._unconfirmed[channel] += 1
        self._say(b"SUBSCRIBE", channel)

    def unsubscribe(self, channel: bytes) -> None:
        self._channels.discard(channel)
        self._say(b"UNSUBSCRIBE", channel)

    def _say(self, *words: bytes) -> None:
        self._commands.append(_command(*words))
        self._wake.set()

    def _run(self) -> None:
        tries = 0
        while True:
            try:
                connection = bare_connection(self._client)
                tries = 0
                self._carry(connection)
            except (OSError, redis.RedisError, hiredis.HiredisError, LogUnavailable) as error:
                if not tries:
                    log.warning("relay: the live feed broke (%s); reconnecting", type(error).__name__)
            except Exception:
                #: A process whose feed has ended would be deaf from here on; what was lost is filled in from the log.
                log.exception("relay: the live feed met a fault; reconnecting")
            tries += 1
            self.broken_since = self.broken_since or monotonic()
            gevent.sleep(min(SLOWEST, 0.05 * 2**tries) * random.uniform(0.5, 1))  # noqa: S311 - jitter

    def _carry(self, connection: Any) -> None:
        sock = self._sock = _cooperative(connection)
        self._commands = [_command(b"SUBSCRIBE", channel) for channel in self._channels]
        self._unconfirmed, self._asked = Counter(self._channels), None
        self._wake.set()
        self._confirm()
        writer = gevent.spawn(self._write, sock)
        try:
            self._read(sock)
        finally:
            writer.kill()
            self._sock = None
            sock.close()

    def _read(self, sock: gsocket.socket) -> None:
        reader, slices, gathered = hiredis.Reader(), Slices(), 0
        buffer: Any = bytearray(_CHUNK)
        try:
            while count := sock.recv_into(buffer):
                gathered += count
                self._heard = self._lively = True
                for begin in range(0, count, _PIECE):
                    reader.feed(buffer, begin, min(_PIECE, count - begin))
                    self._hear(reader)
                if count < _CHUNK or gathered >= GATHER or not self.unread():
                    self._hand_over(slices)
                    gathered = 0
                #: A socket that always has more to read lets nobody else run by itself.
                slices.breathe()
        finally:
            self._hand_over(slices)
        raise ConnectionResetError("Redis closed the feed")

    def _hear(self, reader: hiredis.Reader) -> None:
        """A piece holds so little that nobody waits for long: a message is noted here, and looked at later."""
        news, gets = self._news, reader.gets
        while (reply := gets()) is not False:
            #: Nearly all are messages: they take the shortest way.
            if isinstance(reply, list) and reply[0] == b"message":
                news[reply[1]].append(reply[2])
            elif isinstance(reply, Exception):
                raise reply
            else:
                self._take(reply)

    def _hand_over(self, slices: Slices) -> None:
        news, self._news = self._news, defaultdict(list)
        self._on_news(news, slices)

    def _take(self, reply: object) -> None:
        match reply:
            case [b"subscribe", bytes(channel), _]:
                self._unconfirmed[channel] -= 1
                if self._unconfirmed[channel] <= 0:
                    del self._unconfirmed[channel]
                    self._confirm()
                    if channel in self._channels:
                        self._on_ready(channel)
            #: The shorter one where nothing is subscribed to.
            case [b"pong", _] | b"PONG" if self._asked is not None:
                self._took, self._asked = max(self._took, monotonic() - self._asked), None
                #: The sign itself is no news.
                self._lively = False

    def _confirm(self) -> None:
        if not self._unconfirmed:
            self.broken_since = None

    def _write(self, sock: gsocket.socket) -> None:
        """Sends what is to be said, at once; a connection that does not answer is closed, and the reader sees that."""
        self._heard, due = True, monotonic()
        try:
            while True:
                if self._wake.wait(max(0.0, due - monotonic())):
                    self._wake.clear()
                    commands, self._commands = b"".join(self._commands), []
                    sock.sendall(commands)
                if monotonic() >= due:
                    if not self._heard:
                        break
                    self._heard, due = False, monotonic() + ANSWER
                    sock.sendall(_command(b"PING"))
            sock.shutdown(gsocket.SHUT_RDWR)
        except OSError:
            return


def _command(*words: bytes) -> bytes:
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)


def _cooperative(connection: Any) -> gsocket.socket:
    """The connection's socket, authenticated already, as one that yields to other greenlets; TLS keeps its own."""
    sock = connection._sock  # noqa: SLF001 - redis-py has no public way to hand over a connected socket
    if hasattr(sock, "pending"):
        sock.settimeout(None)
        return sock
    connection._sock = None  # noqa: SLF001 - it must not close what is no longer its own
    family, kind = sock.family, sock.type
    taken = gsocket.socket(family, kind, fileno=sock.detach())
    taken.settimeout(None)
    return taken
