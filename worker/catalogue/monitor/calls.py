"""Calls over HTTP that another thread can end at any moment, wherever they hang."""

import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import httpx

from worker.catalogue.monitor.readings import ProbeFailed

#: More of an answer is not read.
MAX_BYTES = 1024 * 1024
#: A connection of its own for each call: how long an answer takes includes the way there.
_HEADERS = {"Connection": "close", "User-Agent": "tailrace-monitor"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    code: int
    body: bytes
    seconds: float


class Caller:
    """One client; a call at a time."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self._socket: socket.socket | None = None

    def ask(self, method: str, url: str, headers: Mapping[str, str] | None = None, *, read: bool = True) -> Answer:
        """The whole answer, or without *read* its code alone; ProbeFailed in words where there is none."""
        began = time.monotonic()
        try:
            with self._client.stream(
                method, url, headers={**_HEADERS, **(headers or {})}, extensions={"trace": self._trace}
            ) as response:
                body = b"".join(_bounded(response)) if read else b""
                return Answer(code=response.status_code, body=body, seconds=time.monotonic() - began)
        except httpx.TimeoutException:
            raise ProbeFailed("no answer in time") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ProbeFailed(_words(error)) from None
        finally:
            self._socket = None

    def cut(self) -> None:
        """Ends the call that waits; shutting its socket down wakes whoever reads from it, closing would not."""
        waiting = self._socket
        if waiting is not None:
            with suppress(OSError):
                socket.socket.shutdown(waiting, socket.SHUT_RDWR)

    def close(self) -> None:
        self._client.close()

    def _trace(self, name: str, info: Mapping[str, Any]) -> None:
        if name in {"connection.connect_tcp.complete", "connection.start_tls.complete"}:
            self._socket = info["return_value"].get_extra_info("socket")


def _bounded(response: httpx.Response) -> list[bytes]:
    pieces, size = [], 0
    for piece in response.iter_bytes():
        size += len(piece)
        if size > MAX_BYTES:
            raise ProbeFailed(f"the answer is longer than {MAX_BYTES // 1024:,} KiB")
        pieces.append(piece)
    return pieces


def _words(error: Exception) -> str:
    match error:
        case httpx.ConnectError():
            return f"no connection: {str(error)[:200]}"
        case httpx.TooManyRedirects():
            return "it redirects too often"
        case httpx.UnsupportedProtocol() | httpx.InvalidURL():
            return "its address, or one that it redirects to, cannot be called"
        case _:
            return f"the call broke off ({type(error).__name__})"
