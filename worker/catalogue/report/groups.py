"""Compare the groups of a category, and see which measures move together."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from worker.catalogue.report.limits import MAX_COLUMNS_COMPARED
from worker.catalogue.report.measures import adds_up
from worker.catalogue.tables.profile import Profile, Profiles
from worker.catalogue.tables.table import Kind, Table
from worker.catalogue.wording.words import shown

_MOST_GROUPS = 60
_LEAST_ROWS = 12
_CATEGORIES = 12
_PAIR_ROWS = 20_000
_LEAST_PAIR = 10
_SEED = 2013


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One value of a category."""

    name: str
    rows: int
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """The main measure by the category that tells most about it."""

    category: str
    measure: str
    how: str
    unit: str
    #: Share of the measure's variance that lies between the groups (η²).
    explained: float
    groups: tuple[Group, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two measures and Spearman's ρ between them."""

    one: str
    other: str
    rho: float
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Relations:
    """Rank correlations between the fullest measures."""

    names: tuple[str, ...]
    pairs: tuple[Pair, ...]


def by_category(table: Table, profiles: Profiles, main: Profile | None) -> Groups | None:
    """Split the main measure by each category, and keep the split that explains most of it."""
    if main is None or main.present < _LEAST_ROWS:
        return None
    values = table.series(main.column)
    most = min(_MOST_GROUPS, table.rows // 4)
    fitting = [p for p in profiles.columns if p.column.kind is Kind.CATEGORY and 1 < p.distinct <= most]
    splits = [_split(table, p, main, values) for p in fitting[:_CATEGORIES]]
    return max((split for split in splits if split), key=lambda split: split.explained, default=None)


def _split(table: Table, category: Profile, main: Profile, values: pl.Series) -> Groups | None:
    how = "total" if adds_up(main.column) else "mean"
    value = pl.col("value")
    frame = pl.DataFrame({"group": table.series(category.column), "value": values}).drop_nulls()
    told = frame.group_by("group").agg(
        value.len().alias("rows"), value.mean().alias("mean"), value.sum().alias("total")
    )
    whole = frame["value"].var(ddof=0)
    if len(told) < 2 or not isinstance(whole, float) or whole <= 0:  # noqa: PLR2004 - nothing to compare
        return None
    mean = frame["value"].mean()
    between = told.select((pl.col("rows") * (pl.col("mean") - mean) ** 2).sum()).item() / len(frame)
    ordered = told.sort([how, "group"], descending=[True, False])
    return Groups(
        category=category.column.name,
        measure=main.column.name,
        how=how,
        unit=main.column.unit,
        explained=float(between / whole),
        groups=tuple(
            Group(name=shown(name), rows=rows, value=float(told))
            for name, rows, told in ordered.select("group", "rows", how).iter_rows()
        ),
    )


def relations(table: Table, followed: Sequence[Profile]) -> Relations:
    """Compute the rank correlation of every pair of the fullest measures, on a sample of the rows."""
    fullest = sorted(followed, key=lambda p: -p.present)[:MAX_COLUMNS_COMPARED]
    chosen = [p for p in followed if p in fullest]
    if len(chosen) < 2:  # noqa: PLR2004 - a pair
        return Relations(names=(), pairs=())
    taken = pl.int_range(table.rows, dtype=pl.UInt32, eager=True)
    if table.rows > _PAIR_ROWS:
        taken = taken.sample(_PAIR_ROWS, seed=_SEED).sort()
    frame = pl.DataFrame([table.series(p.column).gather(taken) for p in chosen])
    pairs = [
        pair
        for n, one in enumerate(chosen)
        for other in chosen[n + 1 :]
        if (pair := _pair(frame, one, other)) is not None
    ]
    return Relations(
        names=tuple(p.column.name for p in chosen), pairs=tuple(sorted(pairs, key=lambda pair: -abs(pair.rho)))
    )


def _pair(frame: pl.DataFrame, one: Profile, other: Profile) -> Pair | None:
    both = frame.select(one.column.key, other.column.key).drop_nulls()
    if len(both) < _LEAST_PAIR:
        return None
    rho = both.select(pl.corr(one.column.key, other.column.key, method="spearman")).item()
    if rho is None or rho != rho:  # noqa: PLR0124 - NaN: one of them does not vary
        return None
    return Pair(one=one.column.name, other=other.column.name, rho=float(rho), rows=len(both))
