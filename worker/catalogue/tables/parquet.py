"""Read an uploaded Parquet file: its columns are typed already, its claims are not to be believed."""

from pathlib import Path

import polars as pl
from polars.exceptions import PanicException, PolarsError

from worker.catalogue.tables.dialect import unique_names
from worker.catalogue.tables.limits import MAX_COLUMNS
from worker.catalogue.tables.read import Reading, check_size
from worker.catalogue.tables.share import Counts
from worker.catalogue.tables.table import RawTable
from worker.catalogue.wording import tongue
from worker.catalogue.wording.tongue import say
from worker.catalogue.wording.words import count
from worker.outcomes import JobFailed


def read_parquet(step: Counts, path: Path) -> tuple[RawTable, Reading]:
    """Read what the file says of itself; the columns are loaded when they are looked at."""
    try:
        scan = pl.scan_parquet(path, glob=False)
        stored = tuple(scan.collect_schema().names())
        rows = int(scan.select(pl.len()).collect().item())
    except (PolarsError, PanicException) as broken:
        raise JobFailed("broken_parquet", "The Parquet file is damaged or cannot be read.") from broken
    _check(rows, len(stored))
    step.progress(done=rows, total=rows, unit="rows", message=say("{rows} found", rows=count(rows, "row")))
    names, renamed = unique_names(stored)
    tongue.heard(names)
    raw = RawTable(parts=(path,), names=names, rows=rows, stored=stored, numbered=False)
    told = say("{names} that was empty or too long got a name of its own.", names=count(renamed, "column name"))
    notes = (told,) if renamed else ()
    return raw, Reading(
        format="Parquet",
        size=path.stat().st_size,
        encoding="",
        delimiter="",
        rows=rows,
        columns=len(names),
        bad_rows=0,
        bad_shown=(),
        notes=notes,
    )


def _check(rows: int, columns: int) -> None:
    if columns > MAX_COLUMNS:
        raise JobFailed(
            "too_many_columns", f"The table has {columns:,} columns; a report takes {MAX_COLUMNS:,} at most."
        )
    if not rows or not columns:
        raise JobFailed("no_rows", "The Parquet file has no rows.")
    check_size(rows, columns)
