"""Clients of WebSockets: the library's own, and one that says what no library would."""

import contextlib
import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Self

from websockets.exceptions import ConnectionClosed
from websockets.frames import Close, Frame, Opcode
from websockets.protocol import CLIENT, Protocol
from websockets.sync.client import ClientConnection

from tests.service import Service

Envelope = dict[str, Any]

HEAD = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
}


def address(service: Service, job_id: str, query: str = "?after=0") -> str:
    return f"{service.url.replace('http', 'ws')}/v1/jobs/{job_id}/events{query}"


def told(client: ClientConnection) -> Iterator[Envelope]:
    """Every message up to the close frame."""
    with contextlib.suppress(ConnectionClosed):
        while True:
            yield json.loads(client.recv(timeout=30))


def stored(events: list[Envelope]) -> list[Envelope]:
    return [event for event in events if "seq" in event]


def figure(service: Service, name: str) -> float:
    lines = service.client.get("/metrics").text.splitlines()
    return float(next(line.rpartition(" ")[2] for line in lines if line.startswith(f"{name} ")))


@dataclass
class Raw:
    """A client that says what no library would."""

    service: Service
    job_id: str
    query: str = "?after=0"
    early: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    protocol: Protocol = field(default_factory=lambda: Protocol(CLIENT))

    def __enter__(self) -> Self:
        self.socket = socket.create_connection(("127.0.0.1", self.service.port), timeout=20)
        head = {**HEAD, "Host": f"127.0.0.1:{self.service.port}", **self.headers}
        lines = [f"GET /v1/jobs/{self.job_id}/events{self.query} HTTP/1.1", *(f"{k}: {v}" for k, v in head.items())]
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode() + self.early)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self.socket.recv(1)
        self.head = answer.decode()
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def say(self, opcode: Opcode, data: bytes = b"", *, fin: bool = True, mask: bool = True) -> None:
        self.socket.sendall(Frame(opcode, data, fin).serialize(mask=mask))

    def frames(self) -> Iterator[Frame]:
        """Every frame until the service has nothing more to say."""
        while data := self.socket.recv(65536):
            self.protocol.receive_data(data)
            yield from (frame for frame in self.protocol.events_received() if isinstance(frame, Frame))

    def heard(self, opcode: Opcode) -> bytes:
        return bytes(next(frame.data for frame in self.frames() if frame.opcode is opcode))

    def closed(self) -> Close:
        """What the service closes with; nothing may follow it."""
        *_, last = self.frames()
        assert last.opcode is Opcode.CLOSE
        return Close.parse(bytes(last.data))
