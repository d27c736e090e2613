"""A page in HTML, paragraph by paragraph, as it is seen."""

from collections.abc import Iterator

from bs4 import BeautifulSoup

from worker.catalogue.documents.pieces import Piece, Unreadable
from worker.catalogue.texts.encodings import is_utf8
from worker.catalogue.texts.marks import by_mark

#: What is in a page and not for reading; its title is, and is taken out before.
_SILENT = ("script", "style", "template", "noscript", "head")
_BLOCKS = ("p", "li", "h1", "h2", "h3", "h4", "h5", "h6", "tr", "pre", "blockquote", "dt", "dd", "div")
#: Stands behind each block: one paragraph ends there.
_END = "\n\n"


def paragraphs(data: bytes) -> Iterator[Piece]:
    """Paragraphs, one piece of text in them a line; the page's title and an empty line stand before the first."""
    try:
        page = BeautifulSoup(data, "lxml", from_encoding=_sure(data))
        title = page.title.get_text(" ", strip=True) if page.title else ""
        texts = list(_texts(page))
    except RecursionError as error:
        raise Unreadable("broken_html", "The page is nested too deeply.") from error
    if title:
        texts[:1] = ["\n\n".join([title, *texts[:1]])]
    for number, text in enumerate(texts, 1):
        yield Piece(unit="paragraph", first=number, last=number, text=text)


def _sure(data: bytes) -> str | None:
    """A byte order mark or UTF-8 beats what the page says of itself; the page beats a guess."""
    return by_mark(data) or ("utf-8" if is_utf8(data) else None)


def _texts(page: BeautifulSoup) -> Iterator[str]:
    for part in page(_SILENT):
        part.decompose()
    for block in page(_BLOCKS):
        block.append(_END)
    held = list[str]()
    for text in (*page.strings, _END):
        if text.strip():
            held.append(text.strip())
        elif text == _END and held:
            yield "\n".join(held)
            held = []
