"""Tables as Markdown that can be read as it is, and where in a page they go."""

import unicodedata
from collections.abc import Sequence
from pathlib import Path


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """A table whose first row is its head, with columns that stand under each other."""
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    ruled = [rows[0], ["-" * width for width in widths], *rows[1:]]
    lines = (" | ".join(_padded(cell, width) for cell, width in zip(row, widths, strict=True)) for row in ruled)
    return "\n".join(f"| {line} |" for line in lines)


def _padded(cell: str, width: int) -> str:
    return cell + " " * (width - _width(cell))


def _width(text: str) -> int:
    """Columns of a terminal: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text)


def put(page: Path, text: str, begin: str, end: str) -> None:
    """Puts *text* between the marks *begin* and *end* of *page*; what stands around them stays."""
    before, mark, rest = page.read_text("utf-8").partition(begin) if page.exists() else ("", begin, end)
    _, mark_of_end, after = rest.partition(end)
    if not (mark and mark_of_end):
        raise SystemExit(f"{page.name} has lost the marks between which the tables go")
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(f"{before}{begin}\n\n{text}\n{end}{after or chr(10)}", "utf-8")
