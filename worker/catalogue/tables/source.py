"""What an upload is that text is to be read from: a table, or what people upload by mistake."""

from collections.abc import Iterator
from typing import IO, TextIO

from worker.catalogue.tables.limits import MAX_LINE_CHARS
from worker.catalogue.texts.decoding import codec_of, start_of
from worker.outcomes import JobFailed

PARQUET = b"PAR1"
ZIP = b"PK\x03\x04"
#: What old Office documents and encrypted new ones begin with.
COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
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


def not_a_table(why: str) -> JobFailed:
    """Say that the upload is no table, and what would be one."""
    needed = "A report needs a table: CSV, TSV or JSON (each plain or gzipped), Excel (.xlsx) or Parquet."
    return JobFailed("not_a_table", f"{why} {needed}")


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


def find_encoding(raw: IO[bytes]) -> str:
    """Find out how the text of an upload is encoded, or refuse the upload."""
    start = start_of(raw)
    check_start(start)
    codec = codec_of(raw, start)
    if codec is None:
        raise not_a_table("The file holds binary data, not text.")
    return codec


def lines(text: TextIO) -> Iterator[str]:
    """Lines of bounded length."""
    while line := text.readline(MAX_LINE_CHARS + 1):
        if len(line) > MAX_LINE_CHARS:
            raise not_a_table(f"A line is longer than {MAX_LINE_CHARS:,} characters.")
        yield line
