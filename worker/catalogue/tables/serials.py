"""Dates that a spreadsheet shows as numbers, since nobody told it that they are dates."""

from collections.abc import Sequence

import polars as pl

from worker.catalogue.tables.dates import speaks_of_dates
from worker.catalogue.wording.tongue import say
from worker.catalogue.wording.words import listing

#: Days since the end of 1899: from 1954 to 2119.
_FIRST, _LAST = 20_000, 80_000
_SECONDS = 86_400
_CLEARLY = 0.95


def with_dates(frame: pl.DataFrame, names: Sequence[str]) -> tuple[pl.DataFrame, list[str]]:
    """The cells with serial numbers written as dates, in columns whose name speaks of dates; and the sentence on it."""
    dated = [n for n, name in enumerate(names) if speaks_of_dates(name) and _are_serials(frame[f"c{n}"])]
    if not dated:
        return frame, []
    written = frame.with_columns(_written(f"c{n}") for n in dated)
    columns = listing([names[n] for n in dated])
    return written, [say("The numbers of {columns} were read as days, as spreadsheets count them.", columns=columns)]


def _are_serials(cells: pl.Series) -> bool:
    numbers = cells.cast(pl.Float64, strict=False)
    fitting = int(numbers.is_between(_FIRST, _LAST).sum())
    return fitting > 0 and fitting >= _CLEARLY * (len(cells) - cells.null_count())


def _written(name: str) -> pl.Expr:
    number = pl.col(name).cast(pl.Float64, strict=False)
    moment = pl.datetime(1899, 12, 30) + pl.duration(seconds=(number * _SECONDS).round())
    return (
        pl.when(number.is_between(_FIRST, _LAST))
        .then(moment.dt.strftime("%Y-%m-%d %H:%M:%S"))
        .otherwise(name)
        .alias(name)
    )
