"""The text of a document, piece by piece: plain text and its kin, PDF, DOCX, HTML."""

# ruff: noqa: PLC0415 - each reader of a format is loaded by the first document that needs it

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, islice
from typing import IO

from worker.catalogue.agent.limits import MAX_DOCUMENT_CHARS, MAX_PAGES, MAX_UNPACKED_BYTES
from worker.catalogue.agent.passages import parts
from worker.catalogue.agent.text import opened, unreadable
from worker.catalogue.documents.package import package
from worker.catalogue.documents.pieces import Piece, Unreadable

PDF, ZIP = b"%PDF", b"PK\x03\x04"
_MARKUP = (".html", ".htm", ".xhtml")


def pieces(file: IO[bytes], name: str) -> Iterator[Piece]:
    """The document *file*, called *name*; JobFailed ``unreadable`` where it is none."""
    start = file.read(1024)
    file.seek(0)
    if start.lstrip()[:4] == PDF:
        return _bounded(_pdf(file))
    if start.startswith(ZIP):
        return _bounded(_docx(file))
    if name.lower().endswith(_MARKUP) or b"<html" in start.lower():
        return _bounded(_html(file))
    return _bounded(_text(file))


def _bounded(found: Iterator[Piece]) -> Iterator[Piece]:
    """The pieces that hold something, as far as they are read."""
    left = MAX_DOCUMENT_CHARS
    try:
        for piece in found:
            left -= len(piece.text)
            if left < 0:
                return
            if piece.text:
                yield piece
    except Unreadable as why:
        raise unreadable(why.message) from why


def _text(file: IO[bytes]) -> Iterator[Piece]:
    """Paragraphs with the lines where they stand."""
    with opened(file) as text:
        first, held = 1, list[str]()
        for number, line in enumerate(chain(text, [""]), 1):
            if line.strip():
                first = first if held else number
                held.append(line.strip())
            elif held:
                yield from _lines(first, held)
                held = []


def _lines(first: int, held: list[str]) -> Iterator[Piece]:
    """A paragraph, or each line of one that is too long to be a passage."""
    text = "\n".join(held)
    if len(list(parts(text))) > 1 and len(held) > 1:
        for number, line in enumerate(held, first):
            yield Piece(unit="line", first=number, last=number, text=line)
    else:
        yield Piece(unit="line", first=first, last=first + len(held) - 1, text=text)


def _pdf(file: IO[bytes]) -> Iterator[Piece]:
    from worker.catalogue.documents import pdf

    for page in islice(pdf.pages(file), MAX_PAGES):
        yield from (replace(page, text=text.strip()) for text in page.text.split("\n\n"))


def _docx(file: IO[bytes]) -> Iterator[Piece]:
    from worker.catalogue.documents import word

    found = package(file)
    if found and found.size > MAX_UNPACKED_BYTES:
        raise unreadable(f"Unpacked, the document is larger than {MAX_UNPACKED_BYTES >> 20} MiB.")
    if found and not found.is_document:
        raise unreadable("It is an archive, but no Word document.")
    file.seek(0)
    return (replace(piece, text=piece.text.strip()) for piece in word.paragraphs(file, " | "))


def _html(file: IO[bytes]) -> Iterator[Piece]:
    from worker.catalogue.documents import markup

    found = markup.paragraphs(file.read(MAX_DOCUMENT_CHARS))
    return (replace(piece, text=" ".join(piece.text.split())) for piece in found)
