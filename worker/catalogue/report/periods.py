"""Time cut into periods: which unit fits the data, which period a row falls into, which periods are whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

EVERY = {"hour": "1h", "day": "1d", "week": "1w", "month": "1mo", "quarter": "1q", "year": "1y"}
#: What a period is made of: it is whole when it has about as many of these as its neighbours.
_PARTS = {"day": "1h", "week": "1d", "month": "1d", "quarter": "1mo", "year": "1mo"}
#: A unit for trends must give so many periods: enough to test, few enough to be read.
_WANTED = (
    ("month", 12, 120),
    ("quarter", 31, 120),
    ("year", 21, 300),
    ("week", 10, 60),
    ("day", 6, 90),
    ("hour", 6, 120),
)
_FILLED = 0.6
_WHOLE = 0.8
_MOST = 500
_MOST_FINE = 2_000
_LEAST_FINE = 12
_MIN_FOR_OUTLIERS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Periods:
    """A row of periods without a hole, and the period of every row of the table."""

    unit: str
    starts: tuple[datetime, ...]
    #: Number of the period of each row; null where it has no (usable) date.
    index: pl.Series
    #: Periods at the edges for which the data do not cover the whole.
    partial: frozenset[int]

    def whole(self) -> list[int]:
        """Numbers of the periods that are covered wholly."""
        return [n for n in range(len(self.starts)) if n not in self.partial]


def usable(moments: pl.Series) -> tuple[pl.Series, int]:
    """Null the moments that lie far from nearly all others (a mistyped year); also says how many."""
    seconds = moments.dt.epoch("s")
    low, high = seconds.quantile(0.01, "nearest"), seconds.quantile(0.99, "nearest")
    if low is None or high is None or len(moments) < _MIN_FOR_OUTLIERS:
        return moments, 0
    reach = max(high - low, 86_400.0) * 2
    near = (seconds >= low - reach) & (seconds <= high + reach)
    kept = pl.select(pl.when(near).then(moments)).to_series()
    return kept, kept.null_count() - moments.null_count()


def _range(low: datetime, high: datetime, unit: str) -> pl.Series:
    ends = pl.Series([low, high], dtype=pl.Datetime("us")).dt.truncate(EVERY[unit])
    return pl.datetime_range(ends[0], ends[1], EVERY[unit], time_unit="us", eager=True)


def _span(moments: pl.Series) -> tuple[datetime, datetime] | None:
    low, high = moments.min(), moments.max()
    return (low, high) if isinstance(low, datetime) and isinstance(high, datetime) else None


def fill(moments: pl.Series, *, whole_days: bool) -> dict[str, tuple[int, int]]:
    """For each unit: how many periods the data span, and how many of them have data."""
    span = _span(moments)
    if span is None:
        return {}
    found = moments.drop_nulls()
    units = [unit for unit in EVERY if not (whole_days and unit == "hour")]
    length: timedelta = span[1] - span[0]
    units = [unit for unit in units if unit != "hour" or length < timedelta(days=400)]
    return {u: (len(_range(*span, u)), found.dt.truncate(EVERY[u]).n_unique()) for u in units}


def trend_unit(filled: dict[str, tuple[int, int]]) -> str:
    """Choose the unit in which trends are told, or "" where time has but one period."""
    for unit, least, most in _WANTED:
        total, found = filled.get(unit, (0, 0))
        if least <= total <= most and found >= _FILLED * total:
            return unit
    return _finest(filled, most=_MOST, least=2) or _coarsest(filled)


def fine_unit(filled: dict[str, tuple[int, int]]) -> str:
    """Choose the unit in which single odd periods are looked for, or "" where there are too few."""
    return _finest(filled, most=_MOST_FINE, least=_LEAST_FINE)


def _finest(filled: dict[str, tuple[int, int]], *, most: int, least: int) -> str:
    fitting = (u for u, (total, found) in filled.items() if least <= total <= most and found >= _FILLED * total)
    return next(fitting, "")


def _coarsest(filled: dict[str, tuple[int, int]]) -> str:
    fitting = [u for u, (total, found) in filled.items() if found > 1 and total <= _MOST]
    return fitting[-1] if fitting else ""


def cut(moments: pl.Series, unit: str) -> Periods:
    """Cut time into periods of a unit; `moments` has at least one value."""
    span = _span(moments)
    if span is None:
        raise ValueError(unit)
    starts = _range(*span, unit)
    numbers = pl.DataFrame({"start": starts, "number": pl.int_range(len(starts), dtype=pl.Int32, eager=True)})
    own = moments.dt.truncate(EVERY[unit]).alias("start").to_frame()
    index = own.join(numbers, on="start", how="left", maintain_order="left")["number"]
    return Periods(unit=unit, starts=tuple(starts), index=index, partial=_partial(moments, index, unit, len(starts)))


def _partial(moments: pl.Series, index: pl.Series, unit: str, periods: int) -> frozenset[int]:
    """Find the edges that the data cover less than their neighbours: their sums would fool a trend."""
    part = _PARTS.get(unit)
    if part is None or periods < 3:  # noqa: PLR2004 - no inner period to compare with
        return frozenset()
    frame = pl.DataFrame({"number": index, "part": moments.dt.truncate(part)}).drop_nulls()
    covered = dict(frame.group_by("number").agg(pl.col("part").n_unique()).iter_rows())
    inner = sorted(many for number, many in covered.items() if number not in (0, periods - 1))
    if not inner:
        return frozenset()
    usual = inner[len(inner) // 2]
    return frozenset(edge for edge in (0, periods - 1) if covered.get(edge, 0) < _WHOLE * usual)


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One period of one measure: its value (None where no row has one) and how many rows it stands for."""

    start: datetime
    value: float | None
    rows: int


def points(periods: Periods, values: pl.Series | None, how: str) -> list[Point]:
    """Aggregate a column by period: `total`, `mean`, or `rows` (then without values)."""
    given = pl.repeat(1.0, len(periods.index), eager=True) if values is None else values
    frame = pl.DataFrame({"number": periods.index, "value": given}).drop_nulls()
    value = pl.col("value")
    told = {"mean": value.mean(), "total": value.sum(), "value": value.mean(), "rows": value.len()}[how]
    grouped = frame.group_by("number").agg(told.cast(pl.Float64).alias("told"), value.len().alias("rows"))
    found = {number: (told, rows) for number, told, rows in grouped.iter_rows()}
    absent = (0.0, 0) if how == "rows" else (None, 0)
    return [
        Point(start=start, value=value, rows=rows)
        for start, (value, rows) in zip(periods.starts, _each(found, len(periods.starts), absent), strict=True)
    ]


def _each(
    found: dict[int, tuple[float | None, int]], periods: int, absent: tuple[float | None, int]
) -> Sequence[tuple[float | None, int]]:
    return [found.get(number, absent) for number in range(periods)]
