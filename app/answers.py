"""What goes out: JSON in the form that the caller accepts."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec
from flask import Request, Response, request
from flask.globals import _cv_request
from werkzeug.datastructures import Headers, MIMEAccept

from app.problems import MEDIA_TYPE, Problem, document

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

JSON = "application/json"

#: Numbers of HTTP with which no body, and nothing that describes one, may come.
_WITHOUT_BODY = frozenset({204, 304})

_encoder = msgspec.json.Encoder()


class Answer(Response):
    """Bytes whose length is known, with headers that are as they are to be sent.

    Werkzeug looks through them once more, for what others may have put in: a twentieth of what a submit costs.
    """

    def get_wsgi_headers(self, environ: "WSGIEnvironment") -> Headers:
        if self.status_code in _WITHOUT_BODY:
            return super().get_wsgi_headers(environ)
        return self.headers


def in_hand() -> Request:
    """The request in hand itself: each look through Flask's stand-in for it is a search of its own."""
    return _cv_request.get().request


def answer(
    data: Any, number: int = 200, headers: Mapping[str, str] | None = None, *, media_type: str = JSON
) -> Response:
    """*data* as JSON."""
    return Answer(_encoder.encode(data), status=number, headers=headers, content_type=media_type)


def refuse(problem: Problem) -> Response:
    """The problem as an answer."""
    return answer(document(problem), problem.number, problem.headers, media_type=MEDIA_TYPE)


def negotiate(*offers: str) -> str:
    """The best of *offers* for this caller, the first where it does not say; 406 where none is acceptable."""
    if "HTTP_ACCEPT" not in in_hand().environ:
        return offers[0]
    #: Clients put a charset behind what they accept, and a lone star for anything.
    accepted = MIMEAccept([(_bare(name), quality) for name, quality in request.accept_mimetypes])
    if not accepted:
        return offers[0]
    best = accepted.best_match(offers)
    if best is None:
        detail = f"This comes as {' or '.join(offers)} only."
        raise Problem("not_acceptable", detail, headers={"Vary": "Accept"})
    return best


def _bare(name: str) -> str:
    bare = name.partition(";")[0].strip()
    return "*/*" if bare == "*" else bare
