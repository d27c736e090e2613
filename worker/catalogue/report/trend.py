"""One measure's course over time, as figures."""

from collections.abc import Sequence
from dataclasses import dataclass

from worker.catalogue.report.measures import TimeAxis
from worker.catalogue.report.periods import Periods, Point

#: Below this chance (after correcting for the number of measures looked at) a trend is called one.
LEVEL = 0.05
ROWS = "number of rows"


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A step from one period to the next one that has a value."""

    before: Point
    after: Point
    change: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """How one measure moved; figures are of whole periods only."""

    name: str
    #: Key of the column; "" for the number of rows.
    key: str
    #: `total`, `mean`, `value` (one row per period) or `rows`.
    how: str
    unit: str
    every: str
    points: tuple[Point, ...]
    #: Numbers of the points that cover only a part of their period.
    partial: tuple[int, ...]
    #: Periods that were tested.
    periods: int
    #: Theil-Sen: change per period, with its 95 % interval; None with too few periods.
    slope: float | None = None
    slope_low: float | None = None
    slope_high: float | None = None
    #: Mann-Kendall: Kendall's τ against time, its p, and p after Benjamini-Hochberg.
    tau: float | None = None
    p: float | None = None
    p_adjusted: float | None = None
    #: The fitted line at its two ends.
    fitted_first: float | None = None
    fitted_last: float | None = None
    #: Change along the fitted line, as a share of its start; None where a value is not above zero.
    growth: float | None = None
    #: The last year against the one before, as a share.
    year_on_year: float | None = None
    best: Point | None = None
    worst: Point | None = None
    largest: Move | None = None

    @property
    def direction(self) -> str:
        """`rising`, `falling`, `no clear trend`, or `not tested`."""
        if self.slope is None or self.p_adjusted is None:
            return "not tested"
        if self.p_adjusted >= LEVEL or self.slope == 0:
            return "no clear trend"
        return "rising" if self.slope > 0 else "falling"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trends:
    """All trends of a table."""

    axis: TimeAxis
    every: str
    found: tuple[Trend, ...]
    #: Dates that lie so far from the others that they were left out.
    stray_dates: int
    periods: Periods | None


def ranked(found: Sequence[Trend], main: str) -> list[Trend]:
    """Order trends as a reader wants them: the main measure, then the clear ones, the clearest first."""
    return sorted(found, key=lambda t: (t.key != main, t.direction not in ("rising", "falling"), t.p_adjusted or 1.0))
