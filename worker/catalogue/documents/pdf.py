"""A PDF, page by page."""

import logging
from collections.abc import Iterator
from typing import IO

from pypdf import PdfReader

from worker.catalogue.documents.pieces import Piece, Unreadable


def pages(file: IO[bytes], most: int | None = None) -> Iterator[Piece]:
    """Each page, with text or without; Unreadable ``too_large`` where there are more than *most*."""
    #: It warns of each small fault of a file, of which there are thousands.
    logging.getLogger("pypdf").setLevel(logging.ERROR)
    try:
        reader = _opened(file, most)
        for number, page in enumerate(reader.pages, 1):
            yield Piece(unit="page", first=number, last=number, text=page.extract_text().strip())
    except (Unreadable, MemoryError):
        raise
    except Exception as error:
        raise Unreadable("broken_pdf", "The PDF is damaged, or uses what cannot be read here.") from error


def _opened(file: IO[bytes], most: int | None) -> PdfReader:
    reader = PdfReader(file)
    if reader.is_encrypted and not reader.decrypt(""):
        raise Unreadable("encrypted", "The PDF asks for a password.")
    if most is not None and len(reader.pages) > most:
        raise Unreadable("too_large", f"The PDF has more than {most:,} pages.")
    return reader
