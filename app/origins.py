"""Which host names, and pages of which origins, the service answers; CORS for those that it was told of."""

import re

from werkzeug.wrappers import Request, Response

from app.problems import Problem
from jobs.settings import Settings

_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?", re.ASCII)
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
#: Where Sec-Fetch-Site says one of these, no page of another origin is behind the request.
_OWN = frozenset({"same-origin", "none"})
_DEFAULT_PORTS = frozenset({None, "80", "443"})

_READABLE = "ETag, Idempotency-Replayed, Location, Retry-After"
_SENDABLE = "Authorization, Content-Type, Idempotency-Key, If-None-Match, Last-Event-ID, Range"
_METHODS = "GET, HEAD, POST, DELETE, OPTIONS"


class Origins:
    """The allowlists. A name that a stranger's DNS points here (rebinding) is no name of ours."""

    def __init__(self, settings: Settings) -> None:
        named = {host.lower() for host in settings.hosts}
        anywhere = "*" in named or not (settings.loopback or named)
        bound = {settings.host.lower(), f"[{settings.host.lower()}]"}
        self._hosts: set[str] | None = None if anywhere else named | _LOOPBACK | bound
        self._origins = {origin.lower().rstrip("/") for origin in settings.origins}

    def check(self, request: Request) -> None:
        """403 where the Host is not ours, or a page that may not call is behind an unsafe call or a WebSocket."""
        #: The environment says at once what is not there; to look for it among headers raises an error first.
        environ = request.environ
        self._check_host(environ.get("HTTP_HOST"))
        upgrade = environ.get("HTTP_UPGRADE", "").lower() == "websocket"
        if request.method not in _SAFE or upgrade:
            self._check_origin(request)

    def _check_host(self, host: str | None) -> None:
        #: Without a Host there is no browser, so nothing to be misled.
        if host is None:
            return
        found = _HOST.fullmatch(host.lower())
        allowed = found and (self._hosts is None or not self._hosts.isdisjoint({found["name"].rstrip("."), found[0]}))
        if not allowed:
            raise Problem("host_refused", "The service does not go by this Host; TAILRACE_HOSTS names the ones it has.")

    def _check_origin(self, request: Request) -> None:
        origin = request.headers.get("Origin")
        if origin is None:
            allowed = request.headers.get("Sec-Fetch-Site", "none") in _OWN
        else:
            allowed = self._may_call(origin) or _same(origin, request.headers.get("Host"))
        if not allowed:
            raise Problem("origin_refused", "Pages of that origin may not call; TAILRACE_ORIGINS names those that may.")

    def _may_call(self, origin: str) -> bool:
        return origin.lower() in self._origins or ("*" in self._origins and origin != "null")

    # CORS -----------------------------------------------------------------------------------------------------

    def preflight(self, request: Request) -> Response | None:
        """The answer to a browser that asks before it calls; None for every other request."""
        if request.method != "OPTIONS" or "Access-Control-Request-Method" not in request.headers:
            return None
        response = Response(status=204)
        if self._may_call(request.headers.get("Origin", "null")):
            response.headers["Access-Control-Allow-Methods"] = _METHODS
            response.headers["Access-Control-Allow-Headers"] = _SENDABLE
            response.headers["Access-Control-Max-Age"] = "600"
        return response

    def mark(self, request: Request, response: Response) -> None:
        """Lets pages of the origins named in the settings read the answer."""
        if not self._origins:
            return
        response.vary.add("Origin")
        origin = request.headers.get("Origin")
        if origin is None or not self._may_call(origin):
            return
        exact = origin.lower() in self._origins
        response.headers["Access-Control-Allow-Origin"] = origin if exact else "*"
        response.headers["Access-Control-Expose-Headers"] = _READABLE
        if exact:
            response.headers["Access-Control-Allow-Credentials"] = "true"


def _same(origin: str, host: str | None) -> bool:
    """Whether *origin* is this very host and port; the scheme may differ behind a proxy that ends TLS."""
    scheme, _, netloc = origin.lower().partition("://")
    return scheme in {"http", "https"} and host is not None and _place(netloc) == _place(host) is not None


def _place(netloc: str) -> tuple[str, str | None] | None:
    found = _HOST.fullmatch(netloc.lower())
    if found is None:
        return None
    return found["name"], None if found["port"] in _DEFAULT_PORTS else found["port"]
