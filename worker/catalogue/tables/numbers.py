"""Read numbers as people write them: `1,234.5`, `1.234,5`, `1 234`, `$12`, `(12)`, `12%`, `1.2万`."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

_CURRENCY = r"[$€£¥￥₹₩]|(?:US\$|USD|EUR|GBP|CNY|RMB|JPY|CHF|INR|AUD|CAD|kr|Kč|zł|元|円|원)"
_PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?")
_WRITTEN = re.compile(
    rf"(?P<open>[(\uff08])?\s*(?P<sign>[+\-−\uff0d])?\s*(?P<before>{_CURRENCY})?\s*(?P<sign2>[+\-−\uff0d])?\s*"
    r"(?P<body>\d[\d.,'’ \u00a0\u202f]*|[.,]\d+)\s*"
    rf"(?P<scale>万亿|千万|百万|[千万亿])?\s*(?P<after>{_CURRENCY}|[%％])?\s*(?P<minus>-)?\s*[)\uff09]?"
)
_SPACES = r"[\s'’\u00a0\u202f]"
_SIGNS = {"￥": "¥", "％": "%", "US$": "$"}
_SCALES = {"千": 1e3, "万": 1e4, "百万": 1e6, "千万": 1e7, "亿": 1e8, "万亿": 1e12}
#: The minus signs of people, of typesetters and of Chinese keyboards.
_MINUS = ["-", "−", "\uff0d"]
_THOUSANDS = r"^\d{1,3}(?:,\d{2,3})*,\d{3}(?:\.\d*)?$|^\d*\.?\d*$"
#: Digits past which a whole number is a key rather than a quantity (and a float would not hold it).
KEY_DIGITS = 16
#: Larger numbers are not computed with: their squares and sums would be infinite.
LARGEST = 1e100


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How the numbers of one column are written."""

    #: Nothing but digits, sign, point and exponent.
    plain: bool
    #: "," where the comma is the decimal sign, else ".".
    point: str = "."
    #: "%", a currency, or "".
    unit: str = ""
    note: str = ""


def guess_style(sample: Sequence[str], *, comma_likely: bool) -> Style | None:
    """Find how a sample of cells is written, or None where it is not numbers; `comma_likely` settles `1,234`."""
    if sum(1 for cell in sample if _PLAIN.fullmatch(cell)) >= 0.95 * len(sample):
        return None if _keys(sample) else Style(plain=True)
    matches = [match for cell in sample if (match := _WRITTEN.fullmatch(cell))]
    if len(matches) < 0.95 * len(sample):
        return None
    bodies = [re.sub(_SPACES, "", match["body"]) for match in matches]
    point, note = _point(bodies, comma_likely=comma_likely)
    if sum(1 for body in bodies if not _grouped(body, point)) > 0.05 * len(bodies):
        return None
    units = Counter(_unit(match) for match in matches)
    unit = units.most_common(1)[0][0]
    if "%" in units and len(units) > 1:
        return None  # shares and amounts in one column are no one quantity
    return Style(plain=False, point=point, unit=unit, note=note)


def _keys(sample: Sequence[str]) -> bool:
    """Find digits that are no quantity: leading zeros, or more of them than a number has."""
    digits = [cell for cell in sample if cell.isdecimal()]
    padded = sum(1 for cell in digits if len(cell) > 1 and cell[0] == "0")
    return padded > len(digits) / 20 or any(len(cell) >= KEY_DIGITS for cell in digits)


def _unit(match: re.Match[str]) -> str:
    sign = match["before"] or match["after"] or ""
    return _SIGNS.get(sign, sign)


def _point(bodies: Sequence[str], *, comma_likely: bool) -> tuple[str, str]:
    """Find the decimal sign of a column: the last sign where both occur, else what a comma's digits tell."""
    both = [body for body in bodies if "," in body and "." in body]
    if both:
        return (",", "") if both[0].rfind(",") > both[0].rfind(".") else (".", "")
    tails = [body.rsplit(",", 1)[1] for body in bodies if "," in body]
    if any(body.count(",") > 1 for body in bodies):
        return ".", ""
    if any(body.count(".") > 1 for body in bodies):
        return ",", ""
    if not tails:
        return ".", ""
    if all(len(tail) == 3 for tail in tails) and not comma_likely:  # noqa: PLR2004 - a group of thousands
        return ".", "the comma was read as a thousands separator"
    return ",", "the comma was read as the decimal sign"


def _grouped(body: str, point: str) -> bool:
    return re.fullmatch(_THOUSANDS, body if point == "." else _swap(body)) is not None


def _swap(body: str) -> str:
    return body.translate({44: 46, 46: 44})


def parse(cells: pl.Series, style: Style) -> pl.Series:
    """Read the cells as numbers; null where one cannot be read so, or is none to compute with."""
    return computable(_plain(cells) if style.plain else _written(cells, style))


def computable(found: pl.Series) -> pl.Series:
    """Null what is infinite, not a number or so large that its square would be; what is too small for one is 0."""
    size = found.abs()
    near = pl.when(size < 1 / LARGEST).then(0.0).otherwise(found)
    return pl.select(pl.when(size <= LARGEST).then(near)).to_series()


def _plain(cells: pl.Series) -> pl.Series:
    return cells.cast(pl.Float64, strict=False)


def _written(cells: pl.Series, style: Style) -> pl.Series:
    frame = cells.alias("cell").to_frame()
    parts = pl.col("cell").str.extract_groups(f"^(?:{_WRITTEN.pattern})$")
    body = pl.col("body").str.replace_all(_SPACES, "")
    if style.point == ",":
        body = body.str.replace_all(".", ";", literal=True).str.replace_all(",", ".", literal=True)
        body = body.str.replace_all(";", ",", literal=True)
    groups = frame.select(parts.alias("parts")).unnest("parts").with_columns(body)
    negative = (
        pl.col("open").is_not_null()
        | pl.col("sign").is_in(_MINUS).fill_null(value=False)
        | pl.col("sign2").is_in(_MINUS).fill_null(value=False)
        | pl.col("minus").is_not_null()
    )
    size = pl.when(pl.col("body").str.contains(_THOUSANDS)).then(
        pl.col("body").str.replace_all(",", "", literal=True).cast(pl.Float64, strict=False)
    )
    scale = pl.col("scale").replace_strict(_SCALES, default=1.0, return_dtype=pl.Float64)
    percent = pl.col("after").is_in(["%", "％"]).fill_null(value=False)
    fits = percent if style.unit == "%" else ~percent
    return groups.select(
        pl.when(fits).then(pl.when(negative).then(-size).otherwise(size) * scale).alias("value")
    ).to_series()
