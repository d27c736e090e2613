"""A Word document, paragraph by paragraph, rows of tables among them."""

from collections.abc import Iterator
from typing import IO

from docx import Document
from docx.table import Table

from worker.catalogue.documents.pieces import Piece, Unreadable


def paragraphs(file: IO[bytes], between: str) -> Iterator[Piece]:
    """Paragraphs and rows in the order in which they stand, the empty ones too; *between* stands between two cells."""
    for number, text in enumerate(_texts(file, between), 1):
        yield Piece(unit="paragraph", first=number, last=number, text=text)


def _texts(file: IO[bytes], between: str) -> list[str]:
    try:
        blocks = Document(file).iter_inner_content()
        return [
            text for block in blocks for text in (_rows(block, between) if isinstance(block, Table) else [block.text])
        ]
    except MemoryError:
        raise
    except Exception as error:
        raise Unreadable("broken_docx", "The document is damaged, or uses what cannot be read here.") from error


def _rows(table: Table, between: str) -> Iterator[str]:
    return (between.join(cell.text.strip() for cell in row.cells) for row in table.rows)
