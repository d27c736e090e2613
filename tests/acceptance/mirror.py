"""A stand-in behind a load balancer: it answers with the head that reached it, takes a WebSocket, and counts a body."""

import base64
import hashlib
import json
import socket
import threading
from contextlib import suppress

#: RFC 6455, section 4.2.2.
_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Mirror:
    """After a handshake it sends back every byte it gets; to all else it answers with what was asked, as JSON."""

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
            if headers.get("upgrade", "").lower() == "websocket":
                self._echo(client, headers.get("sec-websocket-key", ""), rest)
                return
            if length := int(headers.get("content-length", 0)):
                self._take(client, rest, length)
            body = json.dumps({"request": first, "headers": headers}).encode()
            client.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n")
            client.sendall(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))

    def _echo(self, client: socket.socket, key: str, rest: bytes) -> None:
        accept = base64.b64encode(hashlib.sha1(f"{key}{_GUID}".encode(), usedforsecurity=False).digest())
        client.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n")
        client.sendall(b"Sec-WebSocket-Accept: %b\r\n\r\n%b" % (accept, rest))
        while piece := client.recv(65536):
            client.sendall(piece)

    def _take(self, client: socket.socket, rest: bytes, length: int) -> None:
        self.arrived = len(rest)
        while self.arrived < length and (piece := client.recv(65536)):
            self.arrived += len(piece)
