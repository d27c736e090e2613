"""Profile the columns: what each holds, how much of it is missing, and how its values are spread."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import polars as pl

from worker.catalogue.tables.distinct import commonest, distinct_values
from worker.catalogue.tables.kinds import understand
from worker.catalogue.tables.share import Counts
from worker.catalogue.tables.spread import Bars, Spread, histogram, spread_of
from worker.catalogue.tables.table import Column, Kind, RawTable, Table
from worker.catalogue.wording.words import shown
from worker.context import Context

_TOP = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What is known of one column."""

    column: Column
    rows: int
    distinct: int
    spread: Spread | None = None
    bars: Bars | None = None
    first: datetime | None = None
    last: datetime | None = None
    #: Commonest values with their counts.
    top: tuple[tuple[str, int], ...] = ()
    shortest: int | None = None
    longest: int | None = None

    @property
    def present(self) -> int:
        """Rows with a value."""
        return self.rows - self.column.missing - self.column.unreadable

    @property
    def missing_share(self) -> float:
        """Share of the rows without a value that could be read."""
        return 1 - self.present / self.rows


@dataclass(slots=True)
class Profiles:
    """The profile of every column, and how many rows stand in the table twice."""

    columns: list[Profile] = field(default_factory=list)
    duplicate_rows: int = 0
    #: Keys of the measures that were asked for; all where it is empty.
    chosen: tuple[str, ...] = ()


def profile_columns(
    ctx: Context, step: Counts, raw: RawTable, folder: Path, *, comma_likely: bool
) -> tuple[Table, Profiles]:
    """Type and profile all columns, a few in memory at a time."""
    table, profiles = Table(folder=folder, rows=raw.rows, raw=raw), Profiles()
    hashes = pl.repeat(0, raw.rows, dtype=pl.UInt64, eager=True)
    for numbers in raw.groups():
        frame = raw.frame(numbers)
        hashes = frame.with_columns(hashes.alias("hash so far")).hash_rows(seed=7)
        for number in numbers:
            _add(table, profiles, frame.get_column(f"c{number}"), raw.names[number], comma_likely=comma_likely)
            done, total = len(table.columns), len(raw.names)
            step.progress(done=done, total=total, unit="columns", message=table.columns[-1].name)
            ctx.raise_if_cancelled()
    profiles.duplicate_rows = raw.rows - hashes.n_unique()
    return table, profiles


def _add(table: Table, profiles: Profiles, cells: pl.Series, name: str, *, comma_likely: bool) -> None:
    column, values = understand(cells, cells.name, name, comma_likely=comma_likely)
    table.put(column, values)
    profiles.columns.append(profile_of(column, values))


def profile_of(column: Column, values: pl.Series) -> Profile:
    """Profile one column's values."""
    match column.kind:
        case Kind.EMPTY | Kind.NESTED:
            return Profile(column=column, rows=len(values), distinct=0)
        case Kind.DATE:
            return _moments(column, values)
        case Kind.CATEGORY | Kind.TEXT:
            return _words(column, values)
        case Kind.NUMBER | Kind.CALENDAR | Kind.CLOCK | Kind.IDENTIFIER:
            return _numbers(column, values) if values.dtype == pl.Float64 else _words(column, values)


def _moments(column: Column, values: pl.Series) -> Profile:
    found = values.drop_nulls()
    first, last = found.min(), found.max()
    return Profile(
        column=column,
        rows=len(values),
        distinct=distinct_values(found),
        first=first if isinstance(first, datetime) else None,
        last=last if isinstance(last, datetime) else None,
        top=tuple((str(value), many) for value, many in commonest(found, _TOP)),
    )


def _words(column: Column, values: pl.Series) -> Profile:
    found = values.drop_nulls()
    lengths = found.str.len_chars()
    shortest, longest = lengths.min(), lengths.max()
    return Profile(
        column=column,
        rows=len(values),
        distinct=distinct_values(found),
        top=tuple((shown(value), many) for value, many in commonest(found, _TOP)),
        shortest=shortest if isinstance(shortest, int) else None,
        longest=longest if isinstance(longest, int) else None,
    )


def _numbers(column: Column, values: pl.Series) -> Profile:
    found = values.drop_nulls()
    spread = spread_of(found)
    distinct = found.n_unique()
    few = distinct <= _TOP
    return Profile(
        column=column,
        rows=len(values),
        distinct=distinct,
        spread=spread,
        bars=histogram(found, spread),
        top=tuple((f"{value:g}", many) for value, many in commonest(found, _TOP)) if few else (),
    )
