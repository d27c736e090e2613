"""Numbers, dates and names as a reader wants to see them."""

import math
import unicodedata
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import accumulate

from worker.catalogue.wording.tongue import CHINESE, counted, say, spoken

#: Characters of a name, a cell or a file name wherever one is shown.
SHOWN_CHARS = 80
#: Signs that turn the reading direction: a file could make a sentence lie with them.
_TURNING = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_COMPACT = ((1e12, "T"), (1e9, "bn"), (1e6, "M"), (1e3, "k"))
_COMPACT_CHINESE = ((1e12, "万亿"), (1e8, "亿"), (1e4, "万"))
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MAX_PLAIN = 1e15
_MIN_PLAIN = 1e-4
_SMALLEST_P = 0.001
_HUNDRED = 100


def shown(text: object, limit: int = SHOWN_CHARS) -> str:
    """Text of the file on one line, without control characters, cut to `limit` characters."""
    raw = str(text)[: 4 * limit]
    clean = "".join(" " if unicodedata.category(c) == "Cc" else c for c in raw if c not in _TURNING)
    line = " ".join(clean.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def short(text: str, cells: int) -> str:
    """Cut `text` to a width in cells, where a Chinese or Japanese sign takes two."""
    widths = [2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text]
    if sum(widths) <= cells:
        return text
    kept = sum(1 for width in accumulate(widths) if width < cells)
    return text[:kept].rstrip() + "…"


def number(value: float | None, unit: str = "") -> str:
    """`1048.36058` → `1,048.4`, with the unit of its column."""
    if value is None or not math.isfinite(value):
        return "–"
    sign, size = ("−" if value < 0 else ""), abs(value)
    return with_unit(sign, _plain(size), unit)


def with_unit(sign: str, digits: str, unit: str) -> str:
    """Put a unit where it belongs: `$12`, `12%`, `12 kr`."""
    if not unit:
        return sign + digits
    if unit in "$€£¥₹₩":
        return f"{sign}{unit}{digits}"
    return f"{sign}{digits}{unit}" if unit == "%" else f"{sign}{digits} {unit}"


def _plain(size: float) -> str:
    if size == 0:
        return "0"
    if size >= _MAX_PLAIN or size < _MIN_PLAIN:
        return f"{size:.3g}"
    if size == int(size):
        return f"{int(size):,}"
    decimals = min(max(3 - math.floor(math.log10(size)), 0), 6)
    text = f"{size:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if decimals else text


def compact(value: float) -> str:
    """Short figures for axes: `12.3M`."""
    sign, size = ("−" if value < 0 else ""), abs(value)
    for scale, letter in _COMPACT_CHINESE if spoken() == CHINESE else _COMPACT:
        if size >= scale:
            return f"{sign}{size / scale:.3g}{letter}" if size < scale * 1000 else f"{sign}{size / scale:,.0f}{letter}"
    return f"{sign}{size:.3g}"


def percent(share: float | None, *, signed: bool = False) -> str:
    """`0.1234` → `12.3%`; with `signed` `+12.3%`."""
    if share is None or not math.isfinite(share):
        return "–"
    points = abs(share) * _HUNDRED
    sign = "−" if share < 0 else ("+" if signed and share > 0 else "")
    if points >= _HUNDRED:
        return f"{sign}{points:,.0f}%"
    if 0 < points < 0.1:  # noqa: PLR2004 - below what one decimal can show
        return f"{sign}{points:.2g}%"
    return f"{sign}{points:.1f}".removesuffix(".0") + "%"


def chance(p: float) -> str:
    """A p-value: `p = 0.034`, `p < 0.001`."""
    return f"p < {_SMALLEST_P}" if p < _SMALLEST_P else f"p = {p:.2g}"


def capital(sentence: str) -> str:
    """Begin a sentence with a capital."""
    return sentence[:1].upper() + sentence[1:]


def count(amount: int, one: str, many: str = "") -> str:
    """`1 row`, `2 rows`."""
    noun = counted(one)
    return f"{amount:,} {noun if noun != one or amount == 1 else many or one + 's'}"


def listing(names: Sequence[str], limit: int = 5) -> str:
    """`a, b and c`, with `and 7 more` past the limit."""
    apart = say(", ")
    if len(names) > limit:
        return say("{names} and {rest:,} more", names=apart.join(names[:limit]), rest=len(names) - limit)
    return f"{apart.join(names[:-1])}{say(' and ')}{names[-1]}" if len(names) > 1 else "".join(names)


def measure(how: str, name: str) -> str:
    """Name a measure with what was done to it by period: `total sales`, `mean price`, `number of rows`."""
    if how not in ("mean", "total") or name.lower().startswith(how):
        return name
    return say("total {name}", name=name) if how == "total" else say("mean {name}", name=name)


def the_measure(how: str, name: str) -> str:
    """Name a measure inside a sentence: `the total sales`, but a column's own name stands alone."""
    return name if how == "value" else say("the {measure}", measure=measure(how, name))


def size(amount: int) -> str:
    """A number of bytes: `31.1 MB`."""
    scale, unit = next(((s, u) for s, u in ((1e9, "GB"), (1e6, "MB"), (1e3, "KB")) if amount >= s), (1, "bytes"))
    return f"{amount / scale:.3g} {unit}"


def day(moment: datetime) -> str:
    """`8 Feb 2013`."""
    return say("{moment.day} {moment:%b} {moment.year}", moment=moment)


def instant(moment: datetime) -> str:
    """A day, with the time of day where it has one."""
    has_time = (moment.hour, moment.minute, moment.second) != (0, 0, 0)
    return f"{day(moment)} {moment:%H:%M}" if has_time else day(moment)


def period(start: datetime, unit: str) -> str:
    """Name a period by its unit: `Feb 2013`, `Q1 2013`, `week of 4 Feb 2013`."""
    match unit:
        case "year":
            return say("{start.year}", start=start)
        case "quarter":
            return say("Q{number} {start.year}", number=(start.month + 2) // 3, start=start)
        case "month":
            return say("{start:%b} {start.year}", start=start)
        case "week":
            return say("week of {day}", day=day(start))
        case "day":
            return say("{weekday} {day}", weekday=say(_WEEKDAYS[start.weekday()]), day=day(start))
        case _:
            return f"{day(start)} {start:%H:%M}"


def elapsed(first: datetime, last: datetime) -> str:
    """`1 year 2 months`, `12 days`, `5 hours`: how long a span is, in round words."""
    span: timedelta = last - first
    if span < timedelta(days=1):
        return count(max(round(span.total_seconds() / 3600), 1), "hour")
    if span < timedelta(days=62):
        return count(span.days + 1, "day")
    months = round((span.days + 1) / 30.44)
    years, rest = divmod(months, 12)
    parts = [count(years, "year")] if years else []
    return " ".join([*parts, count(rest, "month")] if rest else parts)
