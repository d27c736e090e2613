"""The small data sets that scikit-learn ships, as tables like any other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from sklearn import datasets

from worker.catalogue.tables.table import Column, Kind
from worker.catalogue.train.tables import Loaded

#: Data set → what it is called, its target's name, and what loads it.
_SETS: dict[str, tuple[str, str, Callable[[], Any]]] = {
    "iris": ("Iris", "species", datasets.load_iris),
    "wine": ("Wine", "cultivar", datasets.load_wine),
    "breast_cancer": ("Breast cancer, Wisconsin", "diagnosis", datasets.load_breast_cancer),
    "digits": ("Handwritten digits", "digit", datasets.load_digits),
    "diabetes": ("Diabetes", "progression", datasets.load_diabetes),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipped:
    """A table that is in memory whole."""

    columns: Sequence[Column]
    values: dict[str, pl.Series]

    @property
    def rows(self) -> int:
        return len(self.values[self.columns[0].key])

    def series(self, column: Column) -> pl.Series:
        """One column's values."""
        return self.values[column.key]


def shipped(name: str) -> Loaded:
    """One of scikit-learn's data sets, the target as its last column."""
    title, target, load = _SETS[name]
    found = load()
    values = {str(feature): pl.Series(found.data[:, n]) for n, feature in enumerate(found.feature_names)}
    values[target] = _named(found.target, [str(each) for each in found.get("target_names", ())])
    table = Shipped(columns=[_column(name, series) for name, series in values.items()], values=values)
    return Loaded(name=title, rows=table.rows, width=len(values), target=target, typed=lambda _step: table)


def _named(target: "np.ndarray[Any, Any]", names: Sequence[str]) -> pl.Series:
    """The classes by their names; digits, and quantities, stay numbers."""
    if not names or names[0].isdecimal():
        return pl.Series(target, dtype=pl.Float64)
    return pl.Series([names[each] for each in target])


def _column(name: str, values: pl.Series) -> Column:
    if values.dtype == pl.String:
        return Column(key=name, name=name, kind=Kind.CATEGORY)
    return Column(key=name, name=name, kind=Kind.NUMBER, whole=bool((values.floor() == values).all()))
