"""One reader of a job's events, as EventSource is one: on a raw socket, back with its last id after every break."""

import random
import re
import socket
import time
from typing import TYPE_CHECKING

from bench.told import Told, frame_of

if TYPE_CHECKING:
    from bench.crowd import Crowd

#: Paces besides bytes a second.
FULL, NEVER = -1, 0
#: What the kernel holds for a reader that is to be slow: else loopback would take in megabytes for it.
SLOW_BUFFER = 4096
_CHUNK = 1 << 16


class Reader:
    """One reader of *job_id*, at *pace* bytes a second."""

    __slots__ = (
        "_bytes",
        "_head",
        "_length",
        "connection",
        "crowd",
        "fd",
        "job_id",
        "last_id",
        "pace",
        "retry",
        "sock",
        "told",
    )

    def __init__(self, crowd: "Crowd", job_id: str, pace: int = FULL) -> None:
        self.crowd, self.job_id, self.pace = crowd, job_id, pace
        self.sock: socket.socket | None = None
        self.fd, self.connection = -1, 0
        self.told, self.last_id, self.retry = Told(), b"", 1.0
        #: What has come of a frame; whether the answer's head is still to come; the length of its body, if it says so.
        self._bytes, self._head, self._length = b"", True, -1

    @property
    def ended(self) -> bool:
        return bool(self.told.end)

    def connect(self) -> None:
        if self.ended or self.sock is not None:
            return
        self.connection += 1
        self.sock = sock = socket.socket()
        sock.setblocking(False)
        if self.pace != FULL:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SLOW_BUFFER)
        self._bytes, self._head, self._length, self.fd = b"", True, -1, sock.fileno()
        sock.connect_ex(self.crowd.address)
        self.crowd.watch(self)

    def ask(self) -> None:
        """The connection is there, or never will be."""
        if self.sock is None:
            return
        last = b"Last-Event-ID: %b\r\n" % self.last_id if self.last_id else b""
        path = f"/v1/jobs/{self.job_id}/events?after=0".encode()
        try:
            self.sock.send(b"GET %b HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n%b\r\n" % (path, last))
        except OSError:
            self.crowd.refused += 1
            self.leave()
            return
        self.crowd.take_up(self)

    def read(self, size: int = _CHUNK) -> None:
        sock = self.sock
        if sock is None:
            return
        try:
            data = sock.recv(size)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self.feed(data, time.time())
        else:
            self.leave()

    def feed(self, data: bytes, now: float) -> None:
        data = self._bytes + data
        if self._head:
            head, blank, data = data.partition(b"\r\n\r\n")
            if not blank:
                self._bytes = head
                return
            self._begin(head)
        blocks = data.split(b"\n\n")
        self._bytes = blocks.pop()
        take, crowd = self.told.take, self.crowd
        for block in blocks:
            frame = frame_of(block)
            take(frame)
            self.last_id = frame.id or self.last_id
            if frame.retry_ms is not None:
                self.retry = frame.retry_ms / 1000
            if frame.at and crowd.timing and self.pace == FULL:
                crowd.latencies.append(now - frame.at)
        crowd.events += len(blocks)
        crowd.bytes += len(data)
        #: Only a refusal has a length, and it comes in one piece.
        if self.ended or len(data) == self._length:
            self.leave()

    def _begin(self, head: bytes) -> None:
        self._head = False
        code = int(head[9:12])
        length = re.search(rb"(?im)^content-length: (\d+)", head)
        self._length = int(length[1]) if length else -1
        self.crowd.codes[code] += 1
        if code == 204:
            self.told.end = "no content"
        elif code != 200:
            self.told.fault(f"was answered {code}: an EventSource never comes back from that")

    def leave(self) -> None:
        """Closes; comes back where there is more to come."""
        self.cut()
        if self.ended:
            self.crowd.left += 1
        else:
            self.crowd.later(self.retry * random.uniform(0.8, 1.2), self.connect)

    def cut(self) -> None:
        if self.sock is not None:
            self.crowd.forget(self)
            self.sock.close()
            self.sock = None
