"""Every refusal, as RFC 9457's ``application/problem+json``; the one table of what can be refused."""

import logging
import secrets
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from werkzeug.exceptions import HTTPException

from jobs.errors import (
    CursorMoved,
    FileNotFound,
    FileTooLarge,
    InvalidCursor,
    InvalidTransition,
    JobNotFound,
    LogUnavailable,
    QueueFull,
    TailraceError,
)
from jobs.validation import Fault

MEDIA_TYPE = "application/problem+json"

#: What programs go by (``code``), and the HTTP number that it comes with.
CODES = {
    "malformed_request": 400,
    "malformed_body": 400,
    "malformed_query": 400,
    "malformed_header": 400,
    "malformed_cursor": 400,
    "unauthenticated": 401,
    "forbidden": 403,
    "host_refused": 403,
    "origin_refused": 403,
    "not_found": 404,
    "job_not_found": 404,
    "type_not_found": 404,
    "artifact_not_found": 404,
    "method_not_allowed": 405,
    "not_acceptable": 406,
    "idempotency_conflict": 409,
    "not_terminal": 409,
    "conflict": 409,
    "length_required": 411,
    "precondition_failed": 412,
    "too_large": 413,
    "uri_too_long": 414,
    "unsupported_media_type": 415,
    "range_not_satisfiable": 416,
    "invalid_request": 422,
    "invalid_params": 422,
    "invalid_file": 422,
    "upgrade_required": 426,
    "queue_full": 429,
    "headers_too_large": 431,
    "internal": 500,
    "not_implemented": 501,
    "unavailable": 503,
    "storage_unavailable": 503,
    "not_ready": 503,
    "overloaded": 503,
}

#: The first code of each number: what a refusal by the framework, or by the server before it, is called.
CODE_OF_NUMBER = {number: code for code, number in reversed(CODES.items())}

#: Seconds after which a caller may try again, where the refusal will pass by itself.
RETRY_AFTER = {"queue_full": 10, "unavailable": 2, "storage_unavailable": 5, "not_ready": 2, "overloaded": 3}

#: Errors whose own text is for callers.
_TOLD: dict[type[TailraceError], str] = {
    JobNotFound: "job_not_found",
    FileNotFound: "artifact_not_found",
    FileTooLarge: "too_large",
    InvalidCursor: "malformed_cursor",
    InvalidTransition: "conflict",
    QueueFull: "queue_full",
}

log = logging.getLogger(__name__)


class Problem(Exception):
    """A refusal; *members* are added to the document as they are."""

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        faults: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.code, self.detail, self.faults, self.members = code, detail, faults, members or {}
        self.headers = dict(headers or {})
        if code in RETRY_AFTER:
            self.headers.setdefault("Retry-After", str(RETRY_AFTER[code]))

    @property
    def number(self) -> int:
        return CODES.get(self.code, 500)


def demand(code: str, faults: Sequence[Fault]) -> None:
    """Raises a Problem that lists *faults*, where there are any."""
    if faults:
        more = "" if len(faults) == 1 else f", and {len(faults) - 1} more"
        raise Problem(code, f"{faults[0].pointer or 'The body'} {faults[0].detail}{more}.", faults=faults)


def document(problem: Problem, number: int | None = None) -> dict[str, Any]:
    """The problem as JSON's object; ``type`` is RFC 9457's about:blank, so that ``title`` is HTTP's phrase."""
    number = number or problem.number
    return {
        "type": "about:blank",
        "title": HTTPStatus(number).phrase,
        "status": number,
        "detail": problem.detail,
        "code": problem.code,
        "errors": [fault._asdict() for fault in problem.faults],
        **problem.members,
    }


def problem_of(error: Exception) -> Problem:
    """What *error* is to a caller; what nobody foresaw is logged under a reference and told without its text."""
    match error:
        case Problem():
            return error
        case TailraceError() if type(error) in _TOLD:
            return Problem(_TOLD[type(error)], str(error))
        case LogUnavailable() | CursorMoved():
            log.warning("answered 503: %s", error)
            return Problem("unavailable", "The service cannot reach its store now; try again in a moment.")
        case HTTPException():
            return _of_http(error)
        case _:
            return _unforeseen(error)


#: What the framework would say at length, or to people at a browser.
_PLAINLY = {
    404: "There is nothing at this address.",
    405: "This address does not take that method; Allow names those that it takes.",
    413: "The body is too large.",
    416: "The range lies outside the file.",
}


def _of_http(error: HTTPException) -> Problem:
    number = error.code or 500
    code = CODE_OF_NUMBER.get(number, CODE_OF_NUMBER[number // 100 * 100 if number < 500 else 500])  # noqa: PLR2004 - HTTP
    headers = {name: value for name, value in error.get_headers() if name not in {"Content-Type", "Content-Length"}}
    detail = _PLAINLY.get(number) or error.description or HTTPStatus(number).phrase
    return Problem(code, detail, headers=headers)


def _unforeseen(error: Exception) -> Problem:
    ref = secrets.token_hex(4)
    log.error("unforeseen (ref %s)", ref, exc_info=error)
    return Problem("internal", f"Something went wrong in the service (ref {ref}).")
