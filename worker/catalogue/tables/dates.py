"""Read dates in the formats that tables have them in, and say where day and month could be confused."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

_WORDS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = rf"(?:{'|'.join(_WORDS)})[a-z]*\.?"
_TIME = r"(?P<time>[T ]\s?\d{1,2}:\d\d(:\d\d)?([.,]\d{1,9})?\s?([AaPp][Mm])?)?\s?(?P<zone>Z|UTC|GMT|[+-]\d\d:?\d\d)?"
_EARLIEST, _LATEST = 1678, 2261


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One way to write a date: a pattern whose groups are year, month, day (or quarter)."""

    pattern: str
    note: str = ""
    #: Digits alone: only a column whose name speaks of dates is read so.
    hinted: bool = False

    @property
    def regex(self) -> str:
        """The pattern for the whole cell, time of day included."""
        return f"(?i)^{self.pattern}{_TIME}$"


_YEAR4, _MONTH2, _DAY2 = r"(?P<year>\d{4})", r"(?P<month>\d{1,2})", r"(?P<day>\d{1,2})"
_WORD = rf"(?P<word>{_MONTHS})"
FORMATS = (
    Format(pattern=rf"{_YEAR4}[-/.]{_MONTH2}[-/.]{_DAY2}"),
    Format(pattern=r"(?P<year>(?:19|20)\d\d)(?P<month>0[1-9]|1[0-2])(?P<day>0[1-9]|[12]\d|3[01])"),
    Format(pattern=rf"{_YEAR4}\s?年\s?{_MONTH2}\s?月\s?{_DAY2}\s?日"),
    Format(pattern=rf"{_DAY2}[./-]{_MONTH2}[./-](?P<year>\d{{4}}|\d\d)", note="day before month"),
    Format(pattern=rf"{_MONTH2}[/-]{_DAY2}[/-](?P<year>\d{{4}}|\d\d)", note="month before day"),
    Format(pattern=rf"{_DAY2}(?:st|nd|rd|th)?[ -]{_WORD}[ ,-]+(?P<year>\d{{4}}|\d\d)"),
    Format(pattern=rf"(?:[a-z]+, )?{_WORD} {_DAY2}(?:st|nd|rd|th)?,? {_YEAR4}"),
    Format(pattern=rf"{_WORD}[ -]'?(?P<year>\d{{4}}|\d\d)"),
    Format(pattern=rf"{_YEAR4}[-/.]{_MONTH2}"),
    Format(pattern=rf"{_YEAR4}\s?年\s?{_MONTH2}\s?月份?"),
    Format(pattern=r"(?P<year>\d{4})[- /]?Q(?P<quarter>[1-4])"),
    Format(pattern=r"Q(?P<quarter>[1-4])[- /]?(?P<year>\d{4})"),
    Format(pattern=r"(?P<year>\d{4})\s?年?第?(?P<quarter>[1-4])季度?"),
    Format(pattern=r"(?P<year>(?:19|20)\d\d)(?P<month>0[1-9]|1[0-2])", hinted=True),
    Format(pattern=r"(?P<year>(?:19|20)\d\d)\s?年度?"),
)
_HINTS = re.compile(r"date|month|period|year|\bfy|quarter|time|day\b|年|月|日期|期间|季", re.IGNORECASE)
#: Stricter: beside such a name numbers may stand for days.
_DATED = re.compile(r"date|\bday\b|time|日期|时间", re.IGNORECASE)
_CLEARLY = 0.95
_NOON = 12
#: The commonest ways, which polars reads itself.
_EXACT = ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.fZ")


def guess_format(sample: Sequence[str], name: str, *, day_first: bool) -> Format | None:
    """Find the format of a sample of cells, or None where they are no dates; `day_first` settles 03/04/2013."""
    hinted = _HINTS.search(name) is not None
    fitting = [form for form in FORMATS if (hinted or not form.hinted) and _share(form, sample) >= _CLEARLY]
    if not fitting:
        return None
    if len(fitting) > 1 and {form.note for form in fitting} == {"day before month", "month before day"}:
        return _order(fitting, sample, day_first=day_first)
    return Format(pattern=fitting[0].pattern, hinted=fitting[0].hinted)


def speaks_of_dates(name: str) -> bool:
    """Whether a column's name says that it holds dates."""
    return _DATED.search(name) is not None


def _share(form: Format, sample: Sequence[str]) -> float:
    matches = [match for cell in sample[:500] if (match := re.match(form.regex, cell))]
    sound = [match for match in matches if _sound(match.groupdict())]
    return len(sound) / max(len(sample[:500]), 1)


def _sound(parts: dict[str, str | None]) -> bool:
    month, day = int(parts.get("month") or 1), int(parts.get("day") or 1)
    year = int(parts["year"] or 0)
    return 1 <= month <= 12 and 1 <= day <= 31 and (year < 100 or _EARLIEST <= year <= _LATEST)  # noqa: PLR2004


def _order(fitting: Sequence[Format], sample: Sequence[str], *, day_first: bool) -> Format:
    """Choose between day and month: the reading in which the rows stand in order, else the habit of such files."""
    in_order = [_steps_forward(parse(pl.Series(sample, dtype=pl.String), form)) for form in fitting]
    day, month = fitting
    if in_order[0] == in_order[1]:
        return day if day_first else month
    return day if in_order[0] > in_order[1] else month


def _steps_forward(moments: pl.Series) -> float:
    steps = moments.drop_nulls().diff().drop_nulls()
    seconds = steps.dt.total_seconds()
    return max(int((seconds >= 0).sum()), int((seconds <= 0).sum())) / max(len(seconds), 1)


def parse(cells: pl.Series, form: Format) -> pl.Series:
    """Read the cells as moments (UTC where they name an offset); null where one cannot be read so."""
    for exact in _EXACT if form.pattern == FORMATS[0].pattern else ():
        found = _exactly(cells, exact)
        if found is not None:
            return found
    distinct = cells.drop_nulls().unique()
    parts = distinct.str.extract_groups(form.regex).struct.unnest()
    moments = pl.DataFrame(
        [distinct.alias("cell"), parts.select(_moment(set(parts.columns)).alias("moment")).to_series()]
    )
    return cells.alias("cell").to_frame().join(moments, on="cell", how="left", maintain_order="left")["moment"]


def _exactly(cells: pl.Series, exact: str) -> pl.Series | None:
    """Read cells that are all written in one way, which is quick; None where one is not."""
    if _read(cells.head(100), exact).null_count() != cells.head(100).null_count():
        return None
    found = _read(cells, exact)
    return found if found.null_count() == cells.null_count() else None


def _read(cells: pl.Series, exact: str) -> pl.Series:
    return cells.str.to_datetime(exact, strict=False, time_unit="us")


def _moment(names: set[str]) -> pl.Expr:
    return _day(names) + _of_day() - _offset()


def _day(names: set[str]) -> pl.Expr:
    year = pl.col("year").cast(pl.Int32, strict=False)
    year = year + pl.when(year < 70).then(2000).when(year < 100).then(1900).otherwise(0)  # noqa: PLR2004 - as strptime
    if "word" in names:
        order = {word: n for n, word in enumerate(_WORDS, 1)}
        month = pl.col("word").str.to_lowercase().str.head(3).replace_strict(order, default=None)
    elif "quarter" in names:
        month = pl.col("quarter").cast(pl.Int32, strict=False) * 3 - 2
    else:
        month = pl.col("month").cast(pl.Int32, strict=False) if "month" in names else pl.lit(1)
    day = pl.col("day").cast(pl.Int32, strict=False) if "day" in names else pl.lit(1)
    padded = (part.cast(pl.String).str.zfill(width) for part, width in ((year, 4), (month, 2), (day, 2)))
    text = pl.format("{}-{}-{}", *padded)
    return text.str.to_datetime("%Y-%m-%d", strict=False, time_unit="us")


def _of_day() -> pl.Expr:
    time = pl.col("time").fill_null("")
    hour, minute, second = (
        time.str.extract(r"(\d+):(\d\d)(?::(\d\d))?", n).cast(pl.Int64, strict=False).fill_null(0) for n in (1, 2, 3)
    )
    late, early = time.str.contains("(?i)pm"), time.str.contains("(?i)am")
    shifted = pl.when(late & (hour < _NOON)).then(hour + _NOON).when(early & (hour == _NOON)).then(0).otherwise(hour)
    return pl.duration(hours=shifted, minutes=minute, seconds=second, time_unit="us")


def _offset() -> pl.Expr:
    zone = pl.col("zone").fill_null("")
    hours = zone.str.extract(r"([+-]\d\d)").cast(pl.Int64, strict=False).fill_null(0)
    minutes = zone.str.extract(r"[+-]\d\d:?(\d\d)").cast(pl.Int64, strict=False).fill_null(0)
    return pl.duration(hours=hours, minutes=pl.when(hours < 0).then(-minutes).otherwise(minutes), time_unit="us")
