"""The one file of a multipart body (RFC 7578), as a stream: never in memory, never in a temporary file.

Not werkzeug's decoder: where a piece of the body ends within the last boundary, that one adds a CR to the file.
"""

from typing import NamedTuple

from werkzeug.http import parse_options_header

from app.bodies import Body
from app.problems import Problem
from jobs.validation import Fault

CHUNK = 64 * 1024
#: Bytes of a part's headers, and of what stands before the first part or behind the last.
MAX_HEADERS = 16 * 1024
#: RFC 2046.
MAX_BOUNDARY = 70

FIELD = "file"


class FilePart:
    """The part named ``file``; :meth:`read` gives its bytes and refuses whatever else the body holds."""

    def __init__(self, body: Body, boundary: str) -> None:
        if not (0 < len(boundary) <= MAX_BOUNDARY and boundary.isascii()):
            raise _broken()
        self._body = body
        self._delimiter = b"\r\n--" + boundary.encode()
        #: The first delimiter may stand at the very beginning.
        self._buffer = bytearray(b"\r\n")
        self._over = False
        self._until(self._delimiter)
        if self._is_last():
            raise _invalid("is missing")
        self.filename, self.media_type = _checked(_disposition(self._until(b"\r\n\r\n")))

    def read(self, _size: int, /) -> bytes:
        """The next bytes of the file, as many as have come; none once the whole body has been read and found right."""
        while not self._over:
            data = self._data()
            if data:
                return data
        return b""

    def _data(self) -> bytes:
        end = self._buffer.find(self._delimiter)
        if end >= 0:
            data = self._take(end, len(self._delimiter))
            self._finish()
            return data
        #: What may be the begin of a delimiter waits for the rest of it.
        data = self._take(len(self._buffer) - len(self._delimiter) + 1)
        self._more()
        return data

    def _finish(self) -> None:
        if not self._is_last():
            raise _invalid("must be the only part of the body")
        behind = len(self._buffer)
        while piece := self._body.read(CHUNK):
            behind += len(piece)
            if behind > MAX_HEADERS:
                raise _broken()
        self._over = True

    def _is_last(self) -> bool:
        """Whether the delimiter just passed ends the body; else what follows are the headers of a part."""
        while len(self._buffer) < len(b"--"):
            self._more()
        if self._buffer.startswith(b"--"):
            return True
        #: The line's own end stays: it begins the blank line of a part without headers.
        rest = self._until(b"\r\n")
        self._buffer[:0] = b"\r\n"
        if rest.strip(b" \t"):
            raise _broken()
        return False

    def _until(self, mark: bytes) -> bytes:
        while (end := self._buffer.find(mark)) < 0:
            if len(self._buffer) > MAX_HEADERS:
                raise _broken()
            self._more()
        return self._take(end, len(mark))

    def _take(self, size: int, more: int = 0) -> bytes:
        """The next *size* bytes; *more* behind them are dropped."""
        data = bytes(self._buffer[: max(0, size)])
        del self._buffer[: max(0, size) + more]
        return data

    def _more(self) -> None:
        piece = self._body.read(CHUNK)
        if not piece:
            raise _broken()
        self._buffer += piece


class _Disposition(NamedTuple):
    name: str | None
    filename: str | None
    media_type: str


def _disposition(headers: bytes) -> _Disposition:
    try:
        lines = [line.partition(":") for line in headers.decode().split("\r\n") if line]
    except UnicodeDecodeError:
        raise _broken() from None
    found = {name.strip().lower(): value.strip() for name, _, value in lines}
    _, options = parse_options_header(found.get("content-disposition", ""))
    return _Disposition(options.get("name"), options.get("filename"), found.get("content-type", ""))


def _checked(part: _Disposition) -> tuple[str, str]:
    if part.name != FIELD or not part.filename:
        raise _invalid("must be the only part of the body, and have a file name")
    return part.filename, part.media_type


def _invalid(detail: str) -> Problem:
    return Problem("invalid_file", f"The part named file {detail}.", faults=[Fault(f"/{FIELD}", detail)])


def _broken() -> Problem:
    return Problem("malformed_body", "The body is not multipart/form-data as its boundary says.")
