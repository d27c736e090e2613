"""Numbers, sizes and foreign text as a terminal may show them."""

import re
from datetime import UTC, datetime

#: Everything by which a text could drive the terminal that shows it: C0 (but tab and newline), DEL, C1, bidi marks.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_KIB = 1024


def clean(text: object) -> str:
    """*text* without control characters; a carriage return becomes a line's end."""
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", str(text).replace("\r\n", "\n").replace("\r", "\n"))


def one_line(text: object, most: int = 200) -> str:
    """*text* as one line of at most *most* characters."""
    words = " ".join(clean(text).split())
    return words if len(words) <= most else words[: most - 1] + "…"


def size(count: float) -> str:
    """Bytes as people read them."""
    for unit in ("B", "KiB", "MiB"):
        if count < _KIB:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= _KIB
    return f"{count:.1f} GiB"


def number(value: float) -> str:
    """A count with thousands apart, no needless decimals."""
    return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"


def duration(seconds: float) -> str:
    """Seconds as ``0.4 s``, ``12 s`` or ``3 min 05 s``."""
    if seconds < 10:  # noqa: PLR2004 - below, tenths are of interest
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def between(start: str | None, end: str | None) -> float | None:
    """The seconds from one RFC 3339 time to another, to now where *end* is not known."""
    if start is None:
        return None
    stop = datetime.fromisoformat(end) if end else datetime.now(UTC)
    return max(0.0, (stop - datetime.fromisoformat(start)).total_seconds())
