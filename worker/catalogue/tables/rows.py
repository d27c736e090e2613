"""Rows of the right width, in batches; the others counted and remembered."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from worker.catalogue.tables.dialect import NO_DELIMITER, Dialect
from worker.catalogue.tables.limits import BAD_ROWS_SHOWN, BATCH_CELLS, BATCH_CHARS
from worker.catalogue.wording.tongue import say
from worker.catalogue.wording.words import count, listing, shown

#: One row's cells; the last one is the number of the line on which it ends.
Row = list[str | int]


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRow:
    """A row that does not fit the table."""

    line: int
    #: Fields it has; None where it could not be split.
    fields: int | None
    text: str


@dataclass(slots=True)
class BadRows:
    """Rows that were left out: all counted, the first ones kept to be shown."""

    count: int = 0
    shown: list[BadRow] = field(default_factory=list)
    widths: dict[int, int] = field(default_factory=dict)

    def add(self, line: int, cells: list[str] | None) -> None:
        """Count a row that was left out."""
        self.count += 1
        width = None if cells is None else len(cells)
        if width is not None and (width in self.widths or len(self.widths) < BAD_ROWS_SHOWN):
            self.widths[width] = self.widths.get(width, 0) + 1
        if len(self.shown) < BAD_ROWS_SHOWN:
            text = say("a quoted cell that does not end") if cells is None else " · ".join(cells[:20])
            self.shown.append(BadRow(line=line, fields=width, text=shown(text)))

    def refuse(self, line: int, text: str) -> None:
        """Count something that is no row at all."""
        self.count += 1
        if len(self.shown) < BAD_ROWS_SHOWN:
            self.shown.append(BadRow(line=line, fields=None, text=shown(text)))

    def told(self, width: int) -> str:
        """Say what was wrong with them."""
        common = sorted(self.widths.items(), key=lambda item: -item[1])
        kinds = [say("{many:,} with {fields}", many=many, fields=count(fields, "field")) for fields, many in common]
        broken = self.count - sum(self.widths.values())
        kinds += [say("{many:,} that could not be split", many=broken)] if broken else []
        return say(
            "{rows} {verb} left out, since the table has {columns}: {kinds}.",
            rows=count(self.count, "row"),
            verb=say("was") if self.count == 1 else say("were"),
            columns=count(width, "column"),
            kinds=listing(kinds),
        )


class Reader(Protocol):
    """What csv.reader returns."""

    line_num: int

    def __iter__(self) -> Iterator[list[str]]: ...


class Lines:
    """Lines on their way to the reader, counted by their characters."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self.chars = 0
        #: Lines with a byte that the encoding does not know.
        self.undecodable = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.chars += len(line)
        self.undecodable += "\ufffd" in line
        return line


def batches(lines: Lines, dialect: Dialect, bad: BadRows) -> Iterator[list[Row]]:
    """Yield the rows that have the table's width, a bounded number at a time."""
    rows: list[Row] = []
    most, end = max(1, BATCH_CELLS // dialect.width), BATCH_CHARS
    for row in _fitting(lines, dialect, bad):
        rows.append(row)
        if len(rows) >= most or lines.chars >= end:
            yield rows
            rows, end = [], lines.chars + BATCH_CHARS
    if rows:
        yield rows


def _fitting(lines: Lines, dialect: Dialect, bad: BadRows) -> Iterator[Row]:
    reader = csv.reader(lines, delimiter=dialect.delimiter or NO_DELIMITER)
    for position, (line, cells) in enumerate(_survived(reader)):
        if position < dialect.skip:
            continue
        whole = cells is None or (len(cells) == dialect.width and any(cells))
        fitting = cells if whole else _mended(cells or [], dialect.width)
        if fitting:
            row: Row = [*fitting, line]
            yield row
        elif fitting is None:
            bad.add(line, cells)


def _survived(reader: Reader) -> Iterator[tuple[int, list[str] | None]]:
    """Every row with its line; None for a cell past the reader's limit: a quote that never ends."""
    while True:
        try:
            for row in reader:
                yield reader.line_num, row
        except csv.Error:
            yield reader.line_num, None
        else:
            return


def _mended(cells: list[str], width: int) -> list[str] | None:
    """Drop empty cells past the end; an empty line is nothing (an empty list), the rest is bad (None)."""
    if not any(cells):
        return []
    if len(cells) > width and not any(cells[width:]):
        return cells[:width]
    return None
