"""Read the data: from the upload to raw cells in files, with every row accounted for."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import polars as pl

from worker.catalogue.report.dialect import Dialect, sniff
from worker.catalogue.report.limits import MAX_CELL_CHARS, MAX_CELLS, MAX_ROWS, SAMPLE_BYTES
from worker.catalogue.report.rows import BadRow, BadRows, Lines, Row, batches
from worker.catalogue.report.source import GZIP, find_encoding, lines, opened
from worker.catalogue.report.table import LINE, RawTable
from worker.catalogue.report.words import count
from worker.context import Context
from worker.outcomes import JobFailed
from worker.steps import Step


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


class Parts:
    """Batches of rows, each written to a file of its own."""

    def __init__(self, folder: Path, width: int) -> None:
        self._folder = folder
        self._width = width
        self.paths: list[Path] = []
        self.rows = 0
        self.cut = 0

    def add(self, rows: Sequence[Row]) -> None:
        """Write one batch; cells that are too long to be looked at are cut."""
        cells = list(zip(*rows, strict=True))
        columns = [self._column(index, cells[index]) for index in range(self._width)]
        frame = pl.DataFrame([*columns, pl.Series(LINE, cells[-1], dtype=pl.Int64)])
        path = self._folder / f"raw-{len(self.paths):05}.parquet"
        frame.write_parquet(path, compression="lz4", statistics=False)
        self.paths.append(path)
        self.rows += len(rows)
        check_size(self.rows, self._width)

    def _column(self, index: int, cells: Sequence[object]) -> pl.Series:
        column = pl.Series(f"c{index}", cells, dtype=pl.String)
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


def read_text(ctx: Context, step: Step, raw: IO[bytes], folder: Path) -> tuple[RawTable, Reading]:
    """Read a CSV file or one of its kin, whatever its delimiter and encoding."""
    size = raw.seek(0, 2)
    codec = find_encoding(raw)
    with opened(raw, codec) as text:
        sample = text.read(SAMPLE_BYTES)
    dialect = sniff(sample, whole=len(sample) < SAMPLE_BYTES)
    bad = BadRows()
    parts = Parts(folder, dialect.width)
    with opened(raw, codec) as text:
        counted = Lines(lines(text))
        for rows in batches(counted, dialect, bad):
            parts.add(rows)
            step.progress(done=raw.tell(), total=size, unit="bytes", message=f"{count(parts.rows, 'row')} read")
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
        notes.append("The first row looks like data, so the columns are called column 1, column 2 and so on.")
    elif dialect.skip > 1:
        notes.append(f"{count(dialect.skip - 1, 'line')} above the header were skipped.")
    if dialect.renamed:
        notes.append(f"{count(dialect.renamed, 'column name')} that was empty or not unique got a name of its own.")
    if bad.count:
        notes.append(bad.told(dialect.width))
    if parts.cut:
        notes.append(f"{count(parts.cut, 'cell')} longer than {MAX_CELL_CHARS} characters were cut there.")
    return notes


def _strange(undecodable: int, codec: str) -> list[str]:
    where = count(undecodable, "line has signs", "lines have signs")
    return [f"{where} that are not valid {codec}; they are shown as \ufffd."] if undecodable else []
