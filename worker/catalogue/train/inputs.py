"""Which columns are learnt from, which are not and why, and how numbers and words become what an estimator takes."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from worker.catalogue.tables.table import Column, Kind
from worker.catalogue.train.limits import MAX_CATEGORIES, MAX_WORDS
from worker.catalogue.train.tables import Columns
from worker.catalogue.wording.words import count

Array = np.ndarray[Any, np.dtype[Any]]

#: Kinds of columns that are not learnt from, and what is said of them.
_UNUSED = {
    Kind.DATE: "dates",
    Kind.IDENTIFIER: "an identifier",
    Kind.TEXT: "free text",
    Kind.EMPTY: "no values",
    Kind.NESTED: "lists or structures",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """The columns that are learnt from, in the rows that are used; a name stands for its column everywhere."""

    frame: pl.DataFrame
    numbers: tuple[str, ...]
    categories: tuple[str, ...]
    #: Column → why it was left out.
    dropped: dict[str, str]

    @property
    def names(self) -> list[str]:
        """All of them, in the table's order."""
        return [name for name in self.frame.columns if name in {*self.numbers, *self.categories}]

    def only(self, places: Array) -> "Inputs":
        """These, in some of the rows."""
        return replace(self, frame=self.frame[places]) if self.frame.width else self

    def without(self, reasons: dict[str, str]) -> "Inputs":
        """These, less some columns."""
        return Inputs(
            frame=self.frame.drop(list(reasons)),
            numbers=tuple(name for name in self.numbers if name not in reasons),
            categories=tuple(name for name in self.categories if name not in reasons),
            dropped={**self.dropped, **reasons},
        )


def chosen(table: Columns, target: Column, rows: Array, look: Callable[[], None]) -> Inputs:
    """The columns beside *target* that can be learnt from, with a *look* before each."""
    columns = [column for column in table.columns if column.key != target.key]
    kept: dict[str, pl.Series] = {}
    dropped: dict[str, str] = {}
    for column in columns:
        look()
        why = _UNUSED.get(column.kind, "")
        if not why:
            values = table.series(column).gather(rows)
            why = f"{values.n_unique():,} different words" if _too_many(values) else ""
            kept |= {} if why else {column.name: values.alias(column.name)}
        dropped |= {column.name: why} if why else {}
    return Inputs(
        frame=pl.DataFrame(list(kept.values())),
        numbers=tuple(name for name, values in kept.items() if values.dtype == pl.Float64),
        categories=tuple(name for name, values in kept.items() if values.dtype == pl.String),
        dropped=dropped,
    )


def _too_many(values: pl.Series) -> bool:
    """Words of which hardly one comes twice."""
    return values.dtype == pl.String and values.n_unique() > min(MAX_WORDS, max(MAX_CATEGORIES, len(values) / 5))


def constant(inputs: Inputs, learnt_from: Array) -> dict[str, str]:
    """Columns that say nothing in the rows that are learnt from."""
    part = inputs.only(learnt_from).frame
    empty = {name: "no values in the rows to learn from" for name in part.columns if part[name].is_null().all()}
    alike = {
        name: "the same in every row to learn from"
        for name in part.columns
        if name not in empty and part[name].n_unique() == 1
    }
    return empty | alike


def width(inputs: Inputs) -> int:
    """How many numbers an estimator gets for a row, at most."""
    words = [min(inputs.frame[name].n_unique(), MAX_CATEGORIES) for name in inputs.categories]
    return len(inputs.numbers) + sum(words)


def preparation(inputs: Inputs) -> ColumnTransformer:
    """Numbers get the median where they are missing and one scale; words become a column each, missing is one more."""
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    words = OneHotEncoder(
        handle_unknown="infrequent_if_exist", max_categories=MAX_CATEGORIES, sparse_output=False, dtype=np.float64
    )
    parts = [("numbers", numbers, list(inputs.numbers)), ("words", words, list(inputs.categories))]
    return ColumnTransformer([part for part in parts if part[2]])


def told(inputs: Inputs) -> str:
    """What is learnt from, in words."""
    parts = [
        count(len(inputs.numbers), "column of numbers", "columns of numbers") if inputs.numbers else "",
        count(len(inputs.categories), "column of words", "columns of words") if inputs.categories else "",
    ]
    return " and ".join(part for part in parts if part)
