"""Find trends over time: how each measure moved from period to period, and whether that is more than chance."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
from scipy import stats

from worker.catalogue.report.measures import TimeAxis, adds_up, measures
from worker.catalogue.report.periods import Periods, Point, cut, fill, points, trend_unit, usable
from worker.catalogue.report.trend import ROWS, Move, Trend, Trends
from worker.catalogue.tables.profile import Profile, Profiles
from worker.catalogue.tables.share import Counts
from worker.catalogue.tables.table import Column, Kind, Table
from worker.catalogue.wording.tongue import say
from worker.context import Context

_LEAST_PERIODS = 6
_YEAR = {"week": 52, "month": 12, "quarter": 4}


def find_trends(ctx: Context, step: Counts, table: Table, profiles: Profiles, axis: TimeAxis) -> Trends:
    """Follow every measure, and the number of rows, over time."""
    moments, stray = usable(axis.moments)
    unit = trend_unit(fill(moments, whole_days=axis.whole_days))
    if not unit:
        return Trends(axis=axis, every="", found=(), stray_dates=stray, periods=None)
    periods = cut(moments, unit)
    rows = points(periods, None, "rows")
    single = max(point.rows for point in rows) == 1
    #: The number of rows, as if it were a column.
    every_row = Column(key="", name=say(ROWS), kind=Kind.NUMBER)
    found = [] if _same_number(axis) else [trend_of(every_row, "rows", periods, rows)]
    followed = measures(profiles)
    for done, profile in enumerate(followed, 1):
        found.append(_follow(table, profile, periods, single=single))
        step.progress(done=done, total=len(followed), unit="measures", message=profile.column.name)
        ctx.raise_if_cancelled()
    return Trends(axis=axis, every=unit, found=tuple(adjusted(found)), stray_dates=stray, periods=periods)


def _follow(table: Table, profile: Profile, periods: Periods, *, single: bool) -> Trend:
    column = profile.column
    how = "value" if single else ("total" if adds_up(column) else "mean")
    return trend_of(column, how, periods, points(periods, table.series(column), how))


def _same_number(axis: TimeAxis) -> bool:
    """Tell a table with the same number of rows for every moment: counting them says nothing."""
    return axis.moments.drop_nulls().alias("moment").value_counts(name="rows")["rows"].n_unique() == 1


def trend_of(column: Column, how: str, periods: Periods, found: Sequence[Point]) -> Trend:
    """Compute one measure's trend from its periods."""
    places = [n for n in periods.whole() if found[n].value is not None]
    values = [found[n].value or 0.0 for n in places]
    trend = Trend(
        name=column.name,
        key=column.key,
        how=how,
        unit=column.unit,
        every=periods.unit,
        points=tuple(found),
        partial=tuple(sorted(periods.partial)),
        periods=len(places),
    )
    if len(places) > 1:
        trend = replace(trend, **_extremes([found[n] for n in places]))
    if len(places) >= _LEAST_PERIODS:
        trend = replace(trend, **_fit(places, values))
    return replace(trend, year_on_year=year_on_year(values, periods.unit, whole=len(places) == len(periods.whole())))


def _extremes(found: Sequence[Point]) -> dict[str, Any]:
    ranked = sorted(found, key=lambda point: point.value or 0.0)
    moves = [Move(before=a, after=b, change=(b.value or 0.0) - (a.value or 0.0)) for a, b in pairwise(found)]
    return {"best": ranked[-1], "worst": ranked[0], "largest": max(moves, key=lambda move: abs(move.change))}


def _fit(places: Sequence[int], values: Sequence[float]) -> dict[str, Any]:
    line = stats.theilslopes(values, places, alpha=0.95)
    tested = stats.kendalltau(places, values)
    first = float(line.intercept + line.slope * places[0])
    last = float(line.intercept + line.slope * places[-1])
    sure = bool(np.isfinite(tested.pvalue))
    return {
        "slope": float(line.slope),
        "slope_low": float(line.low_slope),
        "slope_high": float(line.high_slope),
        "tau": float(tested.statistic) if sure else 0.0,
        "p": float(tested.pvalue) if sure else 1.0,
        "fitted_first": first,
        "fitted_last": last,
        "growth": (last - first) / first if first > 0 and min(values) > 0 else None,
    }


def year_on_year(values: Sequence[float], unit: str, *, whole: bool) -> float | None:
    """Compare the mean of the last year's periods with that of the year before; None where there are not two."""
    length = _YEAR.get(unit, 0)
    if not length or not whole or len(values) < 2 * length:
        return None
    before, after = sum(values[-2 * length : -length]), sum(values[-length:])
    return (after - before) / before if before > 0 else None


def adjusted(found: Sequence[Trend]) -> list[Trend]:
    """Correct the p-values for the number of measures that were tested (Benjamini-Hochberg)."""
    chances = [trend.p for trend in found if trend.p is not None]
    if not chances:
        return list(found)
    corrected = iter(stats.false_discovery_control(chances))
    return [trend if trend.p is None else replace(trend, p_adjusted=float(next(corrected))) for trend in found]
