"""GET /v1/jobs/{id}/artifacts/{name}: a file that a job made, in bytes or in part, never run in the page's origin."""

import io
import unicodedata
from typing import IO
from urllib.parse import quote

from flask import Response, request
from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.wsgi import FileWrapper

from app.media import content_type, is_shown, plain_type
from app.problems import Problem
from jobs.errors import FileNotFound
from jobs.events import ArtifactReady
from jobs.wiring import Parts

#: No script, no request, an origin of its own; styles and pictures within the file, so that a report looks right.
POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"
CHUNK = 64 * 1024


class Artifact:
    def __init__(self, parts: Parts) -> None:
        self._life, self._files = parts.lifecycle, parts.files

    def __call__(self, job_id: str, name: str) -> Response:
        record = self._life.load(job_id).artifacts.get(name)
        if record is None:
            raise FileNotFound(file_id=name[:64])
        try:
            return _answer(record, self._files.open_artifact(job_id, name))
        except OSError as error:
            raise Problem("storage_unavailable", "The file cannot be read now.") from error


def _answer(record: ArtifactReady, file: IO[bytes]) -> Response:
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    response = Response(FileWrapper(file, CHUNK), direct_passthrough=True)
    response.headers.update(_headers(record))
    response.content_length = size
    response.set_etag(record.sha256)
    try:
        response.make_conditional(request, accept_ranges=_asks_one_range(), complete_length=size)
    except RequestedRangeNotSatisfiable:
        file.close()
        raise
    response.headers["Accept-Ranges"] = "bytes"
    if response.status_code == 412:  # noqa: PLR2004 - HTTP: If-Match
        file.close()
        raise Problem("precondition_failed", "The file is not, or no longer, the one that If-Match names.")
    return response


def _headers(record: ArtifactReady) -> dict[str, str]:
    media_type = plain_type(record.media_type)
    return {
        "Content-Type": content_type(media_type),
        "Content-Disposition": f"{'inline' if is_shown(media_type) else 'attachment'}; {_filename(record.name)}",
        "Content-Security-Policy": POLICY,
        "Cache-Control": "private, no-cache",
    }


def _filename(name: str) -> str:
    """RFC 6266: plain for old clients, whole for the others."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().replace('"', "").strip() or "file"
    whole = "" if plain == name else f"; filename*=UTF-8''{quote(name, safe='')}"
    return f'filename="{plain}"{whole}'


def _asks_one_range() -> bool:
    """Several ranges at once, or what is no range, get the whole file, as RFC 9110 allows."""
    asked = request.range
    return request.method == "GET" and asked is not None and asked.units == "bytes" and len(asked.ranges) == 1
