"""Anomalies: what stands out, where, and why in plain words."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from worker.catalogue.report.periods import Periods, Point

#: Of one kind, so many of one column are listed: the next ones say nothing new.
_PER_COLUMN = 5


class Sort(StrEnum):
    """What is odd about it."""

    #: A value far from the rest of its column.
    VALUE = "value"
    #: A period far from what its neighbours and its season lead one to expect.
    PERIOD = "period"
    #: A row whose values are each usual, but not together.
    COMBINATION = "combination"
    #: A negative value in a column that has no others.
    SIGN = "sign"
    #: A date far from all others.
    DATE = "date"
    #: A stretch of time without rows.
    GAP = "gap"
    #: In a statement: a total that is not the sum of its parts.
    SUM = "sum"
    #: In a statement: an item or a margin that moved unlike the rest.
    GROWTH = "growth"
    #: In a statement: figures that contradict each other.
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True, kw_only=True)
class Anomaly:
    """Something that stands out."""

    sort: Sort
    column: str
    #: "" for the number of rows, or for a date.
    key: str
    why: str
    #: Higher is odder; comparable across sorts.
    score: float
    value: float | None = None
    expected: float | None = None
    #: Distance in spreads.
    spreads: float | None = None
    #: Line of the file (row of a Parquet file).
    line: int | None = None
    when: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tail:
    """A column with so many far values that they are its shape."""

    column: str
    far: int
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A measure over fine periods, kept to be drawn where it has odd ones."""

    name: str
    key: str
    how: str
    unit: str
    points: tuple[Point, ...]


@dataclass(slots=True)
class Anomalies:
    """What stands out in a table."""

    listed: list[Anomaly] = field(default_factory=list)
    #: Everything that was found, also what is not listed.
    found: int = 0
    tails: list[Tail] = field(default_factory=list)
    periods: Periods | None = None
    lines: list[Line] = field(default_factory=list)
    rows_compared: int = 0
    columns_compared: int = 0


def headlines(found: Sequence[Anomaly], most: int) -> list[Anomaly]:
    """Choose the oddest of each column and sort first: three bad days of one measure are one headline."""
    first = list({(one.sort, one.column): one for one in reversed(found)}.values())
    return sorted(first, key=lambda one: -one.score)[:most]


def severity(spreads: float, threshold: float) -> float:
    """Put distances on one scale: 1 at the threshold, one more for every doubling, at most 7."""
    return min(1 + math.log2(max(abs(spreads) / threshold, 1)), 7.0)


def listed(found: Sequence[Anomaly], most: int) -> list[Anomaly]:
    """Order anomalies, the oddest first, with no column filling the list."""
    seen: Counter[tuple[Sort, str]] = Counter()
    kept: list[Anomaly] = []
    for anomaly in sorted(found, key=lambda one: -one.score):
        seen[anomaly.sort, anomaly.column] += 1
        if seen[anomaly.sort, anomaly.column] <= _PER_COLUMN:
            kept.append(anomaly)
    return kept[:most]
