"""Values of a table as JSON and as people have them."""

import math
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from worker.catalogue.agent.limits import CELL_CHARS

_MOST_WHOLE = 2**53


def plain(value: object) -> Any:  # noqa: PLR0911 - one case per type
    """A cell as JSON has it: numbers and truths as they are, anything else as text of bounded length."""
    match value:
        case None | bool():
            return value
        case int():
            return value if abs(value) <= _MOST_WHOLE else str(value)
        case float():
            return float(f"{value:.12g}") if math.isfinite(value) else str(value)
        case Decimal():
            return plain(float(value)) if value.is_finite() else str(value)
        case datetime():
            midnight = (value.hour, value.minute, value.second, value.microsecond) == (0, 0, 0, 0)
            return value.date().isoformat() if midnight else value.isoformat(sep=" ")
        case date() | time():
            return value.isoformat()
        case timedelta():
            return str(value)
        case bytes():
            return f"{len(value)} bytes"
    text = str(value)
    return text if len(text) <= CELL_CHARS else f"{text[: CELL_CHARS - 1]}…"


def rows(found: Sequence[Sequence[object]]) -> list[list[Any]]:
    """Whole rows of them."""
    return [[plain(value) for value in row] for row in found]


def told(value: object) -> str:
    """A value in a sentence: `1,048.36`, `2013-01-01`, `–` for none."""
    match value:
        case None:
            return "–"
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case float():
            return f"{value:,.0f}" if abs(value) >= 1e15 or value == int(value) else _digits(value)  # noqa: PLR2004 - no digit behind the point is sure
    return str(value)


def _digits(value: float) -> str:
    """Four digits that count, and all before the point."""
    if abs(value) >= 1000:  # noqa: PLR2004 - four digits before the point
        return f"{value:,.1f}".removesuffix(".0")
    shown = f"{value:.4g}"
    return shown if "e" in shown or "." not in shown else shown.rstrip("0").rstrip(".")
