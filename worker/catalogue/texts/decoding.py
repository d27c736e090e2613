"""An upload as text, whatever its encoding, gunzipped where it needs to be."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TextIO

from worker.catalogue.texts.encodings import detect, foreign_sample
from worker.catalogue.texts.limits import ENCODING_SCAN_BYTES, SAMPLE_BYTES
from worker.catalogue.texts.unpacking import CHUNK, unpacked

#: A text has no more control characters than this; what has more is a picture or a program.
_MAX_CONTROL_SHARE = 0.02
_ALLOWED_CONTROLS = frozenset("\t\n\r\x0b\x0c\x1b\x1a")


def start_of(raw: IO[bytes]) -> bytes:
    """The first piece of the unpacked file."""
    return unpacked(raw).read(SAMPLE_BYTES)


def codec_of(raw: IO[bytes], start: bytes) -> str | None:
    """How the text that begins with *start* is encoded; None where it is none, but binary data."""
    codec = detect(start, foreign_sample(_chunks(raw)))
    text = start.decode(codec, errors="replace")
    controls = sum(1 for sign in text if sign < " " and sign not in _ALLOWED_CONTROLS)
    return None if controls > _MAX_CONTROL_SHARE * len(text) else codec


def _chunks(raw: IO[bytes]) -> Iterator[bytes]:
    """The begin of *raw*, as far as its encoding is looked for."""
    stream = unpacked(raw)
    for _ in range(ENCODING_SCAN_BYTES // CHUNK):
        chunk = stream.read(CHUNK)
        if not chunk:
            return
        yield chunk


@contextmanager
def opened(raw: IO[bytes], codec: str, *, newline: str | None = "") -> Iterator[TextIO]:
    """Text of the upload from its start, with the line ends left as they are, or as *newline* says."""
    yield io.TextIOWrapper(unpacked(raw), encoding=codec, errors="replace", newline=newline)
