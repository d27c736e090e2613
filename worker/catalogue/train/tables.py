"""What is learnt from, before anything is chosen: columns of numbers and of words, each loaded when it is asked for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import polars as pl

from worker.catalogue.tables.parquet import read_parquet
from worker.catalogue.tables.profile import profile_columns
from worker.catalogue.tables.read import read_text
from worker.catalogue.tables.source import PARQUET
from worker.catalogue.tables.table import Column
from worker.catalogue.tables.upload import name_of
from worker.catalogue.wording.words import count
from worker.context import Context
from worker.steps import Step


class Columns(Protocol):
    """A table by its columns: numbers as Float64, words as String."""

    @property
    def rows(self) -> int: ...
    @property
    def columns(self) -> Sequence[Column]: ...
    def series(self, column: Column) -> pl.Series: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A table that has been read, before it is known what its columns hold."""

    name: str
    rows: int
    width: int
    #: The column that is predicted unless the sender says something else; the last one if empty.
    target: str = ""
    #: Finds out what the columns hold, and counts them.
    typed: Callable[[Step], Columns]
    #: Sentences on what the reader decided.
    notes: tuple[str, ...] = ()

    @property
    def size(self) -> str:
        """How large it is, in words."""
        return f"{count(self.rows, 'row')}, {count(self.width, 'column')}"


def uploaded(ctx: Context, step: Step, file_id: str) -> Loaded:
    """The table of an upload, read as the job type `report` reads it: any delimiter, encoding and way of writing."""
    folder = ctx.workdir / "table"
    folder.mkdir(parents=True, exist_ok=True)
    with ctx.open_file(file_id) as raw:
        name = name_of(raw)
        if raw.read(4) == PARQUET:
            cells, reading = read_parquet(step, ctx.file_path(file_id))
        else:
            cells, reading = read_text(ctx, step, raw, folder)

    def typed(step: Step) -> Columns:
        return profile_columns(ctx, step, cells, folder, comma_likely=reading.delimiter == "semicolon")[0]

    return Loaded(name=name, rows=reading.rows, width=reading.columns, typed=typed, notes=reading.notes)
