"""What is predicted: a class or a quantity, how that was decided, and which rows have one."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import polars as pl

from worker.catalogue.tables.table import Column, Kind
from worker.catalogue.train.limits import MAX_CLASSES, MIN_CLASS_ROWS, MIN_ROWS
from worker.catalogue.wording.words import count, listing, shown
from worker.outcomes import JobFailed

#: Whole numbers of so many values are rather names of classes, where each stands in as many rows on average.
_FEW_NUMBERS, _ROWS_EACH = 20, 5
_NAMED = 30

Array = np.ndarray[Any, np.dtype[Any]]


class Task(StrEnum):
    """What kind of thing is predicted."""

    #: One of several names.
    CLASSIFICATION = "classification"
    #: A quantity.
    REGRESSION = "regression"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What is predicted, in the rows that can be used."""

    name: str
    task: Task
    #: Why it is that task.
    why: str
    #: Places of those rows among the ones that were asked about, ascending.
    places: Array
    #: The class of each of them, or its quantity.
    values: Array
    notes: tuple[str, ...]

    @property
    def classes(self) -> Array:
        """The classes in their order; none of a quantity."""
        return np.unique(self.values) if self.task is Task.CLASSIFICATION else np.empty(0)


def find(columns: Sequence[Column], wanted: str) -> Column:
    """The column of that name, whatever its capitals; JobFailed where there is none, or it holds nothing to predict."""
    named = {column.name: column for column in columns}
    alike = [column for column in columns if column.name.casefold() == wanted.strip().casefold()]
    if wanted in named or len(alike) == 1:
        column = named.get(wanted) or alike[0]
        _check_kind(column)
        return column
    raise JobFailed(
        "no_such_column",
        f"There is no column {shown(wanted)!r} to predict. The table has {listing([*named], _NAMED)}.",
    )


def _check_kind(column: Column) -> None:
    """JobFailed where *column* holds nothing that can be predicted."""
    if column.kind is Kind.EMPTY:
        raise JobFailed("no_target", f"The column {column.name!r} has no values, so nothing can be learnt from it.")
    if column.kind in (Kind.DATE, Kind.NESTED):
        what = "dates" if column.kind is Kind.DATE else "lists or structures"
        raise JobFailed("target_unsuitable", f"{column.name!r} holds {what}, which cannot be predicted here.")


def rows_with(column: Column, values: pl.Series) -> Array:
    """Numbers of the rows that have a value of the target; JobFailed where all of them have the same."""
    rows = np.flatnonzero(values.is_not_null().to_numpy())
    if values.drop_nulls().n_unique() == 1:
        value = shown(values.drop_nulls()[0])
        raise JobFailed("constant_target", f"{column.name!r} is {value!r} in every row: there is nothing to predict.")
    return rows


def target_of(column: Column, found: pl.Series, wanted: str) -> Target:
    """What is predicted of *found*, values of the column *column*; JobFailed where it does not do."""
    task, why = _task(column, found, wanted)
    values = found.to_numpy() if task is Task.REGRESSION else _labels(found)
    rare = _rare(values) if task is Task.CLASSIFICATION else values[:0]
    places = np.flatnonzero(~np.isin(values, rare)) if len(rare) else np.arange(len(values))
    values = values[places]
    _check(column, values)
    notes = (_left_out(column, [shown(each, 40) for each in rare]),) if len(rare) else ()
    return Target(name=column.name, task=task, why=why, places=places, values=values, notes=notes)


def _task(column: Column, found: pl.Series, wanted: str) -> tuple[Task, str]:
    different, number = found.n_unique(), found.dtype == pl.Float64
    few = number and _whole(found) and different <= min(_FEW_NUMBERS, len(found) / _ROWS_EACH)
    if wanted == Task.REGRESSION or (wanted == "auto" and number and not few):
        if not number:
            raise JobFailed(
                "target_unsuitable", f"{column.name!r} holds words, so no quantity: ask for classification."
            )
        return Task.REGRESSION, f"{column.name} is a quantity of {different:,} different values"
    if different > MAX_CLASSES:
        raise JobFailed(
            "too_many_classes",
            f"{column.name!r} has {different:,} different values; {MAX_CLASSES} classes at most can be told apart.",
        )
    kind = f"{different} whole numbers" if few else count(different, "different value")
    return Task.CLASSIFICATION, f"{column.name} has {kind}"


def _whole(found: pl.Series) -> bool:
    return bool((found.floor() == found).all())


def _labels(found: pl.Series) -> Array:
    """The classes as NumPy has them, whole numbers as such."""
    if found.dtype == pl.Float64:
        return found.cast(pl.Int64).to_numpy() if _whole(found) else np.array([f"{value:g}" for value in found])
    return np.array(found.to_list(), dtype=np.str_)


def _rare(labels: Array) -> Array:
    names, counts = np.unique(labels, return_counts=True)
    return names[counts < MIN_CLASS_ROWS]


def _left_out(column: Column, rare: list[str]) -> str:
    many = count(len(rare), "class of", "classes of")
    verb = "was" if len(rare) == 1 else "were"
    return f"{many} {column.name} with fewer than {MIN_CLASS_ROWS} rows {verb} left out: {listing(rare)}."


def _check(column: Column, values: Array) -> None:
    if len(values) < MIN_ROWS:
        raise JobFailed(
            "too_few_rows",
            f"{count(len(values), 'row')} can be used, with a value of {column.name!r};"
            f" a model needs {MIN_ROWS} at least.",
        )
    if len(np.unique(values)) == 1:
        raise JobFailed(
            "constant_target", f"{column.name!r} has one class with enough rows: there is nothing to tell apart."
        )
