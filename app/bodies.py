"""What comes in: bodies read within their bounds, JSON strictly."""

import re
import time
from collections.abc import Iterable
from typing import Any

import msgspec
from flask import Request
from werkzeug.wsgi import get_content_length, get_input_stream

from app.problems import Problem
from jobs.validation import Fault

#: Objects and arrays within each other; what goes deeper would only meet somebody's recursion limit later.
MAX_DEPTH = 64
#: Whole numbers that every tier can carry.
MAX_INTEGER = 1 << 64

_decoder = msgspec.json.Decoder()


class Body:
    """A request's body as it arrives; *limit* in bytes is looked at before the first one is read."""

    def __init__(self, request: Request, limit: int) -> None:
        self._length, self._limit = get_content_length(request.environ), limit
        if self._length is not None and self._length > limit:
            raise self._too_large()
        self._stream = get_input_stream(request.environ)
        self._read = 0

    def read(self, size: int, /) -> bytes:
        """Up to *size* bytes, none at the end; a body that breaks off is refused, never taken for whole."""
        try:
            data = self._stream.read(size)
        except Exception as error:  # each server has its own words for a broken chunk or a caller gone
            raise Problem("malformed_body", "The body broke off or its framing is broken.") from error
        self._read += len(data)
        if self._read > self._limit:
            raise self._too_large()
        if not data and self._length is not None and self._read < self._length:
            raise Problem("malformed_body", f"The body ended after {self._read} of {self._length} bytes.")
        if len(data) == size:
            #: Reading what has already arrived never waits: a fast upload would keep every other greenlet waiting.
            time.sleep(0)
        return data

    def whole(self) -> bytes:
        """All of it at once."""
        chunks = []
        while chunk := self.read(64 * 1024):
            chunks.append(chunk)
        return b"".join(chunks)

    def _too_large(self) -> Problem:
        return Problem("too_large", f"The body is larger than {self._limit} bytes.")


def read_object(request: Request, limit: int, *, optional: bool = False) -> dict[str, Any]:
    """The body as a JSON object; where *optional*, no body at all is an empty one.

    In this order: 413 before anything is read, 415, 400 with the place, 422 where it is JSON but no object.
    """
    body = Body(request, limit)
    if optional and request.content_length in (None, 0) and "Transfer-Encoding" not in request.headers:
        return {}
    _check_media_type(request)
    data = body.whole()
    if optional and not data:
        return {}
    return _object(data)


def _check_media_type(request: Request) -> None:
    #: As nearly all say it.
    if request.environ.get("CONTENT_TYPE") == "application/json" and "HTTP_CONTENT_ENCODING" not in request.environ:
        return
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    encoding = request.headers.get("Content-Encoding", "identity").lower()
    if request.mimetype != "application/json" or charset not in {"utf-8", "utf8"} or encoding != "identity":
        raise Problem("unsupported_media_type", "Send application/json in UTF-8, not compressed.")


def _object(data: bytes) -> dict[str, Any]:
    parsed = parse(data)
    if not isinstance(parsed, dict):
        detail = "The body must be a JSON object."
        raise Problem("invalid_request", detail, faults=[Fault("", detail)])
    return parsed


def parse(data: bytes) -> Any:
    """*data* as strict JSON: UTF-8, no NaN or Infinity, no lone surrogates, bounded depth and numbers."""
    try:
        data.decode()
        parsed = _decoder.decode(data)
    except UnicodeDecodeError as error:
        #: Of the bytes, or of a \\ud800 without its second half.
        place = f" at byte {error.start}" if error.object == data else ""
        raise Problem("malformed_body", f"The body is not UTF-8{place}.") from None
    except RecursionError:
        raise _too_deep() from None
    except msgspec.DecodeError as error:
        raise Problem("malformed_body", _place(str(error), data)) from None
    _check(parsed)
    return parsed


def _place(text: str, data: bytes) -> str:
    """What msgspec says of bad JSON, with the byte where it stopped."""
    found = re.search(r"\(byte (\d+)\)", text)
    if found:
        return f"The body is not JSON: {text.removeprefix('JSON is malformed: ')}."
    if "truncated" in text:
        return f"The body is not JSON: it ends too early (byte {len(data)})."
    return f"The body cannot be used as JSON: {text.partition(' - at ')[0].lower()}."


def _check(parsed: Any) -> None:
    level: list[Any] = [parsed]
    for _ in range(MAX_DEPTH):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return
    raise _too_deep()


def _inside(thing: Any) -> Iterable[Any]:
    match thing:
        case dict():
            return thing.values()
        case list():
            return thing
        case int() if abs(thing) >= MAX_INTEGER:
            raise Problem("malformed_body", "The body holds a whole number of more than 64 bits.")
        case _:
            return ()


def _too_deep() -> Problem:
    return Problem("malformed_body", f"The body goes deeper than {MAX_DEPTH} levels.")
