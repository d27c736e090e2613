"""Clients of one transport in a process of their own, and what they cost: their time, their bytes, their requests."""

import json
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Self

import psutil

from bench.readers import POLL, READERS, Envelope
from jobs.clock import from_rfc3339

#: For all clients to be connected and told of one event.
JOINING_SECONDS = 60.0


class Count(NamedTuple):
    """What some clients had in some time; latencies in milliseconds, sizes in bytes, CPU in seconds."""

    latencies: list[float]
    payload: int
    wire: int
    requests: int
    cpu: float


class CountingSocket(socket.socket):
    """Counts what every socket of this process sends and receives, above TCP: the libraries need know nothing of it."""

    wire: ClassVar[int] = 0
    requests: ClassVar[int] = 0

    def recv(self, *args: Any) -> bytes:
        data = super().recv(*args)
        CountingSocket.wire += len(data)
        return data

    def send(self, data: Any, *args: Any) -> int:
        self._note(data)
        return super().send(data, *args)

    def sendall(self, data: Any, *args: Any) -> None:
        self._note(data)
        super().sendall(data, *args)

    @staticmethod
    def _note(data: Any) -> None:
        CountingSocket.wire += len(data)
        CountingSocket.requests += bytes(data[:4]) == b"GET "


class Clients:
    """*count* readers of one job over *transport*, each a thread, in a process that is gone afterwards."""

    def __init__(self, transport: str, url: str, count: int) -> None:
        self._ours, theirs = get_context("fork").Pipe()
        #: Forked, not spawned: the libraries are loaded by now, and their loading is no client's cost.
        arguments = (theirs, transport, url, count)
        self._process = get_context("fork").Process(target=_live, args=arguments, daemon=True)

    def __enter__(self) -> Self:
        self._process.start()
        if not self._ours.poll(JOINING_SECONDS):
            sys.exit("the clients were told of nothing")
        self._ours.recv()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.join()

    def count(self, seconds: float) -> Count:
        """What they have within *seconds* from now."""
        self._ours.send(seconds)
        counted: Count = self._ours.recv()
        return counted


def _live(pipe: Connection, transport: str, url: str, count: int) -> None:
    socket.socket = CountingSocket  # type: ignore[misc]
    told: list[tuple[float, Envelope]] = []
    joined = threading.Semaphore(0)
    for n in range(count):
        #: Not all at once: pollers would keep step with each other, and with the job.
        delay = POLL * n / count if transport == "polling" else 0.0
        threading.Thread(target=_read, args=(transport, url, delay, told, joined), daemon=True).start()
    for _ in range(count):
        joined.acquire()
    pipe.send(None)
    pipe.send(_counted(told, pipe.recv()))
    os._exit(0)


def _read(
    transport: str, url: str, delay: float, told: list[tuple[float, Envelope]], joined: threading.Semaphore
) -> None:
    time.sleep(delay)
    events = stored(READERS[transport](url, "latest"))
    next(events)
    joined.release()
    told.extend((time.time(), envelope) for envelope in events)


def stored(envelopes: Iterator[Envelope]) -> Iterator[Envelope]:
    """Without those of the stream itself."""
    return (envelope for envelope in envelopes if "seq" in envelope)


def _counted(told: list[tuple[float, Envelope]], seconds: float) -> Count:
    first, cpu = len(told), time.process_time()
    wire, requests = CountingSocket.wire, CountingSocket.requests
    time.sleep(seconds)
    cpu, last = time.process_time() - cpu, len(told)
    wire, requests = CountingSocket.wire - wire, CountingSocket.requests - requests
    latencies = [at * 1000 - from_rfc3339(envelope["time"]) for at, envelope in told[first:last]]
    payload = sum(len(json.dumps(envelope, separators=(",", ":"))) for _, envelope in told[first:last])
    return Count(latencies, payload, wire, requests, cpu)


class Clock(NamedTuple):
    """Seconds that a process ran so far, and that it stood ready to run while others had the processors."""

    ran: float
    waited: float

    @classmethod
    def of(cls, process: psutil.Process) -> Self:
        """To the nanosecond where the kernel counts so: a client costs less than its ticks."""
        try:
            tasks = Path(f"/proc/{process.pid}/task").iterdir()
            counts = [(task / "schedstat").read_text().split() for task in tasks]
        except OSError:
            times = process.cpu_times()
            return cls(float(times.user + times.system), 0.0)
        return cls(*(sum(int(count[n]) for count in counts) / 1e9 for n in (0, 1)))

    def since(self, before: Self) -> Self:
        return type(self)(self.ran - before.ran, self.waited - before.waited)
