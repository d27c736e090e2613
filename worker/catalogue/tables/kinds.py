"""What kind of thing a column holds, found from its cells and its name, and its values as that kind."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace

import polars as pl
from polars.exceptions import PolarsError

from worker.catalogue.tables import dates, numbers
from worker.catalogue.tables.digits import digits_kind
from worker.catalogue.tables.distinct import distinct_values
from worker.catalogue.tables.missing import without_missing
from worker.catalogue.tables.table import Column, Kind
from worker.catalogue.wording.tongue import say
from worker.catalogue.wording.words import shown

_SAMPLE = 3_000
#: Rows of a column that are read in one go.
_PIECE = 500_000
#: A column is of a kind when at least this share of its cells can be read so.
_CLEARLY = 0.95
_MAX_EXAMPLES = 5
_MAX_EXACT = 2**53
_MANY_ROWS = 20


def understand(cells: pl.Series, key: str, name: str, *, comma_likely: bool) -> tuple[Column, pl.Series]:
    """Find the kind of a column and read its cells; `comma_likely` tells that a comma is rather a decimal sign."""
    if cells.dtype == pl.String:
        present, spellings = _without_missing(cells)
        column = Column(key=key, name=name, kind=Kind.EMPTY, missing=present.null_count(), spellings=spellings)
        if column.missing == len(cells):
            return column, present
        return _written(column, present, comma_likely=comma_likely)
    return _typed(Column(key=key, name=name, kind=Kind.EMPTY), cells)


def _without_missing(cells: pl.Series) -> tuple[pl.Series, dict[str, int]]:
    pieces = [without_missing(piece) for piece in _pieces(cells)]
    spellings: Counter[str] = Counter()
    for _, found in pieces:
        spellings.update(found)
    return pl.concat([piece for piece, _ in pieces], rechunk=False), dict(spellings.most_common())


def _pieces(cells: pl.Series) -> Iterator[pl.Series]:
    """Cut a long column, so that what reading it needs beside itself stays small."""
    for start in range(0, max(len(cells), 1), _PIECE):
        yield cells.slice(start, _PIECE)


def _parsed(present: pl.Series, parse: Callable[[pl.Series], pl.Series]) -> pl.Series:
    return pl.concat([parse(piece) for piece in _pieces(present)], rechunk=True)


def _sample(present: pl.Series) -> list[str]:
    values = present.drop_nulls()
    step = max(1, len(values) // _SAMPLE)
    return list(values.gather_every(step).head(_SAMPLE))


def _written(column: Column, present: pl.Series, *, comma_likely: bool) -> tuple[Column, pl.Series]:
    sample = _sample(present)
    form = dates.guess_format(sample, column.name, day_first=comma_likely)
    if form:
        moments = _parsed(present, lambda piece: dates.parse(piece, form))
        if _mostly(moments, present):
            return _checked(_date(column, moments, form.note), present, moments)
    style = numbers.guess_style(sample, comma_likely=comma_likely)
    if style:
        values = _parsed(present, lambda piece: numbers.parse(piece, style))
        if _mostly(values, present):
            measured = _measured(replace(column, unit=style.unit, note=style.note and say(style.note)), values)
            return _checked(measured, present, values)
    return _worded(column, present)


def _mostly(values: pl.Series, present: pl.Series) -> bool:
    return values.len() - values.null_count() >= _CLEARLY * (present.len() - present.null_count())


def _checked(column: Column, present: pl.Series, values: pl.Series) -> tuple[Column, pl.Series]:
    """Count the cells that hold something which is no value of the column's kind."""
    odd = present.filter(values.is_null() & present.is_not_null())
    examples = tuple(shown(cell, 30) for cell in odd.unique(maintain_order=True).head(_MAX_EXAMPLES))
    return replace(column, unreadable=len(odd), examples=examples), values


def _date(column: Column, moments: pl.Series, note: str = "") -> Column:
    whole = bool((moments.drop_nulls().dt.truncate("1d") == moments.drop_nulls()).all())
    return replace(
        column, kind=Kind.DATE, whole=whole, note=note and say("dates were read with the {order}", order=say(note))
    )


def _measured(column: Column, values: pl.Series) -> Column:
    """Tell quantities from the other things that are written in digits."""
    found = values.drop_nulls()
    whole = bool(((found.floor() == found) & (found.abs() < _MAX_EXACT)).all())
    kind = digits_kind(column.name, found) if whole and not column.unit else Kind.NUMBER
    return replace(column, kind=kind, whole=whole)


def _worded(column: Column, present: pl.Series) -> tuple[Column, pl.Series]:
    found = present.len() - present.null_count()
    distinct = distinct_values(present.drop_nulls())
    few = distinct <= 50 or (distinct <= 1000 and distinct <= found / 20)  # noqa: PLR2004 - can be listed
    if few and not (distinct == found > _MANY_ROWS):
        return replace(column, kind=Kind.CATEGORY), present
    brief = (present.str.len_chars().mean() or 0) <= 40  # type: ignore[operator]  # noqa: PLR2004 - a key is short
    return replace(column, kind=Kind.IDENTIFIER if distinct >= _CLEARLY * found and brief else Kind.TEXT), present


def _typed(column: Column, cells: pl.Series) -> tuple[Column, pl.Series]:
    """Take a Parquet column, whose type is known."""
    dtype = cells.dtype
    if dtype.is_numeric():
        values = numbers.computable(cells.cast(pl.Float64, strict=False))
        column = replace(column, missing=values.null_count())
        return (column, values) if column.missing == len(values) else (_measured(column, values), values)
    if dtype in (pl.Date, pl.Datetime):
        moments = _naive(cells)
        column = replace(column, missing=moments.null_count())
        return (column, moments) if column.missing == len(moments) else (_date(column, moments), moments)
    if dtype == pl.Duration:
        seconds = cells.dt.total_microseconds().cast(pl.Float64) / 1e6
        found, values = _typed(column, seconds)
        return replace(found, unit="s"), values
    written = None if dtype.is_nested() or dtype == pl.Binary else _as_text(cells)
    if written is None:
        return replace(column, kind=Kind.NESTED, missing=cells.null_count()), cells
    return understand(written, column.key, column.name, comma_likely=False)


def _as_text(cells: pl.Series) -> pl.Series | None:
    try:
        return cells.cast(pl.String)
    except PolarsError:
        return None


def _naive(cells: pl.Series) -> pl.Series:
    if isinstance(cells.dtype, pl.Datetime) and cells.dtype.time_zone:
        cells = cells.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    return cells.cast(pl.Datetime("us"))
