"""Which columns are worth following, which column is their time, and whether a measure adds up."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import polars as pl

from worker.catalogue.report.limits import MAX_MEASURES
from worker.catalogue.tables.digits import calendar_part
from worker.catalogue.tables.profile import Profile, Profiles
from worker.catalogue.tables.table import Column, Kind, Table
from worker.catalogue.wording.words import shown
from worker.outcomes import JobFailed

_AVERAGED = re.compile(
    r"rate|ratio|share|percent|pct|\bper\b|_per_|avg|average|mean|median|price|score|temp|speed|age\b|index|level"
    r"|率|比|均|价|温|速|指数|占",
    re.IGNORECASE,
)
_SUMMED = re.compile(
    r"revenue|turnover|sales|sold|amount|total|sum\b|cost|expense|spend|profit|income|earning|budget|payment|fee\b"
    r"|qty|quantity|units|volume|count|orders|visits|clicks|passengers|flights|cancel|late_|cases|deaths|births|miles|distance_flown|hours\b"
    r"|umsatz|menge|betrag|kosten|gewinn|ventes|收入|营收|销售|销量|金额|成本|费用|支出|利润|数量|税|人数|件数|总",
    re.IGNORECASE,
)
_MAIN = re.compile(
    r"revenue|turnover|sales|umsatz|ventes|收入|营收|销售额|amount|金额|profit|利润|total|orders|flights|count|cost|成本",
    re.IGNORECASE,
)
_TIME_NAME = re.compile(r"date|day|time|month|period|日期|时间|月", re.IGNORECASE)
_CURRENCIES = "$€£¥₹₩"


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeAxis:
    """The moments of the rows, and what they were taken from."""

    name: str
    #: The column they come from; "" where they were put together from year, month and day.
    key: str
    moments: pl.Series
    whole_days: bool


def adds_up(column: Column) -> bool:
    """Tell a measure whose sum means something (sales) from one whose mean does (a price)."""
    if column.unit == "%" or _AVERAGED.search(column.name):
        return False
    return (column.unit != "" and column.unit in _CURRENCIES) or _SUMMED.search(column.name) is not None


def measures(profiles: Profiles) -> list[Profile]:
    """Profiles of the columns that measure something, in the file's order; the fullest where there are many."""
    fitting = [p for p in profiles.columns if p.column.kind is Kind.NUMBER and p.distinct > 1]
    if profiles.chosen:
        return [p for p in fitting if p.column.key in profiles.chosen]
    fullest = sorted(fitting, key=lambda p: -p.present)[:MAX_MEASURES]
    return [profile for profile in fitting if profile in fullest]


def main_measure(found: Sequence[Profile], wanted: str) -> Profile | None:
    """Choose the measure that the report leads with: the asked one, else the one whose name speaks of it most."""
    if wanted:
        return _asked(found, wanted, "value_column", "is no column of numbers")
    named = [(match.start(), n) for n, p in enumerate(found) if (match := _MAIN.search(p.column.name))]
    ranked = sorted(named, key=lambda item: (_rank(found[item[1]].column.name), item))
    return found[ranked[0][1]] if ranked else next(iter(found), None)


def asked_measures(found: Sequence[Profile], wanted: Sequence[str]) -> list[Profile]:
    """The measures that were asked for, in that order."""
    return [_asked(found, name, "value_columns", "is no column of numbers") for name in dict.fromkeys(wanted)]


def _rank(name: str) -> int:
    words = _MAIN.pattern.split("|")
    return next(n for n, word in enumerate(words) if re.search(word, name, re.IGNORECASE))


def _asked(found: Sequence[Profile], wanted: str, field: str, why: str) -> Profile:
    same: Callable[[str], bool] = lambda name: name.casefold() == wanted.strip().casefold()  # noqa: E731 - read once
    profile = next((p for p in found if same(p.column.name)), None)
    if profile is None:
        raise JobFailed("no_such_column", f"{field}: “{shown(wanted)}” {why} of this file.")
    return profile


def time_axis(table: Table, profiles: Profiles, wanted: str) -> TimeAxis | None:
    """Find the column of dates that rows are ordered by: the asked one, else the fullest and best named one."""
    dated = [p for p in profiles.columns if p.column.kind is Kind.DATE]
    if wanted:
        chosen = _asked(dated, wanted, "date_column", "is no column of dates")
    elif dated:
        chosen = max(dated, key=lambda p: (p.distinct > 1, round(p.missing_share, 1) == 0, _named(p), p.present))
    else:
        return _put_together(table)
    column = chosen.column
    return TimeAxis(name=column.name, key=column.key, moments=table.series(column), whole_days=column.whole)


def _named(profile: Profile) -> bool:
    return _TIME_NAME.search(profile.column.name) is not None


def _put_together(table: Table) -> TimeAxis | None:
    """Make dates of a year column and what stands beside it: month (and day), or quarter."""
    parts: dict[str, Column] = {}
    for column in table.of(Kind.CALENDAR):
        parts.setdefault(calendar_part(column.name, table.series(column).drop_nulls()), column)
    if "year" not in parts:
        return None
    used = ["year", *(["month", *(["day"] if "day" in parts else [])] if "month" in parts else [])]
    used = ["year", "quarter"] if "quarter" in parts and "month" not in parts else used
    frame = pl.DataFrame({part: table.series(parts[part]).cast(pl.Int32) for part in used})
    month = pl.col("month") if "month" in used else (pl.col("quarter") * 3 - 2 if "quarter" in used else pl.lit(1))
    day = pl.col("day") if "day" in used else pl.lit(1)
    text = pl.format("{}-{}-{}", "year", month.cast(pl.String).str.zfill(2), day.cast(pl.String).str.zfill(2))
    moments = frame.select(text.str.to_datetime("%Y-%m-%d", strict=False, time_unit="us")).to_series()
    name = " + ".join(parts[part].name for part in used)
    return TimeAxis(name=name, key="", moments=moments, whole_days=True)
