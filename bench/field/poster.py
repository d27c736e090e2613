"""Who submits: many keep-alive connections from one process, each with one request under way."""

import json
import selectors
import socket
import time
from typing import Any, NamedTuple

#: What no answer takes longer than.
PATIENCE_SECONDS = 20.0


class Posted(NamedTuple):
    """What came of it: ids of the accepted jobs, the seconds that each answer took, and all of it together."""

    ids: list[str]
    took: list[float]
    seconds: float

    @property
    def rate(self) -> float:
        return len(self.ids) / self.seconds


class Poster:
    """*connections* stay open between runs. What is not accepted ends the measurement."""

    def __init__(self, port: int, body: dict[str, Any], connections: int) -> None:
        text = json.dumps(body).encode()
        head = f"POST /v1/jobs HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
        self._request = f"{head}Content-Length: {len(text)}\r\n\r\n".encode() + text
        self._selector = selectors.DefaultSelector()
        for _ in range(connections):
            sock = socket.create_connection(("127.0.0.1", port))
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._selector.register(sock, selectors.EVENT_READ, data=bytearray())

    def close(self) -> None:
        for key in list(self._selector.get_map().values()):
            self._selector.unregister(key.fileobj)
            key.fileobj.close()  # type: ignore[union-attr] # each is a socket
        self._selector.close()

    def run(self, *, seconds: float = float("inf"), jobs: float = float("inf")) -> Posted:
        """Submits until either is reached, and waits for the last answers."""
        began = time.perf_counter()
        ids, took, sent = list[str](), list[float](), {}
        for key in self._selector.get_map().values():
            if len(sent) < jobs:
                sent[key.fd] = self._send(key.fileobj)
        asked = len(sent)
        while sent:
            ready = self._selector.select(PATIENCE_SECONDS)
            if not ready:
                raise SystemExit("submits are not answered any more")
            for key, _ in ready:
                answer = self._answer(key.fileobj, key.data)
                if answer is None:
                    continue
                took.append(time.perf_counter() - sent.pop(key.fd))
                ids.append(answer)
                if asked < jobs and time.perf_counter() - began < seconds:
                    sent[key.fd] = self._send(key.fileobj)
                    asked += 1
        return Posted(ids, took, time.perf_counter() - began)

    def _send(self, sock: Any) -> float:
        sock.sendall(self._request)
        return time.perf_counter()

    @staticmethod
    def _answer(sock: Any, had: bytearray) -> str | None:
        """The id of the job once the whole answer is there."""
        came = sock.recv(1 << 16)
        if not came:
            raise SystemExit("the web process has hung up")
        had += came
        head, blank, body = had.partition(b"\r\n\r\n")
        if not blank or len(body) < int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]):
            return None
        if not head.startswith(b"HTTP/1.1 202"):
            raise SystemExit(f"a submit was answered {bytes(had[:500])!r}")
        had.clear()
        return str(json.loads(body)["id"])
