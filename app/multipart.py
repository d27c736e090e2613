"""The one file of a multipart body, as a stream: never in memory, never in a temporary file."""

from collections.abc import Iterator

from werkzeug.datastructures import Headers
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.sansio.multipart import Data, Epilogue, Event, Field, File, MultipartDecoder, NeedData

from app.bodies import Body
from app.problems import Fault, Problem

CHUNK = 64 * 1024
#: What a part's headers, or what stands before the first part, may hold up.
_BUFFER = 4 * CHUNK

FIELD = "file"


class FilePart:
    """The part named ``file``; :meth:`read` gives its bytes and refuses whatever else the body holds."""

    def __init__(self, body: Body, boundary: str) -> None:
        self._body = body
        self._decoder = MultipartDecoder(boundary.encode("latin-1", "replace"), _BUFFER)
        self._events = self._decode()
        self.filename, self.headers = self._begin()

    def read(self, _size: int, /) -> bytes:
        """The next bytes of the file, as many as have come; none once the whole body has been read and found right."""
        for event in self._events:
            match event:
                case Data(data=data) if data:
                    return data
                case File() | Field():
                    raise _invalid("must be the only part of the body")
                case _:
                    pass
        return b""

    def _begin(self) -> tuple[str, Headers]:
        for event in self._events:
            match event:
                case File(name=name, filename=filename, headers=headers) if name == FIELD and filename:
                    return filename, headers
                case File() | Field():
                    raise _invalid("must be the only part of the body, and have a file name")
                case _:
                    pass
        raise _invalid("is missing")

    def _decode(self) -> Iterator[Event]:
        while True:
            event = self._next()
            if isinstance(event, NeedData):
                self._feed(self._body.read(CHUNK))
                continue
            yield event
            if isinstance(event, Epilogue):
                return

    def _next(self) -> Event:
        try:
            return self._decoder.next_event()
        except ValueError as error:
            raise _broken() from error

    def _feed(self, data: bytes) -> None:
        try:
            self._decoder.receive_data(data or None)
        except RequestEntityTooLarge as error:
            raise _broken() from error


def _invalid(detail: str) -> Problem:
    return Problem("invalid_file", f"The part named file {detail}.", faults=[Fault(f"/{FIELD}", detail)])


def _broken() -> Problem:
    return Problem("malformed_body", "The body is not multipart/form-data as its boundary says.")
