"""The text of a document, piece by piece: plain text and its kin, PDF, DOCX, HTML."""

# ruff: noqa: PLC0415 - each reader of a format is loaded by the first document that needs it

import logging
import zipfile
from collections.abc import Iterator
from itertools import chain
from typing import IO

from worker.catalogue.agent.limits import MAX_DOCUMENT_CHARS, MAX_PAGES, MAX_UNPACKED_BYTES
from worker.catalogue.agent.passages import Piece, parts
from worker.catalogue.agent.text import opened, unreadable

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
    left = MAX_DOCUMENT_CHARS
    for piece in found:
        left -= len(piece.text)
        if left < 0:
            return
        yield piece


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
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    #: It warns of each small fault of a file, of which there are thousands.
    logging.getLogger("pypdf").setLevel(logging.ERROR)
    try:
        reader = PdfReader(file)
        if reader.is_encrypted and not reader.decrypt(""):
            raise unreadable("The PDF is locked by a password.")
        for number, page in enumerate(reader.pages[:MAX_PAGES], 1):
            for paragraph in (page.extract_text() or "").split("\n\n"):
                if paragraph.strip():
                    yield Piece(unit="page", first=number, last=number, text=paragraph.strip())
    except (PyPdfError, OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as broken:
        raise unreadable("The PDF is damaged and cannot be read.") from broken


def _docx(file: IO[bytes]) -> Iterator[Piece]:
    import docx

    try:
        with zipfile.ZipFile(file) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MAX_UNPACKED_BYTES:
                raise unreadable(f"Unpacked, the document is larger than {MAX_UNPACKED_BYTES >> 20} MiB.")
            if "word/document.xml" not in archive.namelist():
                raise unreadable("It is an archive, but no Word document.")
        file.seek(0)
        document = docx.Document(file)
        rows = [" | ".join(cell.text for cell in row.cells) for table in document.tables for row in table.rows]
        texts = [*(paragraph.text for paragraph in document.paragraphs), *rows]
    except (zipfile.BadZipFile, OSError, ValueError, KeyError) as broken:
        raise unreadable("The document is damaged and cannot be read.") from broken
    for number, text in enumerate(texts, 1):
        if text.strip():
            yield Piece(unit="paragraph", first=number, last=number, text=text.strip())


def _html(file: IO[bytes]) -> Iterator[Piece]:
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(file.read(MAX_DOCUMENT_CHARS), "lxml")
    for unseen in soup(["script", "style", "noscript", "template"]):
        unseen.decompose()
    for block in soup(["p", "li", "h1", "h2", "h3", "h4", "h5", "h6", "tr", "pre", "blockquote", "dt", "dd", "div"]):
        block.append("\n\n")
    texts = [" ".join(part.split()) for part in soup.get_text(" ").split("\n\n")]
    for number, text in enumerate((text for text in texts if text), 1):
        yield Piece(unit="paragraph", first=number, last=number, text=text)
