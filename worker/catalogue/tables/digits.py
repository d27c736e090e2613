"""What a column of whole numbers is, by its name and its range: a quantity, a part of a date, a time of day, a key."""

import re

import polars as pl

from worker.catalogue.tables.table import Kind

_MANY_ROWS = 20
_BEFORE = r"(?:.*[ _])?"
#: Part of a date → how such a column is called, and the range of its numbers.
_CALENDAR = {
    "year": (rf"{_BEFORE}(?:fiscal|calendar|fin)?[ _]?(?:year|yr|fy)|年份?|年度|会计年度", 1000, 2999),
    "quarter": (rf"{_BEFORE}(?:quarter|qtr)|季度?", 1, 4),
    "month": (rf"{_BEFORE}(?:month|mon|mth)|月份?", 1, 12),
    "week": (rf"{_BEFORE}(?:week|wk|week[ _]?no)|周", 0, 54),
    "weekday": (rf"{_BEFORE}(?:weekday|dow|day[ _]?of[ _]?week)|星期", 0, 7),
    "day": (rf"{_BEFORE}(?:day|dom|day[ _]?of[ _]?month)|日", 1, 31),
    "hour": (rf"{_BEFORE}(?:hour|hr)|小时|时", 0, 24),
    "minute": (rf"{_BEFORE}(?:minute|min)|分钟?", 0, 59),
}
_KEY_NAME = re.compile(
    r"(?:.*[ _.-])?(?:id|ids|uuid|key|code|zip|zipcode|postcode|phone|sku|isbn|ean|no|nr|num|number|index|row"
    r"|flight|invoice|ticket|account|serial|tail)"
    r"|.*Id|.*(?:编号|代码|序号|邮编|电话|号码|学号|工号)",
)
_CLOCK_NAME = re.compile(r".*(?:time|时间|时刻)", re.IGNORECASE)


def digits_kind(name: str, found: pl.Series) -> Kind:
    """Tell quantities from dates, times and keys among columns of whole numbers."""
    if calendar_part(name, found):
        return Kind.CALENDAR
    if _is_clock(name, found):
        return Kind.CLOCK
    return Kind.IDENTIFIER if _is_key(name, found) else Kind.NUMBER


def calendar_part(name: str, found: pl.Series) -> str:
    """Name the part of a date that a column of whole numbers is by its name and range, or ""."""
    least, most = _bounds(found)
    called = name.strip()
    return next(
        (
            part
            for part, (pattern, low, high) in _CALENDAR.items()
            if low <= least and most <= high and re.fullmatch(pattern, called, re.IGNORECASE)
        ),
        "",
    )


def _bounds(found: pl.Series) -> tuple[float, float]:
    least, most = found.min(), found.max()
    return (float(least), float(most)) if isinstance(least, float) and isinstance(most, float) else (0.0, 0.0)


def _is_clock(name: str, found: pl.Series) -> bool:
    least, most = _bounds(found)
    in_day = least >= 0 and 60 < most <= 2400 and bool((found % 100 < 60).all())  # noqa: PLR2004 - hours, minutes
    return in_day and _CLOCK_NAME.fullmatch(name.strip()) is not None and found.n_unique() > _MANY_ROWS


def _is_key(name: str, found: pl.Series) -> bool:
    if len(found) < _MANY_ROWS:
        return _KEY_NAME.fullmatch(name.strip()) is not None and found.n_unique() == len(found)
    if _KEY_NAME.fullmatch(name.strip()):
        return True
    return bool((found.diff().drop_nulls() == 1).all())
