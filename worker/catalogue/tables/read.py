"""Read the data: from the upload to raw cells in files, with every row accounted for."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import polars as pl

from worker.catalogue.tables.dialect import Dialect, sniff
from worker.catalogue.tables.limits import MAX_CELL_CHARS, MAX_CELLS, MAX_ROWS
from worker.catalogue.tables.rows import BadRow, BadRows, Lines, Row, batches
from worker.catalogue.tables.share import Counts
from worker.catalogue.tables.source import find_encoding, lines
from worker.catalogue.tables.table import LINE, RawTable
from worker.catalogue.texts.decoding import opened
from worker.catalogue.texts.limits import SAMPLE_BYTES
from worker.catalogue.texts.unpacking import GZIP
from worker.catalogue.wording import tongue
from worker.catalogue.wording.tongue import say
from worker.catalogue.wording.words import count
from worker.context import Context
from worker.outcomes import JobFailed


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What was read, and how."""

    format: str
    size: int
    encoding: str
    delimiter: str
    rows: int
    columns: int
    bad_rows: int
    bad_shown: tuple[BadRow, ...]
    #: Sentences on what the reader decided.
    notes: tuple[str, ...]
    #: What stands above the header: a unit, a company's name.
    titles: tuple[str, ...] = ()


class Parts:
    """Batches of rows, each written to a file of its own."""

    def __init__(self, folder: Path, width: int) -> None:
        self._folder = folder
        self.width = width
        self.paths: list[Path] = []
        self.rows = 0
        self.cut = 0

    def add(self, rows: Sequence[Row]) -> None:
        """Write one batch; cells that are too long to be looked at are cut."""
        cells = list(zip(*rows, strict=True))
        columns = [self._column(index, cells[index]) for index in range(self.width)]
        self._write(pl.DataFrame([*columns, pl.Series(LINE, cells[-1], dtype=pl.Int64)]))

    def put(self, frame: pl.DataFrame) -> None:
        """Write columns that are together already."""
        self._write(frame.with_columns(self._cut(frame[f"c{index}"]) for index in range(self.width)))

    def _write(self, frame: pl.DataFrame) -> None:
        path = self._folder / f"raw-{len(self.paths):05}.parquet"
        frame.write_parquet(path, compression="lz4", statistics=False)
        self.paths.append(path)
        self.rows += len(frame)
        check_size(self.rows, self.width)

    def _column(self, index: int, cells: Sequence[object]) -> pl.Series:
        return self._cut(pl.Series(f"c{index}", cells, dtype=pl.String))

    def _cut(self, column: pl.Series) -> pl.Series:
        longest = column.str.len_bytes().max()
        if isinstance(longest, int) and longest > MAX_CELL_CHARS:
            self.cut += int((column.str.len_chars() > MAX_CELL_CHARS).sum())
            return column.str.head(MAX_CELL_CHARS)
        return column


def check_size(rows: int, columns: int) -> None:
    """Refuse a table that is larger than what a report can hold."""
    if rows > MAX_ROWS or rows * columns > MAX_CELLS:
        raise JobFailed(
            "too_large",
            f"The table is larger than {MAX_ROWS:,} rows or {MAX_CELLS:,} cells, the most that a report takes.",
        )


def read_text(ctx: Context, step: Counts, raw: IO[bytes], folder: Path) -> tuple[RawTable, Reading]:
    """Read a CSV file or one of its kin, whatever its delimiter and encoding."""
    size = raw.seek(0, 2)
    codec = find_encoding(raw)
    with opened(raw, codec) as text:
        sample = text.read(SAMPLE_BYTES)
    dialect = sniff(sample, whole=len(sample) < SAMPLE_BYTES)
    tongue.heard(dialect.names)
    bad = BadRows()
    parts = Parts(folder, dialect.width)
    with opened(raw, codec) as text:
        counted = Lines(lines(text))
        for rows in batches(counted, dialect, bad):
            parts.add(rows)
            step.progress(
                done=raw.tell(), total=size, unit="bytes", message=say("{rows} read", rows=count(parts.rows, "row"))
            )
            ctx.raise_if_cancelled()
    _check_found(parts.rows, bad, dialect)
    raw.seek(0)
    reading = Reading(
        format="CSV, gzipped" if raw.read(2) == GZIP else "CSV",
        size=size,
        encoding=codec,
        delimiter=dialect.spoken,
        rows=parts.rows,
        columns=dialect.width,
        bad_rows=bad.count,
        bad_shown=tuple(bad.shown),
        notes=(*_notes(dialect, bad, parts), *_strange(counted.undecodable, codec)),
        titles=dialect.titles,
    )
    numbers = range(dialect.width)
    stored = tuple(f"c{n}" for n in numbers)
    return RawTable(parts=tuple(parts.paths), names=dialect.names, rows=parts.rows, stored=stored), reading


def _check_found(rows: int, bad: BadRows, dialect: Dialect) -> None:
    if rows:
        return
    if bad.count:
        raise JobFailed("no_rows", f"No row fits the header. {bad.told(dialect.width)}")
    raise JobFailed("no_rows", f"The file has a header of {count(dialect.width, 'column')} but no rows.")


def _notes(dialect: Dialect, bad: BadRows, parts: Parts) -> list[str]:
    notes: list[str] = []
    if dialect.headless:
        notes.append(say("The first row looks like data, so the columns are called column 1, column 2 and so on."))
    elif dialect.skip > 1:
        notes.append(say("{lines} above the header were skipped.", lines=count(dialect.skip - 1, "line")))
    if dialect.renamed:
        notes.append(renamed_told(dialect.renamed))
    if bad.count:
        notes.append(bad.told(dialect.width))
    return [*notes, *cut_told(parts)]


def renamed_told(renamed: int) -> str:
    """Tell of names that were made up."""
    names = count(renamed, "column name")
    return say("{names} that was empty or not unique got a name of its own.", names=names)


def cut_told(parts: Parts) -> list[str]:
    """Tell of cells that were cut, if any were."""
    cells = count(parts.cut, "cell")
    return (
        [say("{cells} longer than {most} characters were cut there.", cells=cells, most=MAX_CELL_CHARS)]
        if parts.cut
        else []
    )


def _strange(undecodable: int, codec: str) -> list[str]:
    where = count(undecodable, "line has signs", "lines have signs")
    told = say("{lines} that are not valid {codec}; they are shown as \ufffd.", lines=where, codec=codec)
    return [told] if undecodable else []
