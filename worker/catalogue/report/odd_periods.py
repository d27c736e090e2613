"""Single periods far from what their neighbours and their season lead one to expect, and stretches without rows."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from statistics import median

import numpy as np
import polars as pl

from worker.catalogue.report.anomaly import Anomaly, Line, Sort, severity
from worker.catalogue.report.periods import Periods, Point
from worker.catalogue.report.robust import Floats, z_scores
from worker.catalogue.wording.tongue import say
from worker.catalogue.wording.words import count, number, percent, period, the_measure

#: Beyond this many spreads a period is odd; fewer than for values, since there are far fewer periods.
ODD = 4.0
_LEAST = 12
_LISTED = 5
_WINDOW = {"hour": 7 * 24 + 1, "day": 29, "week": 13, "month": 13, "quarter": 9, "year": 7}
_SEASON = {"hour": 5, "day": 5, "month": 3, "quarter": 3}
#: A mean over far fewer rows than usual is noise; that there are so few is an oddity of its own.
_FEW_ROWS = 0.2
_GAP = 5
_PAIRED = 300
#: A larger share of what was expected says more about how small that is.
_SENSIBLE = 3.0
_SEASON_NAME = {"hour": "hour of the day", "day": "weekday", "month": "month", "quarter": "quarter"}
_IN = {"hour": "On ", "day": "On ", "week": "In the "}


def season_of(start: datetime, unit: str) -> int:
    """Place of a period in its season: hour of the day, weekday, month or quarter of the year."""
    return {"hour": start.hour, "day": start.weekday(), "month": start.month, "quarter": start.month}.get(unit, 0)


def expected(places: Sequence[Point], unit: str) -> list[float]:
    """What the trend, the neighbours (rolling median) and the season (median of what is left) lead one to expect."""
    window = _WINDOW[unit]
    values = np.array([point.value for point in places], dtype=np.float64)
    steps = np.arange(len(values))
    risen = slope(values) * steps
    level = pl.Series(values - risen).rolling_median(window, min_samples=max(window // 3, 1), center=True)
    base = level.fill_null(strategy="forward").fill_null(strategy="backward").to_numpy() + risen
    seasons: defaultdict[int, list[float]] = defaultdict(list)
    for point, rest in zip(places, (values - base).tolist(), strict=True):
        seasons[season_of(point.start, unit)].append(rest)
    enough = unit in _SEASON and min(map(len, seasons.values())) >= _SEASON[unit]
    usual = {season: median(rests) if enough else 0.0 for season, rests in seasons.items()}
    return [float(own) + usual[season_of(p.start, unit)] for own, p in zip(base, places, strict=True)]


def slope(values: Floats) -> float:
    """Median slope between all pairs of (at most 300) values: without it the ends of a trend would look odd."""
    steps = np.unique(np.linspace(0, len(values) - 1, _PAIRED).round().astype(np.int64))
    first, second = np.triu_indices(len(steps), 1)
    rises = values[steps[second]] - values[steps[first]]
    return float(np.median(rises / (steps[second] - steps[first]))) if len(rises) else 0.0


def odd_periods(line: Line, periods: Periods) -> list[Anomaly]:
    """Find the odd periods of one measure."""
    found = line.points
    typical = median([point.rows for point in found])
    places = [
        found[n]
        for n in periods.whole()
        if found[n].value is not None and (line.how != "mean" or found[n].rows >= _FEW_ROWS * typical)
    ]
    if len(places) < _LEAST:
        return []
    hoped = expected(places, periods.unit)
    z = z_scores(np.array([point.value for point in places], dtype=np.float64) - np.array(hoped))
    order = [int(n) for n in np.argsort(-np.abs(z), kind="stable") if abs(z[n]) > ODD]
    return [_told(line, periods.unit, places[n], hoped=hoped[n], z=float(z[n])) for n in order[:_LISTED]]


def _told(line: Line, every: str, point: Point, *, hoped: float, z: float) -> Anomaly:
    value = point.value or 0.0
    side = say("above") if value > hoped else say("below")
    share = abs(value - hoped) / hoped if hoped > 0 else 0.0
    plain = 0 < share < _SENSIBLE
    away = say("{share} {side}", share=percent(share), side=side) if plain else say("far {side}", side=side)
    base = say("its neighbours")
    if every in _SEASON:
        base = say("its neighbours and its {season}", season=say(_SEASON_NAME[every]))
    when = period(point.start, every)
    return Anomaly(
        sort=Sort.PERIOD,
        column=line.name,
        key=line.key,
        why=say(
            "{into}{when}, {measure} was {value}: {away} the {hoped} that {base} suggest"
            " ({z:.1f} times the usual spread).",
            into=say(_IN.get(every, "In ")),
            when=when,
            measure=the_measure(line.how, line.name),
            value=number(value, line.unit),
            away=away,
            hoped=number(hoped, line.unit),
            base=base,
            z=abs(z),
        ),
        score=severity(z, ODD),
        value=value,
        expected=hoped,
        spreads=z,
        when=when,
    )


def gaps(periods: Periods, rows: Sequence[Point]) -> list[Anomaly]:
    """Find stretches without rows that are much longer than the usual ones."""
    filled = [n for n, point in enumerate(rows) if point.rows]
    holes = [(b - a - 1, a, b) for a, b in pairwise(filled) if b - a > 1]
    usual = sorted(length for length, *_ in holes)[len(holes) // 2] if len(holes) > len(rows) / 20 else 0
    long = sorted((hole for hole in holes if hole[0] >= max(_GAP * usual, 2)), reverse=True)[:3]
    return [_gap(periods, length, before, after) for length, before, after in long]


def _gap(periods: Periods, length: int, before: int, after: int) -> Anomaly:
    first, last = period(periods.starts[before], periods.unit), period(periods.starts[after], periods.unit)
    return Anomaly(
        sort=Sort.GAP,
        column="",
        key="",
        why=say(
            "There are no rows for {length} between {first} and {last}.",
            length=count(length, periods.unit),
            first=first,
            last=last,
        ),
        score=1 + min(length / _GAP, 3.0),
        value=float(length),
        when=first,
    )
