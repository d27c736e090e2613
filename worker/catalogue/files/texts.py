"""Text out of PDF, DOCX, HTML and plain text."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from worker.catalogue.documents.pieces import Piece, Unreadable
from worker.catalogue.files import limits
from worker.catalogue.files.kinds import kind_of
from worker.catalogue.files.refused import Refused
from worker.catalogue.texts.encodings import detect
from worker.catalogue.texts.limits import SAMPLE_BYTES

_PAGES = 5_000
_PLAIN_BYTES = 256 * limits.MIB

Read = tuple[str, dict[str, Any]]


def work(source: Path, name: str, target: Path, _operation: dict[str, Any]) -> dict[str, Any]:
    kind = kind_of(source, name)
    try:
        text, more = _READERS[kind](source)
    except Unreadable as why:
        raise Refused(why.code, why.message) from why
    if kind != "plain" and not text.strip():
        raise Refused("no_text", "There is no text in the file; pictures of text are not read.")
    target.write_text(text.encode("utf-8", "replace").decode(), "utf-8", newline="\n")
    return {"kind": kind, "characters": len(text), **more}


def _pdf(source: Path) -> Read:
    from worker.catalogue.documents import pdf  # noqa: PLC0415 - only who has a PDF pays for it

    with source.open("rb") as file:
        pages = [page.text for page in pdf.pages(file, _PAGES)]
    return "\n\n".join(pages) + "\n", {"pages": len(pages)}


def _docx(source: Path) -> Read:
    from worker.catalogue.documents import word  # noqa: PLC0415 - only who has a DOCX pays for it

    with source.open("rb") as file:
        return _together(word.paragraphs(file, "\t")), {}


def _html(source: Path) -> Read:
    from worker.catalogue.documents import markup  # noqa: PLC0415 - only who has a page pays for it

    return _together(markup.paragraphs(_small(source))), {}


def _together(pieces: Iterable[Piece]) -> str:
    return "".join(f"{piece.text}\n" for piece in pieces)


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
