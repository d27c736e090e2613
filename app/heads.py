"""gunicorn's reading of a request, with what is the same for many requests found out once."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any
from urllib.parse import SplitResult

from gunicorn.http import message

#: Headers of one request as they came, and as they are read.
_Headers = list[tuple[str, str]]

#: So many heads are remembered, and of so many bytes at the most: a megabyte together.
KEPT, SHORT = 512, 2048
#: What makes an address more than a path and a query, or may.
_SPECIAL = re.compile(r"[^!$%&'()*+,./0-9:;=?@A-Z_a-z~-]")


class Head(message.Request):  # type: ignore[misc] # gunicorn has no types
    """A client sends the same headers again and again, and often many clients the same ones."""

    _known: dict[tuple[bytes, bool], _Headers] = {}  # noqa: RUF012 - of all, as it should be

    def parse_headers(self, data: bytes, from_trailer: bool = False) -> _Headers:  # gunicorn's signature
        if from_trailer or len(data) > SHORT:
            return self._parsed(data, from_trailer)
        key = data, self._peer_is_trusted_proxy()
        headers = self._known.get(key)
        if headers is None:
            scheme = self.scheme
            headers = self._parsed(data, from_trailer)
            #: Where they say more than they list they are read each time.
            if not self._expected_100_continue and self.scheme == scheme:
                self._keep(key, headers)
        return headers

    def _parsed(self, data: bytes, from_trailer: bool) -> _Headers:
        headers: _Headers = super().parse_headers(data, from_trailer)
        return headers

    def _keep(self, key: tuple[bytes, bool], headers: _Headers) -> None:
        if len(self._known) >= KEPT:
            self._known.clear()
        self._known[key] = headers

    def _peer_is_trusted_proxy(self) -> bool:
        address = self.peer_addr
        if not isinstance(address, tuple):
            return True
        return _trusted(self.cfg, address[0])


@lru_cache(maxsize=1024)
def _trusted(cfg: Any, address: str) -> bool:
    networks = cfg.forwarded_allow_networks()
    found: bool = message._ip_in_allow_list(address, cfg.forwarded_allow_ips, networks)  # noqa: SLF001 - as gunicorn does
    return found


def once(base_environ: Callable[[Any], dict[str, Any]]) -> Callable[[Any], dict[str, Any]]:
    """*base_environ* of gunicorn, made once: it searches loggers, and makes a stream for errors, for each request."""
    made: list[dict[str, Any]] = []

    def base(cfg: Any) -> dict[str, Any]:
        if not made:
            made.append(base_environ(cfg))
        return made[0].copy()

    return base


def split(split_request_uri: Callable[[str], Any]) -> Callable[[str], Any]:
    """*split_request_uri* of gunicorn, but for a plain path with a query, which nearly every request asks for."""

    def quickly(uri: str) -> Any:
        if uri[:1] != "/" or uri[:2] == "//" or _SPECIAL.search(uri):
            return split_request_uri(uri)
        path, _, query = uri.partition("?")
        return SplitResult("", "", path, query, "")

    return quickly
