"""An upload as text, or why it is none."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TextIO

from worker.catalogue.texts import decoding
from worker.outcomes import JobFailed


@contextmanager
def opened(file: IO[bytes]) -> Iterator[TextIO]:
    """The text of *file* from its start; JobFailed ``unreadable`` where it is none."""
    with decoding.opened(file, _codec(file), newline=None) as text:
        yield text


def unreadable(why: str) -> JobFailed:
    return JobFailed("unreadable", why)


def _codec(file: IO[bytes]) -> str:
    start = decoding.start_of(file)
    if not start.strip():
        raise unreadable("The file is empty.")
    codec = decoding.codec_of(file, start)
    if codec is None:
        raise unreadable("The file holds binary data, not text.")
    return codec
