"""The rows and columns that are used: no more of them than fit, and every one that is not is accounted for."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from worker.catalogue.train import inputs as choice
from worker.catalogue.train.inputs import Inputs
from worker.catalogue.train.limits import MAX_CELLS, MAX_ROWS, MIN_ROWS
from worker.catalogue.train.params import Params
from worker.catalogue.train.split import sample
from worker.catalogue.train.tables import Loaded
from worker.catalogue.train.target import Target, find, rows_with, target_of
from worker.catalogue.wording.words import count
from worker.steps import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """Target and inputs in the same rows."""

    target: Target
    inputs: Inputs
    #: Sentences on the rows that are not used.
    notes: tuple[str, ...]


def material(step: Step, loaded: Loaded, params: Params, look: Callable[[], None]) -> Material:
    """Choose them, with a *look* at whether the job is to go on in between; JobFailed where they allow no training."""
    table = loaded.typed(step)
    column = find(table.columns, params.target or loaded.target or table.columns[-1].name)
    values = table.series(column)
    with_target = rows_with(column, values)
    rows = sample(with_target, _fitting(len(table.columns)), params.seed)
    inputs = choice.chosen(table, column, rows, look)
    fewer = sample(np.arange(len(rows)), _fitting(choice.width(inputs)), params.seed)
    target = target_of(column, values.gather(rows[fewer]), params.task)
    notes = _notes(column.name, table.rows - len(with_target), len(with_target), len(fewer))
    return Material(target=target, inputs=inputs.only(fewer[target.places]), notes=(*notes, *target.notes))


def _fitting(width: int) -> int:
    return min(MAX_ROWS, max(MIN_ROWS, MAX_CELLS // max(1, width)))


def _notes(name: str, missing: int, present: int, used: int) -> list[str]:
    verb = "was" if missing == 1 else "were"
    notes = [f"{count(missing, 'row')} without a value of {name} {verb} left out."] if missing else []
    if used < present:
        notes.append(f"Of {present:,} rows {used:,} were drawn by lot, the most that such a table is learnt from.")
    return notes
