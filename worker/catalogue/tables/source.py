"""From an upload to lines of text: what kind of file it is, unpacked within bounds, decoded."""

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TextIO, cast

from worker.catalogue.tables.limits import (
    ENCODING_SCAN_BYTES,
    MAX_LINE_CHARS,
    MAX_TEXT_BYTES,
    SAMPLE_BYTES,
)
from worker.catalogue.texts.encodings import detect, foreign_sample
from worker.outcomes import JobFailed

GZIP = b"\x1f\x8b"
PARQUET = b"PAR1"
ZIP = b"PK\x03\x04"
#: What old Office documents and encrypted new ones begin with.
COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_CHUNK = 1 << 18
#: What people upload by mistake, by how it begins, and what it is called.
_OTHERS = (
    (ZIP, "a ZIP archive, and no Excel workbook"),
    (COMPOUND, "an old Excel or Word document"),
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"SQLite format 3", "an SQLite database"),
    (b"ARROW1", "an Arrow file"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"\x7fELF", "a program"),
)
_MARKUP = (("<!doctype", "a web page"), ("<html", "a web page"), ("<?xml", "an XML document"))
_MAX_CONTROL_SHARE = 0.02
_ALLOWED_CONTROLS = frozenset(b"\t\n\r\x0b\x0c\x1b\x1a")


def not_a_table(why: str) -> JobFailed:
    """Say that the upload is no table, and what would be one."""
    needed = "A report needs a table: CSV, TSV or JSON (each plain or gzipped), Excel (.xlsx) or Parquet."
    return JobFailed("not_a_table", f"{why} {needed}")


class Bounded(io.RawIOBase):
    """Unpacked bytes, refused past a bound, so that a small file cannot unfold to a huge one."""

    def __init__(self, inner: IO[bytes], limit: int) -> None:
        self._inner = inner
        self._left = limit

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(cast("bytearray", buffer))
        try:
            data = self._inner.read(len(view))
        except (EOFError, gzip.BadGzipFile, zlib.error) as broken:
            raise JobFailed("broken_gzip", "The gzip file is damaged or ends too early.") from broken
        self._left -= len(data)
        if self._left < 0:
            raise JobFailed("too_large", f"Unpacked, the file is larger than {MAX_TEXT_BYTES >> 30} GiB.")
        view[: len(data)] = data
        return len(data)


def unpacked(raw: IO[bytes]) -> IO[bytes]:
    """Return the bytes of the table itself, from the start, gunzipped where needed."""
    raw.seek(0)
    packed = raw.read(2) == GZIP
    raw.seek(0)
    inner = cast("IO[bytes]", gzip.GzipFile(fileobj=raw, mode="rb")) if packed else raw
    return cast("IO[bytes]", io.BufferedReader(Bounded(inner, MAX_TEXT_BYTES), _CHUNK))


def check_start(start: bytes) -> None:
    """Refuse what begins like no table; `start` is the first piece of the unpacked file."""
    if not start.strip(b" \t\r\n\xef\xbb\xbf"):
        raise JobFailed("empty_file", "The file is empty.")
    for magic, what in _OTHERS:
        if start.startswith(magic):
            raise not_a_table(f"The file is {what}.")
    head = start[:512].decode("latin-1").lstrip("ï»¿ \t\r\n").lower()
    for begin, what in _MARKUP:
        if head.startswith(begin):
            raise not_a_table(f"The file is {what}.")


def check_text(text: str) -> None:
    """Refuse bytes that decode to more control characters than any text has."""
    controls = sum(1 for sign in text if sign < " " and ord(sign) not in _ALLOWED_CONTROLS)
    if controls > _MAX_CONTROL_SHARE * len(text):
        raise not_a_table("The file holds binary data, not text.")


def chunks(raw: IO[bytes]) -> Iterator[bytes]:
    """The begin of *raw*, as far as its encoding is looked for."""
    stream = unpacked(raw)
    for _ in range(ENCODING_SCAN_BYTES // _CHUNK):
        chunk = stream.read(_CHUNK)
        if not chunk:
            return
        yield chunk


def find_encoding(raw: IO[bytes]) -> str:
    """Find out how the text of an upload is encoded, or refuse the upload."""
    start = unpacked(raw).read(SAMPLE_BYTES)
    check_start(start)
    codec = detect(start, foreign_sample(chunks(raw)))
    check_text(start.decode(codec, errors="replace"))
    return codec


@contextmanager
def opened(raw: IO[bytes], codec: str) -> Iterator[TextIO]:
    """Text of the upload from its start, with the line ends left as they are."""
    yield io.TextIOWrapper(unpacked(raw), encoding=codec, errors="replace", newline="")


def lines(text: TextIO) -> Iterator[str]:
    """Lines of bounded length."""
    while line := text.readline(MAX_LINE_CHARS + 1):
        if len(line) > MAX_LINE_CHARS:
            raise not_a_table(f"A line is longer than {MAX_LINE_CHARS:,} characters.")
        yield line
