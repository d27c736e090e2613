"""A table that is never in memory whole: its columns lie in files, a few are loaded at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import polars as pl
from polars.exceptions import PanicException, PolarsError

from worker.catalogue.tables.limits import GROUP_CELLS, MAX_CELL_CHARS
from worker.outcomes import JobFailed

#: The column of the raw parts that says on which line of the file a row ends.
LINE = "line"


class Kind(StrEnum):
    """What a column holds."""

    #: A quantity: it has a mean, a trend, anomalies.
    NUMBER = "number"
    #: A day or a moment.
    DATE = "date"
    #: A part of a date as a number: year, month, day, hour, week.
    CALENDAR = "calendar part"
    #: A time of day written as a number: 517 is 05:17.
    CLOCK = "time of day"
    #: Few different values.
    CATEGORY = "category"
    #: A key: nearly every row has its own, or its digits are no quantity.
    IDENTIFIER = "identifier"
    #: Anything written.
    TEXT = "text"
    #: No value at all.
    EMPTY = "empty"
    #: Lists, structures, bytes: not looked at.
    NESTED = "nested"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: its name, its kind and how its cells were read."""

    key: str
    name: str
    kind: Kind
    missing: int = 0
    #: Spelling of a missing value → how often; "" is the empty cell.
    spellings: dict[str, int] = field(default_factory=dict)
    #: Cells that do not fit the kind and count as missing, with examples.
    unreadable: int = 0
    examples: tuple[str, ...] = ()
    #: "%", a currency, or "".
    unit: str = ""
    #: The column holds whole numbers only, or days without a time.
    whole: bool = False
    #: How the cells were understood, where that was a choice.
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawTable:
    """The cells as they were read, in Parquet parts."""

    parts: tuple[Path, ...]
    names: tuple[str, ...]
    rows: int
    #: What the parts call each column; differs from the keys only for an uploaded Parquet file.
    stored: tuple[str, ...]
    #: The parts have a column `line`.
    numbered: bool = True
    #: What the parts call the column that names the file of a row; "" where all are of one.
    origin: str = ""

    def groups(self) -> Iterator[list[int]]:
        """Yield column numbers in groups that are small enough to be loaded together."""
        size = max(1, GROUP_CELLS // max(self.rows, 1))
        numbers = list(range(len(self.names)))
        for start in range(0, len(numbers), size):
            yield numbers[start : start + size]

    def frame(self, numbers: Sequence[int]) -> pl.DataFrame:
        """Load some columns, under their keys."""
        wanted = [pl.col(self.stored[n]).alias(f"c{n}") for n in numbers]
        cut = [] if self.numbered else [pl.col(pl.String).str.head(MAX_CELL_CHARS)]
        try:
            return pl.scan_parquet(list(self.parts), glob=False).select(wanted).with_columns(cut).collect()
        except (PolarsError, PanicException) as broken:
            raise JobFailed("broken_parquet", "The Parquet file is damaged or cannot be read.") from broken

    def lines(self, rows: Sequence[int]) -> list[int]:
        """Line of the file on which each of these rows (counted from 0) ends; row + 1 for a Parquet file."""
        if not self.numbered or not rows:
            return [row + 1 for row in rows]
        column = pl.scan_parquet(list(self.parts), glob=False).select(LINE).collect()[LINE]
        return [int(line) for line in column.gather(list(rows))]

    def origins(self, rows: Sequence[int]) -> list[str]:
        """The file that each of these rows is from; "" where there is but one."""
        if not self.origin or not rows:
            return [""] * len(rows)
        column = pl.scan_parquet(list(self.parts), glob=False).select(self.origin).collect()[self.origin]
        return [str(name) for name in column.gather(list(rows))]


@dataclass(slots=True, kw_only=True)
class Table:
    """The typed columns, one file each."""

    folder: Path
    rows: int
    raw: RawTable
    columns: list[Column] = field(default_factory=list)

    def put(self, column: Column, series: pl.Series) -> None:
        """Add a column and keep its values."""
        self.columns.append(column)
        if column.kind not in (Kind.EMPTY, Kind.NESTED):
            series.alias(column.key).to_frame().write_parquet(self._file(column.key), compression="lz4")

    def series(self, column: Column) -> pl.Series:
        """Load one column's values."""
        return pl.read_parquet(self._file(column.key), memory_map=False, glob=False)[column.key]

    def of(self, *kinds: Kind) -> list[Column]:
        """Columns of these kinds, in the file's order."""
        return [column for column in self.columns if column.kind in kinds]

    def _file(self, key: str) -> Path:
        return self.folder / f"{key}.parquet"
