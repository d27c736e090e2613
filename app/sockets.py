"""The two addresses of events as a WebSocket: Flask decides on the upgrade, then the relay takes the connection.

What is the caller's fault is refused as elsewhere, with a problem instead of the upgrade. What is not, and the end of
a log, is told on a WebSocket that opens and closes at once: of a refusal a browser shows its page nothing.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from typing import Any, Protocol

from flask import Blueprint, Response, request

from app.actions import Actions
from app.auth import Auth
from app.events import Streams
from app.many import Many, choice_of
from app.problems import Problem
from app.relay.choice import MANY, Choice
from app.relay.hub import Relay
from app.relay.lens import Lens
from app.relay.subscriber import Reading
from app.streams import AWAY, HANDOFF, StartResponse, detachable, early_of, hang_up, head_of
from app.transports.handshake import UPGRADE, Accepted, HandshakeRefused, shake
from app.wants import After, cursor_text, lens_of, parse_after
from jobs.errors import LogUnavailable
from jobs.eventlog import Cursor
from jobs.wiring import Parts

log = logging.getLogger("tailrace.stream")


class Take(Protocol):
    """What is done with the connection, given the head of the answer and what the client has said by now."""

    def __call__(self, sock: Any, *, head: bytes, early: bytes) -> None: ...


class SocketResponse(Response):
    """A 101: what follows it is no HTTP any more."""

    def __init__(self, headers: dict[str, str], take: Take) -> None:
        super().__init__(status=HTTPStatus.SWITCHING_PROTOCOLS, headers=headers)
        del self.headers["Content-Type"]
        self._take = take

    def __call__(self, environ: dict[str, Any], _start_response: StartResponse) -> Iterable[bytes]:
        environ[HANDOFF] = partial(self._take, head=head_of(self), early=early_of(environ))
        return []


class Sockets:
    """Opens WebSockets for the verb."""

    def __init__(self, parts: Parts, relay: Relay, streams: Streams, many: Many, auth: Auth) -> None:
        self._life, self._relay, self._streams, self._auth = parts.lifecycle, relay, streams, auth
        self._many = many

    def answer(self, job_id: str) -> Response:
        if request.method == "HEAD":
            return self._streams.answer(job_id)
        return self._open(job_id, None, partial(self._streams.at_end, job_id))

    def answer_many(self) -> Response:
        if request.method == "HEAD":
            return self._many()
        choice = choice_of(request.args)
        return self._open(MANY, choice, partial(self._many.at_end, choice))

    def _open(self, job_id: str, choice: Choice | None, at_end: Callable[[After], bool]) -> Response:
        accepted = _shaken()
        lens, after = lens_of("websocket", deflate=accepted.deflate), parse_after(cursor_text())
        lens = replace(lens, choice=choice)
        try:
            over = at_end(after)
        except LogUnavailable:
            return _brief(accepted, lens, AWAY.told(lens, job_id), AWAY.reason)
        if over and isinstance(after, Cursor):
            last = lens.control("stream.end", job_id, {"reason": "terminal"}, cursor=after)
            return _brief(accepted, lens, last, "terminal")
        obstacle = self._streams.obstacle(job_id or None)
        if obstacle is not None:
            return _brief(accepted, lens, obstacle.told(lens, job_id), obstacle.reason)
        hear = Actions(self._life, job_id, may_cancel=self._auth.signed_in(request))
        peer = request.remote_addr or "-"
        reading = Reading(job_id=job_id, after=after, lens=lens, peer=peer, path=request.path, hear=hear)
        return SocketResponse(accepted.headers, partial(self._relay.adopt, reading=reading))


def _shaken() -> Accepted:
    """The handshake of the request in hand; what stands in its way is a problem."""
    if not detachable(request.environ):
        raise Problem("not_implemented", "This server cannot open WebSockets here; read the events over HTTP.")
    if request.content_length or "Transfer-Encoding" in request.headers:
        raise Problem("malformed_request", "A request that opens a WebSocket has no body.")
    try:
        return shake(request.headers.items(), protocol=request.environ["SERVER_PROTOCOL"])
    except HandshakeRefused as refused:
        if refused.upgrade:
            raise Problem("upgrade_required", str(refused), headers=UPGRADE) from None
        raise Problem("malformed_header", str(refused)) from None


def _brief(accepted: Accepted, lens: Lens, last: bytes, reason: str) -> Response:
    """A WebSocket that is opened to say one thing."""
    data = last + lens.close(reason)
    peer, path = request.remote_addr or "-", request.path

    def say(sock: Any, *, head: bytes, early: bytes) -> None:  # noqa: ARG001 - what the client has said changes nothing
        hang_up(sock, head + data)
        log.info('%s "GET %s" 101 %d %s at once', peer, path, len(data), reason)

    return SocketResponse(accepted.headers, say)


def blueprint(sockets: Sockets) -> Blueprint:
    found = Blueprint("sockets", __name__)

    @found.get("/v1/jobs/<job_id>/events", websocket=True)
    def read(job_id: str) -> Response:
        return sockets.answer(job_id)

    @found.get("/v1/events", websocket=True)
    def read_many() -> Response:
        return sockets.answer_many()

    return found
