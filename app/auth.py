"""Who may call: one object that decides for REST and for streams alike.

Without a token everybody may (the service then binds to loopback only). With one, a caller shows the token itself
(``Authorization: Bearer``), the page's session cookie, or, to read one job's events, the token in ``links.events``.
"""

import hashlib
import hmac
import re

from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug.wrappers import Request

from app.origins import Origins
from app.problems import Problem
from jobs.settings import Settings

COOKIE = "tailrace_session"
#: A session that nobody renewed ends after this.
SESSION_SECONDS = 30 * 86400

_EVENTS = re.compile(r"/v1/jobs/([0-9a-z]{26})/events", re.ASCII)


class Auth:
    """The service's one hook; :meth:`admit` is called for every request."""

    def __init__(self, settings: Settings) -> None:
        self.origins = Origins(settings)
        self._token = settings.token
        self._stream_seconds = settings.stream_token_seconds
        self._sessions = _signer(settings.token, "session")
        self._streams = _signer(settings.token, "stream")

    @property
    def needed(self) -> bool:
        """False where no token is set: everybody is signed in."""
        return self._token is not None

    def admit(self, request: Request, *, public: bool = False) -> None:
        """Lets the request pass or raises the Problem that refuses it; *public* asks for no token."""
        self.origins.check(request)
        if not public and request.method != "OPTIONS" and not self.signed_in(request):
            self._admit_stream(request)

    def signed_in(self, request: Request) -> bool:
        """Whether the caller shows the token, or a session that it opened."""
        return self._token is None or self._has_bearer(request) or self._has_session(request)

    def principal(self) -> str:
        """Whose call this is; whoever has the token is one and the same."""
        return "anybody" if self._token is None else "token"

    def cookie(self, token: str) -> str | None:
        """The session cookie's value for *token*, None where it is the wrong one."""
        return str(self._sessions.dumps("signed in")) if self._is_token(token.encode("utf-8", "replace")) else None

    def events_query(self, job_id: str) -> str:
        """What to add to the address of a job's events so that an EventSource, which sends no header, may read it."""
        return "" if self._token is None else f"?token={self._streams.dumps(job_id)}"

    def _admit_stream(self, request: Request) -> None:
        found = _EVENTS.fullmatch(request.path)
        token = request.args.get("token")
        if found is None or token is None or request.method not in {"GET", "HEAD"}:
            raise _unauthenticated("Show the service's token.")
        try:
            job_id = self._streams.loads(token, max_age=self._stream_seconds)
        except BadSignature:
            detail = "The token in the address is wrong or too old; links.events of the job has a new one."
            raise _unauthenticated(detail) from None
        if job_id != found[1]:
            raise Problem("forbidden", "The token in the address is another job's.")

    def _has_bearer(self, request: Request) -> bool:
        scheme, _, given = request.environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        #: WSGI gives a header's bytes as Latin-1.
        return scheme.lower() == "bearer" and self._is_token(given.strip().encode("latin-1", "replace"))

    def _has_session(self, request: Request) -> bool:
        try:
            self._sessions.loads(request.cookies.get(COOKIE, ""), max_age=SESSION_SECONDS)
        except BadSignature:
            return False
        return True

    def _is_token(self, given: bytes) -> bool:
        return self._token is not None and hmac.compare_digest(given, self._token.encode())


def _signer(token: str | None, purpose: str) -> URLSafeTimedSerializer:
    """Signs for one purpose only, with a key that follows from the token: a new token ends every session."""
    return URLSafeTimedSerializer(
        token or "", salt=f"tailrace.{purpose}", signer_kwargs={"digest_method": hashlib.sha256}
    )


def _unauthenticated(detail: str) -> Problem:
    return Problem("unauthenticated", detail, headers={"WWW-Authenticate": 'Bearer realm="tailrace"'})
