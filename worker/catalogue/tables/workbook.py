"""Read an Excel workbook: the sheet that was asked for, or the first that holds a table, as raw cells."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import fastexcel
import polars as pl

from worker.catalogue.tables.archive import Archive, broken
from worker.catalogue.tables.dialect import unique_names
from worker.catalogue.tables.grid import Layout, layout_of, notes_below
from worker.catalogue.tables.limits import MAX_COLUMNS
from worker.catalogue.tables.merged_cells import filled
from worker.catalogue.tables.read import Parts, Reading, cut_told, renamed_told
from worker.catalogue.tables.serials import with_dates
from worker.catalogue.tables.share import Counts
from worker.catalogue.tables.sheets import Extent, Sheet, extent_of, sheets_of
from worker.catalogue.tables.table import LINE, RawTable
from worker.catalogue.tables.workbook_told import layout_told, sheets_told
from worker.catalogue.wording import tongue
from worker.catalogue.wording.tongue import say
from worker.catalogue.wording.words import count, listing, shown
from worker.context import Context
from worker.outcomes import JobFailed

T = TypeVar("T")

#: Asks for every sheet.
ALL = "*"
_TOP = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A sheet with a table on it."""

    sheet: Sheet
    extent: Extent
    layout: Layout
    frame: pl.DataFrame


def read_workbook(
    ctx: Context, step: Counts, path: Path, folder: Path, wanted: str
) -> list[tuple[str, RawTable, Reading]]:
    """Read the table of one sheet, or of each where *wanted* is ``*``: its name, its cells, how they were read."""
    archive = Archive(path)
    archive.check()
    sheets = sheets_of(archive)
    reader = _guarded(lambda: fastexcel.read_excel(archive.content()))
    looked_at = _wanted(sheets, wanted)
    tables = _tables(ctx, archive, reader, looked_at)
    total = len(looked_at) if wanted == ALL else 1
    read: list[tuple[str, RawTable, Reading]] = []
    for done, one in enumerate(tables if wanted == ALL else _first(tables), 1):
        target = folder / f"sheet-{done}"
        target.mkdir(parents=True, exist_ok=True)
        raw, reading = _kept(one, target, archive.size, sheets)
        read.append((one.sheet.name, raw, reading))
        step.progress(done=done, total=total, unit="sheets", message=say("{rows} read", rows=count(raw.rows, "row")))
    if not read:
        raise JobFailed("no_rows", "The Excel workbook has no sheet with a header and rows below it.")
    step.progress(done=total, total=total, unit="sheets")
    return read


def _wanted(sheets: list[Sheet], wanted: str) -> list[Sheet]:
    """The sheets to be looked at: a hidden one only where it is asked for by its name."""
    if wanted in ("", ALL):
        return [sheet for sheet in sheets if not sheet.hidden]
    same = [sheet for sheet in sheets if sheet.name.strip().casefold() == wanted.strip().casefold()]
    if not same:
        names = listing([f"“{shown(sheet.name, 40)}”" for sheet in sheets], 8)
        raise JobFailed("no_such_sheet", f"sheet: “{shown(wanted)}” is no sheet of the workbook, which has {names}.")
    return same


def _tables(ctx: Context, archive: Archive, reader: Any, sheets: list[Sheet]) -> Iterator[Found]:
    for sheet in sheets:
        extent = extent_of(ctx, archive, sheet)
        if extent.block is None:
            continue
        frame = _guarded(partial(_loaded, reader, sheet.name))
        ctx.raise_if_cancelled()
        frame = filled(frame, extent)
        layout = layout_of(frame.head(_TOP).rows())
        if layout is not None and _columns(frame.slice(layout.begin)):
            yield Found(sheet=sheet, extent=extent, layout=layout, frame=frame)


def _columns(frame: pl.DataFrame) -> int:
    """How many columns have a value."""
    return sum(frame[name].null_count() < len(frame) for name in frame.columns)


def _first(tables: Iterator[Found]) -> list[Found]:
    """The first table of several columns; one of a single column, which may be mere text, where there is no other."""
    narrow: list[Found] = []
    for one in tables:
        if _columns(one.frame.slice(one.layout.begin)) > 1:
            return [one]
        narrow = narrow or [one]
    return narrow


def _loaded(reader: Any, name: str) -> pl.DataFrame:
    frame: pl.DataFrame = reader.load_sheet(name, header_row=None, skip_rows=0, dtypes="string").to_polars()
    return frame.rename({old: f"c{n}" for n, old in enumerate(frame.columns)}).cast(pl.String)


def _guarded(load: Callable[[], T]) -> T:
    """What the library gives; its panics are no errors of Python's, and say no more than that the file is broken."""
    try:
        return load()
    except fastexcel.FastExcelError as error:
        raise broken() from error
    except BaseException as error:
        if type(error).__name__ == "PanicException":
            raise broken() from error
        raise


def _kept(found: Found, folder: Path, size: int, sheets: list[Sheet]) -> tuple[RawTable, Reading]:
    """Write the rows below the header to a file, without empty rows and columns."""
    layout = found.layout
    body, notes = _body(found)
    kept = [n for n, name in enumerate(layout.names) if name or body[f"c{n}"].null_count() < len(body)]
    _check(found.sheet, body, kept)
    names, renamed = unique_names([layout.names[n] for n in kept])
    tongue.heard(names)
    parts = Parts(folder, len(kept))
    frame, dated = with_dates(body.select(*(pl.col(f"c{n}").alias(f"c{k}") for k, n in enumerate(kept)), LINE), names)
    parts.put(frame)
    told = [*sheets_told(found.sheet, sheets), *layout_told(layout, found.extent, notes)]
    told += [renamed_told(renamed)] if renamed and not layout.headless else []
    reading = Reading(
        format="Excel",
        size=size,
        encoding="",
        delimiter="",
        rows=parts.rows,
        columns=len(kept),
        bad_rows=0,
        bad_shown=(),
        notes=(*told, *dated, *cut_told(parts)),
        titles=layout.titles,
    )
    stored = tuple(f"c{n}" for n in range(len(kept)))
    return RawTable(parts=tuple(parts.paths), names=names, rows=parts.rows, stored=stored), reading


def _body(found: Found) -> tuple[pl.DataFrame, int]:
    """The rows of data, each with the sheet's row that it is; and how many notes below them were left out."""
    bottom = 0 if found.extent.block is None else found.extent.block.bottom
    cells = pl.exclude(LINE)
    lined = found.frame.with_row_index(LINE, offset=bottom - found.frame.height + 1).with_columns(
        pl.col(LINE).cast(pl.Int64)
    )
    body = lined.slice(found.layout.begin).with_columns(cells.str.strip_chars().replace("", None))
    body = body.filter(pl.any_horizontal(cells.is_not_null()))
    widths = body.select(pl.sum_horizontal(cells.is_not_null())).to_series().to_list()
    notes = notes_below(widths, found.frame.width)
    return body.head(len(body) - notes), notes


def _check(sheet: Sheet, body: pl.DataFrame, kept: list[int]) -> None:
    if body.is_empty() or not kept:
        raise JobFailed("no_rows", f"The sheet “{shown(sheet.name, 40)}” has a header but no rows.")
    if len(kept) > MAX_COLUMNS:
        raise JobFailed(
            "too_many_columns", f"The table has {len(kept):,} columns; a report takes {MAX_COLUMNS:,} at most."
        )
