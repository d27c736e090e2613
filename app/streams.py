"""Where a request becomes a stream: Flask decides, then the relay takes the connection.

On gunicorn's gevent worker the socket itself is taken; anywhere else (TLS in gunicorn, another WSGI server, Flask's
test client) the relay writes to one end of a socket pair and an ordinary iterator reads the same bytes from the other.
"""

import random
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import lru_cache, partial
from http import HTTPStatus
from typing import Any, NamedTuple

from flask import Response
from gevent import Timeout
from gevent import socket as gsocket
from werkzeug.datastructures import Headers

from app.relay.hub import Relay
from app.relay.lens import Lens
from app.relay.subscriber import Reading
from jobs.eventlog import Page

#: Where the verb leaves, in the WSGI environment, the function to which the wrapper outside Flask gives the socket.
HANDOFF = "tailrace.handoff"
_CHUNK = 1 << 16
#: Seconds that a client gets to close a connection that is over.
_PATIENCE = 1.0

#: Some proxies hold back a stream, some answers look like scripts: these headers are on every stream.
STREAM_HEADERS = {
    "Cache-Control": "no-cache, no-transform",
    "X-Accel-Buffering": "no",
    "X-Content-Type-Options": "nosniff",
    "Vary": "Accept",
}

StartResponse = Callable[..., Any]
WSGI = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]


class Obstacle(NamedTuple):
    """Why there is no stream now, as an event of the stream that there would have been."""

    #: One word, for logs and as a WebSocket's close code.
    reason: str
    name: str
    data: dict[str, Any]

    def told(self, lens: Lens, job_id: str) -> bytes:
        retry_ms = random.randint(1000, 5000)  # noqa: S311 - jitter
        return lens.retry(retry_ms) + lens.control(self.name, job_id, {**self.data, "retry_ms": retry_ms})


AWAY = Obstacle("redis_away", "stream.reconnect", {"reason": "redis_away"})


@lru_cache
def _pattern(media_type: str, *, gzip: bool) -> Headers:
    headers = Headers({**STREAM_HEADERS, "Content-Type": media_type})
    if gzip:
        headers.set("Content-Encoding", "gzip")
    return headers


def _headers(media_type: str, *, gzip: bool) -> Headers:
    """Those of a stream, of its own; each would be looked at once more if they were put in one by one."""
    made = Headers()
    made._list += _pattern(media_type, gzip=gzip)._list  # noqa: SLF001 - its own copy does the same by the long way
    return made


def refusal(lens: Lens, job_id: str, obstacle: Obstacle) -> Response:
    """No stream now, in a form that an EventSource survives: any code but 200 would end it for good."""
    body = obstacle.told(lens, job_id)
    return Response(body, content_type=lens.media_type, headers={**STREAM_HEADERS, "Connection": "close"})


class StreamResponse(Response):
    """An answer without an end of its own: its body is what the relay sends."""

    def __init__(self, relay: Relay, reading: Reading, page: Page | None = None) -> None:
        """*page*: what the log was, where somebody has just looked."""
        super().__init__(status=HTTPStatus.OK, headers=_headers(reading.lens.media_type, gzip=reading.lens.gzip))
        self._adopt = partial(relay.adopt, reading=reading, page=page)

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] == "HEAD":
            return super().__call__(environ, start_response)
        if detachable(environ):
            #: The body ends where the connection does.
            self.headers.set("Connection", "close")
            environ[HANDOFF] = partial(self._adopt, head=head_of(self))
            return []
        return self._iterate(environ, start_response)

    def _iterate(self, environ: dict[str, Any], start_response: StartResponse) -> Iterator[bytes]:
        self.headers.remove("Content-Length")
        start_response(self.status, self.get_wsgi_headers(environ).to_wsgi_list())
        ours, theirs = socket.socketpair()
        self._adopt(theirs)
        return _chunks(ours)


def _chunks(ours: socket.socket) -> Iterator[bytes]:
    with gsocket.socket(ours.family, ours.type, fileno=ours.detach()) as mouth:
        while data := mouth.recv(_CHUNK):
            yield data


def head_of(response: Response) -> bytes:
    """The head of the HTTP response."""
    response.headers.remove("Content-Length")
    return _head(response.status, tuple(response.headers))


@lru_cache(maxsize=256)
def _head(status: str, headers: tuple[tuple[str, str], ...]) -> bytes:
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def detachable(environ: dict[str, Any]) -> bool:
    """Whether the connection can be taken: a plain socket of gunicorn's gevent worker."""
    sock = environ.get("gunicorn.socket")
    return isinstance(sock, gsocket.socket) and not hasattr(type(sock), "pending")


def early_of(environ: dict[str, Any]) -> bytes:
    """What of the connection's bytes behind the request's head the server has read with it, taken from the server."""
    reader = environ["wsgi.input"].reader
    data: bytes = reader.unreader.take_buffered()
    return data


def hang_up(sock: gsocket.socket, data: bytes) -> None:
    """Sends the last *data* and waits a moment for the client to close: closed before it, *data* might be lost."""
    with suppress(OSError), Timeout(_PATIENCE, False):
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
        while sock.recv(_CHUNK):
            pass


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
        take = environ.pop(HANDOFF, None)
        if take is None:
            return body
        if hasattr(body, "close"):
            body.close()
        take(environ["gunicorn.socket"])
        raise StopIteration
