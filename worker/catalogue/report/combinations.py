"""Rows whose values are each usual but not together: an isolation forest finds them, the correlations explain them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.special import ndtr, ndtri
from sklearn.ensemble import IsolationForest

from worker.catalogue.report.anomaly import Anomaly, Sort, severity
from worker.catalogue.report.limits import MAX_COLUMNS_COMPARED, MAX_ROWS_COMPARED
from worker.catalogue.report.outliers import Where
from worker.catalogue.report.robust import Floats, z_scores
from worker.catalogue.tables.profile import Profile
from worker.catalogue.wording.tongue import say
from worker.catalogue.wording.words import number

_LEAST_ROWS = 60
_LEAST_COLUMNS = 2
_LEAST_DISTINCT = 10
_TREES = 100
_SEED = 2013
_BATCH = 20_000
#: So many of the rows that the forest isolates first are looked at.
_CANDIDATES = 200
_LISTED = 8
#: A value so many spreads from what the row's others lead one to expect is odd.
ODD = 4.5
#: And it must matter: where two columns say nearly the same, a hair is many spreads.
_AWAY = 1.0
#: Keeps the inverse of the correlations finite where two columns say the same.
_RIDGE = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """The columns looked at together, as normal scores: ranks, stretched to a bell curve."""

    profiles: tuple[Profile, ...]
    #: Numbers of the rows, and their values and scores (rows by columns).
    rows: np.ndarray
    values: Floats
    scores: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Odd:
    """A row, the column that does not go with the others, and the one it goes with least."""

    row: int
    column: int
    partner: int
    value: float
    other: float
    expected: float
    z: float
    #: How far value and expected value lie apart among the column's values, in normal scores.
    away: float


def compared(profiles: Sequence[Profile], load: Callable[[Profile], pl.Series], rows: int) -> Compared | None:
    """Put the fullest columns side by side, or None where there is too little to compare."""
    fitting = [p for p in profiles if p.distinct >= _LEAST_DISTINCT and p.missing_share < 0.5]  # noqa: PLR2004 - half
    fullest = sorted(fitting, key=lambda p: -p.present)[:MAX_COLUMNS_COMPARED]
    chosen = [p for p in fitting if p in fullest]
    if len(chosen) < _LEAST_COLUMNS or rows < _LEAST_ROWS:
        return None
    taken = _taken(rows)
    frame = pl.DataFrame([load(p).gather(taken).alias(p.column.key) for p in chosen])
    full = frame.select(pl.sum_horizontal(pl.all().is_null()) <= len(chosen) // 3).to_series()
    taken, frame = taken.filter(full), frame.filter(full)
    if len(frame) < _LEAST_ROWS:
        return None
    scores = np.column_stack([_normal(frame[p.column.key]) for p in chosen])
    return Compared(profiles=tuple(chosen), rows=taken.to_numpy(), values=frame.to_numpy(), scores=scores)


def _taken(rows: int) -> pl.Series:
    """All rows, or an even sample of them."""
    every = pl.int_range(rows, dtype=pl.UInt32, eager=True)
    return every if rows <= MAX_ROWS_COMPARED else every.sample(MAX_ROWS_COMPARED, seed=_SEED).sort()


def _normal(values: pl.Series) -> Floats:
    present = values.len() - values.null_count()
    ranks = values.rank("average").to_numpy()
    return np.nan_to_num(np.asarray(ndtri((ranks - 0.5) / max(present, 1)), dtype=np.float64))


def odd_rows(data: Compared, batch_done: Callable[[int, int], None]) -> list[Odd]:
    """Find the odd combinations; `batch_done` hears of the rows looked at so far."""
    columns = data.scores.shape[1]
    loosened = np.corrcoef(data.scores, rowvar=False) + _RIDGE * np.eye(columns)
    inverse: Floats = np.asarray(np.linalg.inv(loosened), dtype=np.float64)
    values, vectors = np.linalg.eigh(loosened)
    isolated = _isolated(data.scores @ vectors / np.sqrt(values), batch_done)
    rests = np.column_stack([z_scores(column) for column in (data.scores @ inverse / np.sqrt(np.diag(inverse))).T])
    rests[np.isnan(data.values)] = 0
    odd = [_odd(data, inverse, rests, int(place)) for place in isolated]
    clear = [one for one in odd if abs(one.z) > ODD and one.away > _AWAY]
    return sorted(clear, key=lambda one: -abs(one.z))[:_LISTED]


def _isolated(points: Floats, batch_done: Callable[[int, int], None]) -> np.ndarray:
    forest = IsolationForest(n_estimators=_TREES, random_state=_SEED).fit(points)
    scores = np.empty(len(points))
    for start in range(0, len(points), _BATCH):
        scores[start : start + _BATCH] = forest.score_samples(points[start : start + _BATCH])
        batch_done(min(start + _BATCH, len(points)), len(points))
    return np.argsort(scores, kind="stable")[:_CANDIDATES]


def _odd(data: Compared, inverse: Floats, rests: Floats, place: int) -> Odd:
    column = int(np.argmax(np.abs(rests[place])))
    pulls = -inverse[column] / inverse[column, column] * data.scores[place]
    pulls[column] = 0
    hoped = float(pulls.sum())
    partner = int(np.argmax(np.abs(np.where(np.isnan(data.values[place]), 0, pulls))))
    known = data.values[~np.isnan(data.values[:, column]), column]
    return Odd(
        row=int(data.rows[place]),
        column=column,
        partner=partner,
        value=float(data.values[place, column]),
        other=float(data.values[place, partner]),
        expected=float(np.quantile(known, ndtr(hoped))),
        z=float(rests[place, column]),
        away=abs(float(data.scores[place, column]) - hoped),
    )


def told(data: Compared, odd: Odd, where: Where) -> Anomaly:
    """Say which value does not go with which other one."""
    column, partner = data.profiles[odd.column].column, data.profiles[odd.partner].column
    return Anomaly(
        sort=Sort.COMBINATION,
        column=column.name,
        key=column.key,
        why=say(
            "{column} is {value} on {where}, although {partner} is {other} there: rows like it have about {expected}.",
            column=column.name,
            value=number(odd.value, column.unit),
            where=where.told(odd.row),
            partner=partner.name,
            other=number(odd.other, partner.unit),
            expected=number(odd.expected, column.unit),
        ),
        score=severity(odd.z, ODD),
        value=odd.value,
        expected=odd.expected,
        spreads=odd.z,
        line=where.lines[odd.row],
        when=where.when(odd.row),
    )
