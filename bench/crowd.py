"""Thousands of readers in one process: raw sockets in one epoll set, each a reader as EventSource is one.

A reader comes back with its last id where its connection ends without an end, after the time that the stream said. What
it was told is held against what it was owed (``told.py``) as it comes, and against the job's log at the end.
"""

import heapq
import random
import re
import resource
import select
import socket
import time
from array import array
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import count
from typing import Any

from bench.told import Told, frame_of

#: Paces besides bytes a second.
FULL, NEVER = -1, 0
#: What the kernel holds for a reader that is to be slow: else loopback would take in megabytes for it.
SLOW_BUFFER = 4096
_CHUNK = 1 << 16
_READ, _WRITE = select.EPOLLIN | select.EPOLLRDHUP, select.EPOLLOUT


def many_files() -> None:
    """Lets this process, and those that it starts, have as many sockets as the machine allows."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


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
        self.crowd.watch(self, _WRITE)

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


class Crowd:
    """All readers of one program, at *port* of this machine."""

    def __init__(self, port: int) -> None:
        self.address = ("127.0.0.1", port)
        self.readers: list[Reader] = []
        #: Readers that have come to their end.
        self.left = 0
        self.events = self.bytes = self.refused = 0
        self.codes: Counter[int] = Counter()
        #: Seconds from the writing of an event to its arrival at a reader of full pace, while *timing*.
        self.timing, self.latencies = False, array("d")
        self._epoll = select.epoll()
        self._by_fd: dict[int, Reader] = {}
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._tie = count()

    # Who reads ------------------------------------------------------------------------------------------------

    def join(self, job_ids: Iterable[str], pace: int = FULL) -> list[Reader]:
        """A reader for each of *job_ids*; they connect at once."""
        come = [Reader(self, job_id, pace) for job_id in job_ids]
        self.readers += come
        for number, reader in enumerate(come):
            self.later(number * 0.001, reader.connect)
        return come

    def hurry(self, reader: Reader) -> None:
        """A slow reader reads all that there is from now on."""
        reader.pace = FULL
        if reader.sock is not None and reader.fd not in self._by_fd:
            self.watch(reader, _READ)

    def cut_all(self, pause: float = 0.0) -> None:
        """Ends every connection, and all come back at one moment."""
        for reader in self.readers:
            if not reader.ended:
                reader.cut()
                self.later(pause, reader.connect)

    def begun(self) -> bool:
        """Whether everybody has been told of something."""
        return all(reader.told.last for reader in self.readers)

    def over(self) -> bool:
        return self.left == len(self.readers)

    def close(self) -> None:
        for reader in self.readers:
            reader.cut()
        self._epoll.close()

    # The loop -------------------------------------------------------------------------------------------------

    def run(self, until: Callable[[], Any] | None = None, seconds: float = 60.0) -> bool:
        """Reads until *until* is true, *seconds* at most; whether it was."""
        deadline = time.monotonic() + seconds
        while (now := time.monotonic()) < deadline:
            if until is not None and until():
                return True
            due = self._timers[0][0] - now if self._timers else 0.05
            self._turn(max(0.0, min(due, 0.05, deadline - now)))
        return until is not None and bool(until())

    def _turn(self, wait: float) -> None:
        for fd, happened in self._epoll.poll(wait, 4096):
            reader = self._by_fd.get(fd)
            if reader is None:
                continue
            if happened & _WRITE:
                reader.ask()
            else:
                reader.read()
        now = time.monotonic()
        while self._timers and self._timers[0][0] <= now:
            heapq.heappop(self._timers)[2]()

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        heapq.heappush(self._timers, (time.monotonic() + seconds, next(self._tie), call))

    def watch(self, reader: Reader, what: int) -> None:
        self._by_fd[reader.fd] = reader
        self._epoll.register(reader.fd, what)

    def forget(self, reader: Reader) -> None:
        if self._by_fd.pop(reader.fd, None) is not None:
            with suppress(OSError):
                self._epoll.unregister(reader.fd)

    def take_up(self, reader: Reader) -> None:
        """*reader* has asked: from here on it reads at its pace."""
        if reader.pace == FULL:
            self._epoll.modify(reader.fd, _READ)
            return
        self.forget(reader)
        if reader.pace != NEVER:
            self._sip(reader, reader.connection)

    def _sip(self, reader: Reader, connection: int) -> None:
        if reader.pace > 0 and reader.connection == connection and reader.sock is not None:
            reader.read(reader.pace)
            self.later(1.0, lambda: self._sip(reader, connection))
