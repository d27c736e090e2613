"""One open read: its socket, how far it has been told, and nothing that it has yet to be told.

Its states:

    joining ─▶ live ─▶ ending ─▶ gone
       ▲        │
       └─ slow ◀┘   what did not fit its socket puts it behind; when it drains it joins again from its cursor
"""

import _socket
import contextlib
import random
import socket
import time
import zlib
from dataclasses import dataclass
from typing import Any, ClassVar

from app.relay.hearing import Hear, Hearing
from app.relay.lens import Lens
from app.relay.opening import Opening
from app.relay.topic import Topic
from jobs.eventlog import Cursor

#: zlib's own numbers: a gzip frame with a window of 4 KiB, and some 30 KiB of memory for each that is compressed.
_GZIP, _MEMORY = 16 + 12, 5
#: Linux: bytes that may wait in the kernel without being on their way; see tcp(7).
_NOTSENT_LOWAT, _UNSENT = 25, 16 * 1024

#: How the service is where nothing is out of order.
WELL = (0, "recovered")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a client asked for: which job, from where, how; decided and allowed before the relay sees it."""

    job_id: str
    #: An event id (parsed), or BEGINNING, LATEST, SNAPSHOT; None for a cursor that no log could have given out.
    after: Cursor | str | None
    lens: Lens
    peer: str = "-"
    #: Fit for a log line: without query, so without tokens; ``<job_id>`` stands for the job.
    path: str = "-"
    #: Where the client may speak too: what becomes of its messages.
    hear: Hear | None = None

    def told(self, name: str, data: dict[str, Any], cursor: Cursor | None = None) -> bytes:
        """An event of the stream itself, as this reader wants it."""
        return self.lens.control(name, self.job_id, data, cursor=cursor)


class Subscriber:
    """The relay's end of one connection. All of it runs in the relay's one thread."""

    __slots__ = (
        "_pack",
        "blocked",
        "caught_up",
        "closed",
        "condition",
        "ending",
        "fd",
        "fresh",
        "heard",
        "hearing",
        "live",
        "opened",
        "opening",
        "parting",
        "position",
        "reading",
        "rejoining",
        "rest",
        "retire",
        "sent",
        "slot",
        "slow",
        "sock",
        "topic",
    )

    #: Bytes that the kernel holds for one reader: small, so that a slow one shows early.
    SEND_BUFFER: ClassVar[int] = 64 * 1024
    #: Seconds for which a reader may be blocked before what it is behind with is merged.
    SLOW: ClassVar[float] = 1.0

    def __init__(self, sock: "_socket.socket", reading: Reading, topic: Topic, *, lifetime: float) -> None:
        self.sock, self.fd = sock, sock.fileno()
        self.reading, self.topic = reading, topic
        #: The last event told, whatever the filter let through.
        self.position: Cursor | str | None = reading.after
        self.fresh, self.caught_up = True, False
        #: Of a reader of many jobs: what it has yet to be told before it follows them.
        self.opening: Opening | None = None
        self.live = self.closed = False
        #: Whether it is being read up to date just now.
        self.rejoining = False
        #: Why it is being ended; whether all that it was to be sent is out by then.
        self.ending, self.parting = "", False
        self.hearing = None if reading.hear is None else Hearing(reading.hear, deflate=reading.lens.deflate)
        self.rest = b""
        self.sent = 0
        #: Since when it has not taken all that it was sent, and whether that has lasted too long.
        self.blocked, self.slow = 0.0, False
        #: What it was told last of how the service is: (level, reason).
        self.condition = WELL
        self._pack = zlib.compressobj(6, zlib.DEFLATED, _GZIP, _MEMORY) if reading.lens.gzip else None
        self.opened = time.monotonic()
        self.retire = self.opened + lifetime * random.uniform(0.8, 1.0)  # noqa: S311 - jitter
        #: When bytes last left for it, and when it is looked at (``app/relay/agenda.py``).
        self.heard, self.slot = self.opened, 0

    def stands_at(self, at: Cursor) -> bool:
        """Whether it was told everything up to *at*, or of another epoch."""
        position = self.position
        return not isinstance(position, Cursor) or position.epoch != at.epoch or position.seq >= at.seq

    def follow(self, data: bytes, at: Cursor, now: float) -> bool:
        """As :meth:`write` of *data*, which leads up to *at*, in few steps: the way of all that is live.

        Nothing is sent where it stands there already.
        """
        position = self.position
        if position.seq >= at.seq or position.epoch != at.epoch:  # type: ignore[union-attr] # who is live has a cursor
            return True
        self.position = at
        if self.rest or self._pack is not None:
            return self.write(data)
        try:
            count = self.sock.send(data)
        except BlockingIOError:
            count = 0
        if count != len(data):
            return self._count(data, count, now)
        self.sent += count
        self.heard = now
        return True

    def write(self, data: bytes, *, last: bool = False) -> bool:
        """Sends *data*; False where some of it had to stay behind in :attr:`rest`. OSError where the reader is gone."""
        if self._pack is not None:
            #: Flushed with every send: an event must not wait in the compressor for the next.
            data = self._pack.compress(data) + self._pack.flush(zlib.Z_FINISH if last else zlib.Z_SYNC_FLUSH)
        return self.write_plain(data)

    def write_plain(self, data: bytes) -> bool:
        """As :meth:`write`, of what is on no account compressed."""
        if self.rest:
            self.rest += data
            return False
        try:
            count = self.sock.send(data)
        except BlockingIOError:
            count = 0
        return self._count(data, count, time.monotonic())

    def _count(self, data: bytes, count: int, now: float) -> bool:
        """Whether the *count* bytes that were taken are all; what was not stays behind."""
        if count:
            self.sent += count
            self.heard = now
        if count != len(data):
            self.rest, self.blocked = data[count:], self.blocked or now
            return False
        return True

    def drain(self) -> bool:
        """Sends what stayed behind; True once nothing is left."""
        rest, self.rest = self.rest, b""
        if not self.write_plain(rest):
            return False
        self.slow, self.blocked = time.monotonic() - self.blocked > self.SLOW, 0.0
        return True


def raw(sock: socket.socket) -> "_socket.socket":
    """The bare non-blocking socket under *sock*, which gives it up: one send is one system call."""
    family, kind, proto = sock.family, sock.type, sock.proto
    bare = _socket.socket(family, kind, proto, fileno=sock.detach())
    bare.setblocking(False)
    if family in {socket.AF_INET, socket.AF_INET6}:
        bare.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        bare.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, Subscriber.SEND_BUFFER)
        with contextlib.suppress(OSError):
            bare.setsockopt(socket.IPPROTO_TCP, _NOTSENT_LOWAT, _UNSENT)
    return bare
