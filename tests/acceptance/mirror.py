"""A stand-in behind a load balancer: it answers with the head that reached it, and counts a body as it comes."""

import json
import socket
import threading
from contextlib import suppress


class Mirror:
    """To every request it answers with that request's head, as JSON."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        #: How much of a body has come, while it comes.
        self.arrived = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            data = b""
            while b"\r\n\r\n" not in data:
                if not (piece := client.recv(65536)):
                    return
                data += piece
            head, _, rest = data.partition(b"\r\n\r\n")
            first, *lines = head.decode().split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            if length := int(headers.get("content-length", 0)):
                self._take(client, rest, length)
            body = json.dumps({"request": first, "headers": headers}).encode()
            client.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n")
            client.sendall(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))

    def _take(self, client: socket.socket, rest: bytes, length: int) -> None:
        self.arrived = len(rest)
        while self.arrived < length and (piece := client.recv(65536)):
            self.arrived += len(piece)
