"""An upload as text, whatever its encoding, gunzipped where it needs to be."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TextIO

from worker.catalogue.texts.encodings import detect, foreign_sample
from worker.catalogue.texts.unpacking import chunks, unpacked
from worker.outcomes import JobFailed

_SAMPLE_BYTES = 256 << 10
#: A text has no more control characters than this; what has more is a picture or a program.
_CONTROL_SHARE = 0.02
_CONTROLS = frozenset("\t\n\r\x0b\x0c\x1b")


@contextmanager
def opened(file: IO[bytes]) -> Iterator[TextIO]:
    """The text of *file* from its start; JobFailed ``unreadable`` where it is none."""
    codec = _codec(file)
    yield io.TextIOWrapper(unpacked(file), encoding=codec, errors="replace")


def unreadable(why: str) -> JobFailed:
    return JobFailed("unreadable", why)


def _codec(file: IO[bytes]) -> str:
    start = unpacked(file).read(_SAMPLE_BYTES)
    if not start.strip():
        raise unreadable("The file is empty.")
    codec = detect(start, foreign_sample(chunks(file)))
    text = start.decode(codec, errors="replace")
    controls = sum(1 for sign in text if sign < " " and sign not in _CONTROLS)
    if controls > _CONTROL_SHARE * len(text):
        raise unreadable("The file holds binary data, not text.")
    return codec
