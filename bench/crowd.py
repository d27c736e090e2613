"""Thousands of readers in one process and one epoll set; what each is told is held against what it is owed."""

import heapq
import resource
import select
import time
from array import array
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import count
from typing import Any

from bench.reader import FULL, NEVER, Reader

_READ, _WRITE = select.EPOLLIN | select.EPOLLRDHUP, select.EPOLLOUT


def many_files() -> None:
    """Lets this process, and those that it starts, have as many sockets as the machine allows."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


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

    def watch(self, reader: Reader, what: int = _WRITE) -> None:
        """Its turn comes when its socket is connected, or there is something to read."""
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
