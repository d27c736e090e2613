"""What goes wrong at a model's endpoint, in sentences: which faults end a job, and which are worth another attempt."""

from collections.abc import Iterator
from contextlib import contextmanager
from json import JSONDecodeError
from typing import TYPE_CHECKING

from worker.outcomes import JobFailed, Retry

if TYPE_CHECKING:
    from openai import APIError, APIStatusError, OpenAIError

#: A pause that an endpoint asks for is kept, up to this.
LONGEST_PAUSE_SECONDS = 600.0
#: Below 500, yet no fault of the request's: timeout, conflict, too early.
_PASSING = {408, 409, 425}
_SERVER_FAULT = 500
#: Characters of what the endpoint says of a request that it does not take.
_SAID = 300


@contextmanager
def understood(*, midway: bool = False) -> Iterator[None]:
    """Whatever the endpoint's client raises inside is raised as JobFailed or Retry, with what to do about it.

    *midway* through an answer a fault of the connection means that there was one.
    """
    from openai import OpenAIError  # noqa: PLC0415 - heavy, and not for workers without an endpoint

    try:
        yield
    except OpenAIError as error:
        raise outcome(error, midway=midway) from error
    except (JSONDecodeError, UnicodeDecodeError) as error:
        raise garbled() from error


def garbled() -> JobFailed:
    why = "The endpoint sent what is neither JSON nor an event stream; is its address that of an OpenAI API, with /v1?"
    return JobFailed("endpoint_garbled", why, retryable=True)


def outcome(error: "OpenAIError", *, midway: bool) -> Exception:
    """The end of the attempt that *error* means; what it says itself may name a key or a host: little of it is told."""
    import openai  # noqa: PLC0415 - heavy, and not for workers without an endpoint

    match error:
        case openai.APITimeoutError():
            return JobFailed("endpoint_silent", "The endpoint did not answer in time.", retryable=True)
        case openai.APIConnectionError() if not midway:
            return JobFailed("endpoint_unreachable", "The endpoint cannot be reached.", retryable=True)
        case openai.APIStatusError():
            return _answered(error)
        case openai.APIError() if not isinstance(error, openai.APIConnectionError):
            why = f"The endpoint gave up in the middle: {_said(error)}"
            return JobFailed("endpoint_failed", why, retryable=True)
    return JobFailed("connection_lost", "The connection to the endpoint was lost.", retryable=True)


def _answered(error: "APIStatusError") -> Exception:
    status = error.status_code
    if status in {401, 403}:
        why = f"The endpoint refused the worker's key ({status}); set TAILRACE_OPENAI_API_KEY to one that it takes."
        return JobFailed("endpoint_refused", why)
    if status == 429:  # noqa: PLR2004 - RFC 6585: too many requests
        return _too_many(error)
    if status >= _SERVER_FAULT or status in _PASSING:
        return JobFailed("endpoint_failed", f"The endpoint failed ({status}).", retryable=True)
    why = f"The endpoint does not take this request ({status}): {_said(error)}"
    return JobFailed("endpoint_rejected", why)


def _too_many(error: "APIStatusError") -> Exception:
    if error.code == "insufficient_quota":
        return JobFailed("quota_exhausted", "The endpoint's account has no quota left.")
    why = "The endpoint takes no more requests for now (429)."
    asked = error.response.headers.get("retry-after", "")
    if asked.isdecimal():
        return Retry(min(float(asked), LONGEST_PAUSE_SECONDS), why)
    return JobFailed("rate_limited", why, retryable=True)


def _said(error: "APIError") -> str:
    body = error.body
    said = body.get("message") if isinstance(body, dict) else None
    return " ".join(str(said or "it does not say why").split())[:_SAID]
