"""What a file is that text is to be taken from: by its bytes, and by what it is called where those say little."""

import re
from pathlib import Path

from worker.catalogue.documents.package import package
from worker.catalogue.files import limits, naming
from worker.catalogue.files.refused import Refused
from worker.catalogue.texts.marks import by_mark

#: A file with such an ending is meant for this; any other is taken where its bytes say that it fits.
_ENDINGS = {
    ".pdf": "pdf", ".docx": "docx", ".html": "html", ".htm": "html", ".xhtml": "html",
    ".txt": "plain", ".text": "plain", ".md": "plain", ".rst": "plain", ".csv": "plain", ".tsv": "plain",
    ".log": "plain", ".json": "plain", ".xml": "plain", ".yaml": "plain", ".yml": "plain",
}  # fmt: skip
_START = 4096
_HTML = re.compile(rb"\s*(<\?xml[^>]*>\s*)?<(!doctype\s+html|html|head|body)\b", re.IGNORECASE)
#: What no text has in it but one in UTF-16 or UTF-32, which has a mark.
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
#: What a DOCX may be once unpacked: it is read into memory whole.
_DOCX_BYTES = 256 * limits.MIB


def kind_of(source: Path, name: str) -> str:
    """pdf, docx, html or plain; Refused where the file is nothing that has text, or not what it is called."""
    with source.open("rb") as file:
        start = file.read(_START)
    ending = naming.suffix_of(name)
    called, found = _ENDINGS.get(ending), _found(start, source)
    if called is None and found is None:
        raise Refused("not_a_text", "The file is none that text is taken from.", skipped=True)
    if called is None or called == found:
        return str(called or found)
    #: A page may begin with anything, and its source is text as well.
    if {called, found} == {"plain", "html"}:
        return called
    raise Refused(f"broken_{called}", f"The file is called {ending} and is none, or is damaged.")


def _found(start: bytes, source: Path) -> str | None:
    if b"%PDF-" in start[:1024]:
        return "pdf"
    if start.startswith(b"PK\x03\x04"):
        return "docx" if _is_docx(source) else None
    if _HTML.match(start):
        return "html"
    return "plain" if by_mark(start) or not _BINARY.search(start) else None


def _is_docx(source: Path) -> bool:
    """Whether the zip is a document; Refused where it would unfold to more than a document ever does."""
    with source.open("rb") as file:
        found = package(file)
    if found and found.size > _DOCX_BYTES:
        raise Refused("bomb", f"The file unfolds to more than {_DOCX_BYTES >> 20} MiB.")
    return found is not None and found.is_document
