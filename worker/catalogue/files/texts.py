"""Text out of PDF, DOCX, HTML and plain text."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from worker.catalogue.files import limits
from worker.catalogue.files.kinds import kind_of
from worker.catalogue.files.refused import Refused
from worker.catalogue.texts.encodings import detect, is_utf8
from worker.catalogue.texts.limits import SAMPLE_BYTES
from worker.catalogue.texts.marks import by_mark

if TYPE_CHECKING:
    from docx.document import Document
    from docx.table import Table
    from pypdf import PdfReader

_PAGES = 5_000
_PLAIN_BYTES = 256 * limits.MIB
#: What is in a page and not for reading.
_SILENT = ("script", "style", "template", "noscript", "head")

Read = tuple[str, dict[str, Any]]


def work(source: Path, name: str, target: Path, _operation: dict[str, Any]) -> dict[str, Any]:
    kind = kind_of(source, name)
    text, more = _READERS[kind](source)
    if kind != "plain" and not text.strip():
        raise Refused("no_text", "There is no text in the file; pictures of text are not read.")
    target.write_text(text.encode("utf-8", "replace").decode(), "utf-8", newline="\n")
    return {"kind": kind, "characters": len(text), **more}


def _pdf(source: Path) -> Read:
    from pypdf import PdfReader  # noqa: PLC0415 - only who has a PDF pays for it

    try:
        return _pages(PdfReader(source))
    except (Refused, MemoryError):
        raise
    except Exception as error:
        raise Refused("broken_pdf", "The PDF is damaged, or uses what cannot be read here.") from error


def _pages(reader: "PdfReader") -> Read:
    if reader.is_encrypted and not reader.decrypt(""):
        raise Refused("encrypted", "The PDF asks for a password.")
    if len(reader.pages) > _PAGES:
        raise Refused("too_large", f"The PDF has more than {_PAGES:,} pages.")
    pages = [page.extract_text().strip() for page in reader.pages]
    return "\n\n".join(pages) + "\n", {"pages": len(pages)}


def _docx(source: Path) -> Read:
    from docx import Document  # noqa: PLC0415 - only who has a DOCX pays for it

    try:
        with source.open("rb") as file:
            blocks = list(_blocks(Document(file)))
    except MemoryError:
        raise
    except Exception as error:
        raise Refused("broken_docx", "The document is damaged, or uses what cannot be read here.") from error
    return "\n".join(blocks) + "\n", {}


def _blocks(document: "Document") -> Iterator[str]:
    """Paragraphs, and rows of tables, in the order in which they stand."""
    from docx.table import Table  # noqa: PLC0415 - it is loaded by now

    for block in document.iter_inner_content():
        if isinstance(block, Table):
            yield from _rows(block)
        else:
            yield block.text


def _rows(table: "Table") -> Iterator[str]:
    return ("\t".join(cell.text.strip() for cell in row.cells) for row in table.rows)


def _html(source: Path) -> Read:
    from bs4 import BeautifulSoup  # noqa: PLC0415 - only who has a page pays for it

    data = _small(source)
    #: A byte order mark or UTF-8 beats what the page says of itself; the page beats a guess.
    sure = by_mark(data) or ("utf-8" if is_utf8(data) else None)
    try:
        page = BeautifulSoup(data, "lxml", from_encoding=sure)
        title = page.title.get_text(" ", strip=True) if page.title else ""
        for part in page(_SILENT):
            part.decompose()
        text = page.get_text("\n", strip=True)
    except RecursionError as error:
        raise Refused("broken_html", "The page is nested too deeply.") from error
    return (f"{title}\n\n{text}\n" if title else f"{text}\n" if text else ""), {}


def _plain(source: Path) -> Read:
    data = _small(source)
    codec = detect(data[:SAMPLE_BYTES], data)
    text = data.decode(codec, "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n"), {"encoding": codec}


def _small(source: Path) -> bytes:
    if source.stat().st_size > _PLAIN_BYTES:
        raise Refused("too_large", f"The text is larger than {_PLAIN_BYTES >> 20} MiB.")
    return source.read_bytes()


_READERS: dict[str, Callable[[Path], Read]] = {"pdf": _pdf, "docx": _docx, "html": _html, "plain": _plain}
