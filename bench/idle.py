"""What a client that hears nothing holds in the web process: its memory, from connections that say the least."""

import socket
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import psutil

from tests.service import Process, Service, free_port, wait_for

KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
REQUESTS = {
    "polling": ("after=latest", "Accept: application/json\r\n"),
    "long-poll": ("after=latest&wait=60", "Accept: application/json\r\n"),
    "SSE": ("after=latest", "Accept: text/event-stream\r\n"),
    "NDJSON": ("after=latest", "Accept: application/x-ndjson\r\n"),
    "WebSocket": ("after=latest", f"Connection: Upgrade\r\nUpgrade: websocket\r\n{KEY}"),
}
#: The first ones load what is loaded once.
FIRST = 20
#: The memory of a process that is done holds still for so long.
STILL_SECONDS = 0.5


def memory_of(service: Service, job_id: str, count: int) -> dict[str, float]:
    """Bytes of resident memory that each of *count* clients adds to a fresh web process, by transport."""
    ports = {transport: free_port() for transport in REQUESTS}
    with ThreadPoolExecutor() as pool, ExitStack() as stack:
        webs = list(pool.map(lambda port: service.web(port=port), ports.values()))
        stack.callback(lambda: list(pool.map(Process.stop, webs)))
        relays = [max(web.children(), key=lambda process: process.num_fds()) for web in webs]
        _join(stack, ports, job_id, FIRST)
        before = _settled(relays)
        _join(stack, ports, job_id, count)
        grown = [after - first for first, after in zip(before, _settled(relays), strict=True)]
    return {transport: size / count for transport, size in zip(ports, grown, strict=True)}


def _join(stack: ExitStack, ports: dict[str, int], job_id: str, count: int) -> None:
    for transport, (query, headers) in REQUESTS.items():
        head = f"GET /v1/jobs/{job_id}/events?{query} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}\r\n"
        for _ in range(count):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", ports[transport])))
            client.sendall(head.encode())
            if transport != "long-poll":
                client.recv(65536)


def _settled(processes: Sequence[psutil.Process]) -> list[int]:
    """Their memory in bytes, once it holds still."""
    since, seen = time.monotonic(), list[int]()

    def still() -> bool:
        nonlocal since, seen
        sizes = [process.memory_info().rss for process in processes]
        if sizes != seen:
            since, seen = time.monotonic(), sizes
        return time.monotonic() - since > STILL_SECONDS

    wait_for(still, 10, what="the memory to hold still")
    return seen
