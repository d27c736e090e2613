"""The opening of a WebSocket: from a request's head to the head of the answer, or to what is wrong with it."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import NamedTuple

from websockets.datastructures import Headers
from websockets.http11 import Request
from websockets.server import ServerProtocol

from app.transports.deflate import Terms

#: Needed in the answer to whoever asked in another way (RFC 6455 section 4.4, RFC 9110 section 15.5.22).
UPGRADE = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
#: Of the reason, which may repeat a long header.
_SHOWN = 200


class Accepted(NamedTuple):
    headers: dict[str, str]
    #: Whether frames to this client are compressed.
    deflate: bool


class HandshakeRefused(Exception):
    """The request is no opening handshake; *upgrade* where a right one would do at the same address."""

    def __init__(self, detail: str, *, upgrade: bool) -> None:
        super().__init__(detail)
        self.upgrade = upgrade


def shake(headers: Iterable[tuple[str, str]], *, protocol: str = "HTTP/1.1") -> Accepted:
    """The headers of the 101 for a GET with *headers*; HandshakeRefused where it cannot be given."""
    server = ServerProtocol(extensions=[Terms()])
    given = Headers(headers)
    answer = server.accept(Request("/", given, protocol=protocol))
    if answer.status_code != HTTPStatus.SWITCHING_PROTOCOLS:
        version = given.get_all("Sec-WebSocket-Version") != ["13"]
        asked = answer.status_code in {HTTPStatus.UPGRADE_REQUIRED, HTTPStatus.HTTP_VERSION_NOT_SUPPORTED}
        raise HandshakeRefused(f"{str(server.handshake_exc)[:_SHOWN]}.", upgrade=asked or version)
    return Accepted(dict(answer.headers.raw_items()), deflate=bool(server.extensions))
