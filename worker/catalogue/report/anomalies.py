"""Find anomalies: far values, odd periods, odd combinations; each with the reason in plain words."""

from collections.abc import Sequence
from datetime import datetime

import polars as pl

from worker.catalogue.report import combinations, odd_periods, outliers
from worker.catalogue.report.anomaly import Anomalies, Anomaly, Line, Sort, listed
from worker.catalogue.report.measures import TimeAxis, adds_up, measures
from worker.catalogue.report.outliers import Far, Where
from worker.catalogue.report.periods import Periods, cut, fill, fine_unit, points, usable
from worker.catalogue.report.trend import ROWS
from worker.catalogue.tables.profile import Profile, Profiles
from worker.catalogue.tables.share import Counts
from worker.catalogue.tables.table import Table
from worker.catalogue.wording.tongue import say
from worker.catalogue.wording.words import count, instant
from worker.context import Context


class Search:
    """The search for anomalies in one table, with its progress."""

    def __init__(self, ctx: Context, step: Counts, table: Table, profiles: Profiles, axis: TimeAxis | None) -> None:
        self._ctx = ctx
        self._step = step
        self._table = table
        self._profiles = profiles
        self._axis = axis
        self._followed = measures(profiles)
        self._found: list[Anomaly] = []
        self.result = Anomalies()

    def run(self, most: int, *, basic: bool = False) -> Anomalies:
        """Search everywhere, but for odd combinations where it is to be *basic*; list at most so many."""
        self._values()
        if self._axis is not None:
            self._moments(self._axis)
        if not basic:
            self._combinations()
        self._tell(2, 1, say("Putting in order"))
        self.result.found = len(self._found)
        self.result.listed = listed(self._found, most)
        return self.result

    def _where(self, rows: Sequence[int]) -> Where:
        raw = self._table.raw
        lines, files = dict(zip(rows, raw.lines(rows), strict=True)), dict(zip(rows, raw.origins(rows), strict=True))
        return Where(moments=None if self._axis is None else self._axis.moments, lines=lines, files=files)

    def _tell(self, part: int, share: float, message: str) -> None:
        self._step.progress(done=round((part + share) * 100), total=300, unit="%", message=message)
        self._ctx.raise_if_cancelled()

    def _values(self) -> None:
        far: list[tuple[Profile, Far]] = []
        signs: list[tuple[Profile, int, float]] = []
        for done, profile in enumerate(self._followed, 1):
            values = self._table.series(profile.column)
            found, tail = outliers.far_values(profile, values)
            far += [(profile, one) for one in found]
            self.result.tails += [tail] if tail else []
            row = outliers.odd_sign(profile, values, {one.row for one in found})
            signs += [] if row is None else [(profile, row, float(values[row]))]
            self._tell(0, done / len(self._followed), say("Values of {column}", column=profile.column.name))
        where = self._where(sorted({one.row for _, one in far} | {row for _, row, _ in signs}))
        self._found += [outliers.told(profile, one, where) for profile, one in far]
        self._found += [outliers.told_sign(profile, row, value, where) for profile, row, value in signs]

    def _moments(self, axis: TimeAxis) -> None:
        moments, stray = usable(axis.moments)
        self._found += [self._stray(axis, moments, stray)] if stray else []
        unit = fine_unit(fill(moments, whole_days=axis.whole_days))
        if not unit:
            return
        periods = cut(moments, unit)
        self.result.periods = periods
        rows = points(periods, None, "rows")
        self._found += odd_periods.gaps(periods, rows)
        if len({point.rows for point in rows}) > 1:
            self._period(Line(name=say(ROWS), key="", how="rows", unit="", points=tuple(rows)), periods)
        single = max(point.rows for point in rows) == 1
        for done, profile in enumerate(self._followed, 1):
            column = profile.column
            how = "value" if single else ("total" if adds_up(column) else "mean")
            found = tuple(points(periods, self._table.series(column), how))
            self._period(Line(name=column.name, key=column.key, how=how, unit=column.unit, points=found), periods)
            told = say("{periods} of {column}", periods=say(f"{unit.capitalize()}s"), column=column.name)
            self._tell(1, done / len(self._followed), told)

    def _period(self, line: Line, periods: Periods) -> None:
        odd = odd_periods.odd_periods(line, periods)
        self._found += odd
        self.result.lines += [line] if odd else []

    def _stray(self, axis: TimeAxis, kept: pl.Series, stray: int) -> Anomaly:
        row = int((axis.moments.is_not_null() & kept.is_null()).arg_true()[0])
        where = self._where([row])
        low, high = _instants(kept)
        why = say(
            "{dates} in {axis} far from all others ({low} to {high}); the first is {first} on {line}.",
            dates=count(stray, "date"),
            axis=axis.name,
            low=low,
            high=high,
            first=instant(axis.moments[row]),
            line=where.line(row),
        )
        return Anomaly(
            sort=Sort.DATE,
            column=axis.name,
            key=axis.key,
            why=why,
            score=4.0,
            line=where.lines[row],
            when=where.when(row),
        )

    def _combinations(self) -> None:
        data = combinations.compared(
            self._followed, lambda profile: self._table.series(profile.column), self._table.rows
        )
        if data is None:
            return
        self.result.rows_compared, self.result.columns_compared = len(data.rows), len(data.profiles)
        odd = combinations.odd_rows(
            data,
            lambda done, total: self._tell(2, done / total, say("Combinations in {rows}", rows=count(done, "row"))),
        )
        where = self._where(sorted({one.row for one in odd}))
        self._found += [combinations.told(data, one, where) for one in odd]


def _instants(moments: pl.Series) -> tuple[str, str]:
    ends = moments.min(), moments.max()
    low, high = (instant(end) if isinstance(end, datetime) else "" for end in ends)
    return low, high
