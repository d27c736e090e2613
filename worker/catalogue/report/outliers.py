"""Single values far from the rest of their column, and signs that only they have."""

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from worker.catalogue.report.anomaly import Anomaly, Sort, Tail, severity
from worker.catalogue.report.robust import FAR, Distances, distances
from worker.catalogue.tables.profile import Profile
from worker.catalogue.tables.spread import Spread
from worker.catalogue.wording.tongue import say
from worker.catalogue.wording.words import count, instant, number, percent

_LEAST_VALUES = 12
_LEAST_DISTINCT = 3
_LISTED = 5
_LISTED_HEAVY = 2
#: A far value of a column whose tail is long says less.
_HEAVY_WEIGHT = 0.5
_RARE = 0.005
_CODES = frozenset({-1.0, -9.0, -99.0, -999.0, -9999.0, 99.0, 999.0, 9999.0, 99999.0, 999999.0})


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Finds the line and the moment of a row."""

    moments: pl.Series | None
    lines: dict[int, int]
    #: The file of a row, where there are several.
    files: dict[int, str] = field(default_factory=dict)

    def when(self, row: int) -> str:
        """Name the moment of a row, or ""."""
        moment = None if self.moments is None else self.moments[row]
        return "" if moment is None else instant(moment)

    def told(self, row: int) -> str:
        """Name line and moment of a row."""
        when = self.when(row)
        return self.line(row) + (say(", {when}", when=when) if when else "")

    def line(self, row: int) -> str:
        """Name the line of a row."""
        file = self.files.get(row, "")
        if file:
            return say("line {line:,} of {file}", line=self.lines[row], file=file)
        return say("line {line:,}", line=self.lines[row])


@dataclass(frozen=True, slots=True, kw_only=True)
class Far:
    """A far value: the row where it stands first, how often it stands there, and its distance."""

    row: int
    value: float
    times: int
    z: float
    heavy: bool
    #: The next value nearer to the bulk.
    next: float | None


def far_values(profile: Profile, values: pl.Series) -> tuple[list[Far], Tail | None]:
    """Find the values of a column that lie far from its bulk."""
    rows = values.is_not_null().arg_true().to_numpy()
    found = values.drop_nulls().to_numpy()
    if len(found) < _LEAST_VALUES or profile.distinct < _LEAST_DISTINCT:
        return [], None
    measured = distances(found)
    tail = Tail(column=profile.column.name, far=measured.far, share=measured.far / len(found))
    picked = np.flatnonzero(np.abs(measured.z) > FAR)
    order = picked[np.argsort(-np.abs(measured.z[picked]), kind="stable")]
    distinct = list(dict.fromkeys(found[order].tolist()))[: _LISTED_HEAVY if measured.heavy else _LISTED]
    return [_far(value, found, rows, measured) for value in distinct], tail if measured.heavy else None


def _far(value: float, found: np.ndarray, rows: np.ndarray, measured: Distances) -> Far:
    places = np.flatnonzero(found == value)
    inner = found[found < value] if measured.z[places[0]] > 0 else found[found > value]
    nearest = None if not len(inner) else float(inner.max() if measured.z[places[0]] > 0 else inner.min())
    return Far(
        row=int(rows[places[0]]),
        value=float(value),
        times=len(places),
        z=float(measured.z[places[0]]),
        heavy=measured.heavy,
        next=nearest,
    )


def told(profile: Profile, far: Far, where: Where) -> Anomaly:
    """Say where a far value stands and why it is far."""
    column, spread = profile.column, profile.spread
    unit = column.unit
    text = say(
        "{column} is {value}{times} on {where}; {bulk}",
        column=column.name,
        value=number(far.value, unit),
        times="" if far.times == 1 else say(" {times:,} times, first", times=far.times),
        where=where.told(far.row),
        bulk=_bulk(spread, unit),
    )
    if far.next is not None and far.times == 1:
        side = say("highest") if far.z > 0 else say("lowest")
        text += say(", and the next {side} is {value}", side=side, value=number(far.next, unit))
    if far.value in _CODES and far.times > 1:
        text += say(" – perhaps a code for a missing value")
    return Anomaly(
        sort=Sort.VALUE,
        column=column.name,
        key=column.key,
        why=text + say("."),
        score=severity(far.z, FAR) * (_HEAVY_WEIGHT if far.heavy else 1),
        value=far.value,
        expected=spread.median if spread else None,
        spreads=far.z,
        line=where.lines[far.row],
        when=where.when(far.row),
    )


def _bulk(spread: Spread | None, unit: str) -> str:
    if spread is None:
        return ""
    if spread.q25 == spread.q75:
        return say("most values are {value}", value=number(spread.median, unit))
    low, high = number(spread.q25, unit), number(spread.q75, unit)
    return say("half of all values lie between {low} and {high}", low=low, high=high)


def odd_sign(profile: Profile, values: pl.Series, heavy_rows: set[int]) -> int | None:
    """Return the row of the lowest negative value, where a column has but few of them and no other reason to."""
    spread = profile.spread
    if spread is None or not 0 < spread.negative <= _RARE * profile.present:
        return None
    row = values.arg_min()
    return None if row is None or row in heavy_rows else row


def told_sign(profile: Profile, row: int, value: float, where: Where) -> Anomaly:
    """Say how rare a negative value is in its column."""
    negative = 0 if profile.spread is None else profile.spread.negative
    name, unit = profile.column.name, profile.column.unit
    return Anomaly(
        sort=Sort.SIGN,
        column=name,
        key=profile.column.key,
        why=say(
            "{many} of {column} {verb} negative, {share} of all; the lowest is {value} on {where}.",
            many=count(negative, "value"),
            column=name,
            verb=say("is") if negative == 1 else say("are"),
            share=percent(negative / profile.present),
            value=number(value, unit),
            where=where.told(row),
        ),
        score=2.0,
        value=value,
        line=where.lines[row],
        when=where.when(row),
    )
