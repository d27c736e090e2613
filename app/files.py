"""POST /v1/files: an upload, from the socket into the store."""

from typing import Any

from flask import Response, request

from app.answers import JSON, answer, negotiate
from app.bodies import Body
from app.media import plain_type
from app.multipart import FilePart
from app.problems import Problem
from jobs.errors import InvalidEvent
from jobs.files import FileStore, Source
from jobs.names import plain_name
from jobs.validation import Fault
from jobs.wiring import Parts

#: What boundaries and headers add to a multipart body.
_SLACK = 64 * 1024


class Upload:
    """The file's record; params name the upload by its id."""

    def __init__(self, parts: Parts) -> None:
        self._store: FileStore = parts.files
        self._limit = parts.settings.max_file_bytes

    def __call__(self) -> Response:
        negotiate(JSON)
        if request.content_length is None and "Transfer-Encoding" not in request.headers:
            raise Problem("length_required", "Send Content-Length, or the body in chunks.")
        if request.mimetype == "multipart/form-data":
            boundary = request.mimetype_params.get("boundary", "")
            part = FilePart(Body(request, self._limit + _SLACK), boundary)
            return self._save(part, part.filename, part.media_type)
        return self._save(Body(request, self._limit), self._query_name(), request.mimetype)

    def _save(self, source: Source, name: str, media_type: str) -> Response:
        name, media_type = _name(name), _media_type(media_type)
        try:
            record = self._store.save(source, name=name, media_type=media_type, limit=self._limit)
        except OSError as error:
            raise Problem("storage_unavailable", "The file cannot be stored now.") from error
        shown: dict[str, Any] = {
            "id": record.id,
            "name": record.name,
            "bytes": record.bytes,
            "sha256": record.sha256,
            "media_type": record.media_type,
        }
        return answer(shown, 201)

    @staticmethod
    def _query_name() -> str:
        name = request.args.get("name", "")
        if not name:
            raise Problem("malformed_query", "Name the file: ?name=data.csv, or send multipart/form-data.")
        return name


def _name(name: str) -> str:
    try:
        return plain_name(name)
    except InvalidEvent:
        raise Problem("invalid_file", "That is no file name.", faults=[Fault("/file", "has no usable name")]) from None


def _media_type(text: str) -> str:
    """What clients send that know nothing of the file says nothing of it either."""
    plain = plain_type(text)
    return "application/octet-stream" if plain == "application/x-www-form-urlencoded" else plain
