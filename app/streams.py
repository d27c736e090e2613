"""Where a request becomes a stream: Flask decides, then the relay takes the connection.

On gunicorn's gevent worker the socket itself is taken; anywhere else (TLS in gunicorn, another WSGI server, Flask's
test client) the relay writes to one end of a socket pair and an ordinary iterator reads the same bytes from the other.
"""

import socket
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from typing import Any

from flask import Response
from gevent import socket as gsocket

from app.relay.hub import Relay
from app.relay.subscriber import Reading

#: Where the verb leaves, in the WSGI environment, what the wrapper outside Flask is to do with the socket.
HANDOFF = "tailrace.handoff"
_CHUNK = 1 << 16

StartResponse = Callable[..., Any]
WSGI = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]


class StreamResponse(Response):
    """An answer without an end of its own: its body is what the relay sends."""

    def __init__(self, relay: Relay, reading: Reading, headers: dict[str, str]) -> None:
        super().__init__(status=HTTPStatus.OK, headers=headers)
        self._relay, self._reading = relay, reading

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] == "HEAD":
            return super().__call__(environ, start_response)
        if _detachable(environ):
            environ[HANDOFF] = (self._relay, self._reading, self._head())
            return []
        return self._iterate(environ, start_response)

    def _head(self) -> bytes:
        """The head of the HTTP response; its body ends where the connection does."""
        self.headers.set("Connection", "close")
        self.headers.remove("Content-Length")
        lines = [f"HTTP/1.1 {self.status}", *(f"{name}: {value}" for name, value in self.headers)]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    def _iterate(self, environ: dict[str, Any], start_response: StartResponse) -> Iterator[bytes]:
        self.headers.remove("Content-Length")
        start_response(self.status, self.get_wsgi_headers(environ).to_wsgi_list())
        ours, theirs = socket.socketpair()
        self._relay.adopt(theirs, self._reading)
        return _chunks(ours)


def _chunks(ours: socket.socket) -> Iterator[bytes]:
    with gsocket.socket(ours.family, ours.type, fileno=ours.detach()) as mouth:
        while data := mouth.recv(_CHUNK):
            yield data


def _detachable(environ: dict[str, Any]) -> bool:
    """Whether the connection can be taken: a plain socket of gunicorn's gevent worker."""
    sock = environ.get("gunicorn.socket")
    return isinstance(sock, gsocket.socket) and not hasattr(sock, "pending")


def _closing(start_response: StartResponse) -> StartResponse:
    """An application's ``Connection: close`` means nothing to gunicorn: its own response has to be told.

    A client that was refused a stream would keep its connection, and so many of them would leave none for others.
    """

    def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
        response: Any = getattr(start_response, "__self__", None)
        if ("Connection", "close") in headers and hasattr(response, "force_close"):
            response.force_close()
        return start_response(status, headers, *more)

    return start


class Detach:
    """Outside Flask: hands the socket of a stream over once everything about the request is done.

    Raising StopIteration is how a WSGI application tells gunicorn's gevent worker that the connection is not its
    own any more: it logs nothing, writes nothing, and closes a socket object that is empty by then.
    """

    def __init__(self, app: WSGI) -> None:
        self._app = app

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        body = self._app(environ, _closing(start_response))
        handoff = environ.pop(HANDOFF, None)
        if handoff is None:
            return body
        if hasattr(body, "close"):
            body.close()
        relay, reading, head = handoff
        relay.adopt(environ["gunicorn.socket"], reading, head)
        raise StopIteration
