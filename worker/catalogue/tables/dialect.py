"""How a text becomes rows: the delimiter, how wide the table is, and which row names the columns."""

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice

from worker.catalogue.tables.limits import MAX_COLUMNS
from worker.catalogue.tables.source import not_a_table
from worker.catalogue.wording.words import shown
from worker.outcomes import JobFailed

_DELIMITERS = ",;\t|"
#: Stands in no text: with it a line is one cell, and quotes still work.
NO_DELIMITER = "\x1f"
_SPOKEN = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar", "": "none (one column)"}
_HINT = re.compile(r"^\ufeff?\"?sep=(.)\"?\r?\n", re.IGNORECASE)
_NUMERIC = re.compile(r"[+\-−(]?[$€£¥￥]?\s?[\d.,'\s]*\d[\d.,'\s]*%?\)?")
_YEAR = re.compile(r"(19|20)\d\d")
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([ T].*)?")
_SAMPLE_ROWS = 500
#: Shares of the rows: that a delimiter must split alike, that none must split for one column to be meant.
_CONSISTENT, _MOSTLY = 0.5, 0.6
_LONG_CELL = 100
_TITLES = 5
_WIDE = 3
_FEW = 2
_NAME_CHARS = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """The shape of a text table."""

    delimiter: str
    width: int
    names: tuple[str, ...]
    #: Rows before the first row of data: titles, blank lines and the header.
    skip: int
    #: The first row is data; the names are made up.
    headless: bool
    #: Names that were empty or stood twice, and were made up.
    renamed: int
    #: What is written above the header.
    titles: tuple[str, ...] = ()

    @property
    def spoken(self) -> str:
        """The delimiter in words."""
        return _SPOKEN[self.delimiter]


def sniff(sample: str, *, whole: bool) -> Dialect:
    """Find the shape from the beginning of the text; `whole` when that is all of it."""
    hint = _HINT.match(sample)
    candidates = [hint.group(1)] if hint and hint.group(1) in _DELIMITERS else _DELIMITERS
    sample = sample[hint.end() :] if hint else sample
    text = sample if whole else sample[: max(sample.rfind("\n"), sample.rfind("\r")) + 1] or sample
    parsed = {delimiter: _rows(text, delimiter) for delimiter in candidates}
    delimiter = max(parsed, key=lambda one: _consistency(parsed[one]))
    share, width = _consistency(parsed[delimiter])
    if share < _CONSISTENT and _unsplit(list(parsed.values())) > _MOSTLY:
        return _one_column(_rows(text, ""))
    if share < _CONSISTENT:
        raise not_a_table("No delimiter splits the lines of the file into the same number of columns.")
    found = _shape(parsed[delimiter], delimiter, width)
    return replace(found, skip=found.skip + 1) if hint else found


def _rows(text: str, delimiter: str) -> list[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter or NO_DELIMITER)
    rows: list[list[str]] = []
    with suppress(csv.Error):  # a quote that never ends: what came before it tells the shape
        rows.extend(islice(reader, _SAMPLE_ROWS))
    return rows


def _consistency(rows: Sequence[list[str]]) -> tuple[float, int]:
    """Say which share of the rows has the commonest width, and that width; more than one column is a must."""
    widths = Counter(len(row) for row in rows if any(row))
    wide = [(many, width) for width, many in widths.items() if width > 1]
    if not wide:
        return 0.0, 1
    many, width = max(wide)
    return round(many / sum(widths.values()), 2), width


def _unsplit(parsed: Sequence[list[list[str]]]) -> float:
    """Say which share of the rows no delimiter splits."""
    split = [max((len(row) for row in rows), default=0) for rows in zip(*parsed, strict=False)]
    return sum(1 for width in split if width <= 1) / max(len(split), 1)


def _one_column(rows: list[list[str]]) -> Dialect:
    cells = [row[0] for row in rows if any(row)]
    if not cells or sum(map(len, cells)) / len(cells) > _LONG_CELL or any(len(row) > 1 for row in rows):
        raise not_a_table("No delimiter splits the lines of the file into columns.")
    return _shape(rows, "", 1)


def _shape(rows: list[list[str]], delimiter: str, width: int) -> Dialect:
    if width > MAX_COLUMNS:
        raise JobFailed("too_many_columns", f"The table has {width:,} columns; a report takes {MAX_COLUMNS:,} at most.")
    first = _below_titles(rows, next((i for i, row in enumerate(rows) if len(row) == width and any(row)), 0), width)
    header = rows[first]
    headless = is_data(header, rows[first + 1 :])
    cells = [""] * width if headless else header
    names, renamed = unique_names(cells)
    return Dialect(
        delimiter=delimiter,
        width=width,
        names=names,
        skip=first if headless else first + 1,
        headless=headless,
        renamed=0 if headless else renamed,
        titles=tuple(title for row in rows[:first] if (title := shown(" ".join(filter(None, row)), _LONG_CELL)))[
            :_TITLES
        ],
    )


def _below_titles(rows: list[list[str]], first: int, width: int) -> int:
    """Go past titles that commas pad to the table's width: lone cells above a row that names every column."""
    place = first
    while place < len(rows) and (len(rows[place]) != width or sum(map(bool, rows[place])) <= 1):
        place += 1
    full = place < len(rows) and width >= _WIDE and all(cell.strip() for cell in rows[place])
    return place if full and not any(map(look, rows[place])) else first


def is_data(row: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Tell data from a header: a number or a date, with more of the same below it."""
    kinds = [look(cell) for cell in row]
    if not any(kinds) or _counts_up([cell for cell, kind in zip(row, kinds, strict=True) if kind]):
        return False
    same_width = [other for other in below if len(other) == len(row)][:20]
    for index, kind in enumerate(kinds):
        column = [look(other[index]) for other in same_width if other[index].strip()]
        if kind and (not column or column.count(kind) > len(column) / 2):
            return True
    return False


def look(cell: str) -> str:
    """Say what a cell looks like: a date, a number (but no year), or nothing of either."""
    text = cell.strip()
    if _DATE.fullmatch(text):
        return "date"
    return "number" if _NUMERIC.fullmatch(text) and not _YEAR.fullmatch(text) else ""


def _counts_up(cells: Sequence[str]) -> bool:
    """Find names such as 1, 2, 3, …: months and weeks are often headed so."""
    return (
        len(cells) > _FEW
        and cells[0].isdecimal()
        and list(cells) == [str(int(cells[0]) + n) for n in range(len(cells))]
    )


def unique_names(cells: Sequence[str]) -> tuple[tuple[str, ...], int]:
    """Give every column a name of its own; also says how many had to be made up."""
    names: list[str] = []
    seen: dict[str, int] = {}
    renamed = 0
    for index, cell in enumerate(cells):
        wanted = shown(cell, _NAME_CHARS) or f"column {index + 1}"
        name = wanted
        while name in seen:
            seen[wanted] += 1
            name = f"{wanted} ({seen[wanted]})"
        seen[name] = 1
        names.append(name)
        renamed += name != shown(cell, _NAME_CHARS)
    return tuple(names), renamed
