"""One open read: its socket, how far it has been told, and nothing that it has yet to be told.

Its states:

    joining ─▶ live ─▶ ending ─▶ gone
       ▲        │
       └─ slow ◀┘   what did not fit its socket puts it behind; when it drains it joins again from its cursor
"""

import _socket
import random
import socket
import time
from dataclasses import dataclass
from typing import ClassVar

from app.relay.lens import Lens
from app.relay.topic import Topic
from jobs.eventlog import Cursor


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a client asked for: which job, from where, how; decided and allowed before the relay sees it."""

    job_id: str
    #: An event id (parsed), or BEGINNING, LATEST, SNAPSHOT; None for a cursor that no log could have given out.
    after: Cursor | str | None
    lens: Lens
    peer: str = "-"
    #: Fit for a log line: without query, so without tokens.
    path: str = "-"


class Subscriber:
    """The relay's end of one connection. All of it runs in the relay's one thread."""

    __slots__ = (
        "_send",
        "caught_up",
        "closed",
        "ending",
        "fd",
        "fresh",
        "heard",
        "live",
        "opened",
        "position",
        "reading",
        "rest",
        "retire",
        "sent",
        "sock",
        "topic",
    )

    #: Bytes that the kernel holds for one reader: small, so that a slow one shows early.
    SEND_BUFFER: ClassVar[int] = 64 * 1024

    def __init__(self, sock: "_socket.socket", reading: Reading, topic: Topic, *, lifetime: float, beat: float) -> None:
        self.sock, self._send, self.fd = sock, sock.send, sock.fileno()
        self.reading, self.topic = reading, topic
        #: The last event told while not live; a live subscriber stands where its topic does.
        self.position: Cursor | str | None = reading.after
        self.fresh, self.caught_up = True, False
        self.live = self.ending = self.closed = False
        self.rest = b""
        self.sent = 0
        self.opened = time.monotonic()
        self.retire = self.opened + lifetime * random.uniform(0.8, 1.0)  # noqa: S311 - jitter
        #: When bytes last left for it; in the past at first, so that heartbeats of many do not fall together.
        self.heard = self.opened - beat * random.random()  # noqa: S311 - jitter

    def write(self, data: bytes) -> bool:
        """Sends *data*; False where some of it had to stay behind in :attr:`rest`. OSError where the reader is gone."""
        if self.rest:
            self.rest += data
            return False
        try:
            count = self._send(data)
        except BlockingIOError:
            count = 0
        if count:
            self.sent += count
            self.heard = time.monotonic()
        if count != len(data):
            self.rest = data[count:]
            return False
        return True

    def drain(self) -> bool:
        """Sends what stayed behind; True once nothing is left."""
        rest, self.rest = self.rest, b""
        return self.write(rest)


def raw(sock: socket.socket) -> "_socket.socket":
    """The bare non-blocking socket under *sock*, which gives it up: one send is one system call."""
    family, kind, proto = sock.family, sock.type, sock.proto
    bare = _socket.socket(family, kind, proto, fileno=sock.detach())
    bare.setblocking(False)
    if family in {socket.AF_INET, socket.AF_INET6}:
        bare.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        bare.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, Subscriber.SEND_BUFFER)
    return bare
