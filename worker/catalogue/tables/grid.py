"""A grid of cells as people lay it out: titles above the table, a header of one or two rows, notes below it."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from worker.catalogue.tables.dialect import is_data, look

_TOP_ROWS = 60
_FILLED = 0.6
_WIDE = 3
_MOST_TITLES = 5
_YEAR_OR_QUARTER = re.compile(r"(?:19|20)\d\d(?:\.0)?")

Cells = Sequence[str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where the table stands in its grid."""

    #: Names of the columns; "" where the header has none.
    names: tuple[str, ...]
    #: Number of the first row of data.
    begin: int
    #: What is written above the header.
    titles: tuple[str, ...]
    headless: bool


def layout_of(top: Sequence[Cells]) -> Layout | None:
    """Find the table in the first rows of a grid; None where no row is a header and none is data."""
    rows = [[(cell or "").strip() for cell in row] for row in top[:_TOP_ROWS]]
    usual = _usual_width(rows)
    full = [n for n, row in enumerate(rows) if sum(map(bool, row)) >= max(1, _FILLED * usual)]
    if not full:
        return None
    first = next((n for n, after in pairwise(full) if not _is_title(rows[n], rows[after])), full[-1])
    below = rows[first + 1 :]
    if is_data(rows[first], below):
        return Layout(names=("",) * len(rows[first]), begin=first, titles=_titles(rows[:first]), headless=True)
    last = first + 1 if _has_second(rows[first], below) else first
    names = tuple(_joined(column) for column in zip(*rows[first : last + 1], strict=True))
    return Layout(names=names, begin=last + 1, titles=_titles(rows[:first]), headless=False)


def _usual_width(rows: Sequence[Sequence[str]]) -> int:
    widths = Counter(filled for row in rows if (filled := sum(map(bool, row))) > 1)
    if not widths:
        return 1
    most = max(widths.values())
    return max(width for width, many in widths.items() if many >= most / 2)


def _is_title(row: Sequence[str], after: Sequence[str]) -> bool:
    """Tell a title that is merged over the whole width: it says the same in every cell, and names stand below it."""
    filled = [cell for cell in row if cell]
    return len(filled) > 1 and len(set(filled)) == 1 and not look(filled[0]) and not any(map(look, after))


def _has_second(first: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Tell a header of two rows: the first one names groups, the second what is in them."""
    if len(below) < 2:  # noqa: PLR2004 - then the second row is all the data there is
        return False
    named = [cell for cell in first if cell]
    groups = len(set(named)) < len(named) or len(named) < len(first)
    second = below[0]
    words = all(not look(cell) or _YEAR_OR_QUARTER.fullmatch(cell) for cell in second)
    fuller = sum(map(bool, second)) > 1 and all(a or b for a, b in zip(first, second, strict=True))
    return groups and words and fuller and any(map(look, below[1]))


def _joined(parts: Sequence[str]) -> str:
    return " ".join(
        dict.fromkeys(part.removesuffix(".0") if _YEAR_OR_QUARTER.fullmatch(part) else part for part in parts if part)
    )


def _titles(rows: Sequence[Sequence[str]]) -> tuple[str, ...]:
    told = [" ".join(dict.fromkeys(cell for cell in row if cell)) for row in rows]
    return tuple(title for title in told if title)[:_MOST_TITLES]


def notes_below(filled: Sequence[int], width: int) -> int:
    """How many of the last rows are notes below the table; *filled* says how many cells each row has."""
    if width < _WIDE:
        return 0
    notes = 0
    for many in reversed(filled):
        if many > 1:
            break
        notes += 1
    return notes if notes < len(filled) else 0
