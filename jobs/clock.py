"""Time as the wire shows it: RFC 3339 in UTC with milliseconds, and back."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache

#: Returns milliseconds since 1970; the core takes it as an argument and never looks at a wall itself.
Clock = Callable[[], int]


def now_ms() -> int:
    """Milliseconds since 1970, by this machine's clock."""
    return time.time_ns() // 1_000_000


def rfc3339(ms: int) -> str:
    """``1_700_000_000_123`` → ``2023-11-14T22:13:20.123Z``."""
    seconds, rest = divmod(ms, 1000)
    return f"{_to_the_second(seconds)}.{rest:03d}Z"


@lru_cache(maxsize=16)
def _to_the_second(seconds: int) -> str:
    """Remembered: a batch of events is of one second, and this is most of what its times cost."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))


def from_rfc3339(text: str) -> int:
    """The milliseconds of a time that :func:`rfc3339` wrote."""
    return round(datetime.fromisoformat(text).astimezone(UTC).timestamp() * 1000)
