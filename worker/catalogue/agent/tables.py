"""Uploaded tables into the database, one after the other, and what each of them holds."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import duckdb

from worker.catalogue.agent.cells import plain
from worker.catalogue.agent.formats import JSON, JSON_LINES, PARQUET, WORKBOOKS, ending
from worker.catalogue.agent.inventory import Column, Table
from worker.catalogue.agent.limits import DESCRIBED_COLUMNS, DESCRIBED_VALUES, LOAD_SECONDS, MAX_ROWS
from worker.catalogue.agent.sandbox import Refused, Sandbox
from worker.catalogue.agent.text import opened, unreadable

_CSV_READER = (
    "read_csv(?, sample_size=-1, null_padding=true, strict_mode=false,"
    " nullstr=['', 'NA', 'N/A', 'n/a', 'null', 'NULL'])"
)
_NUMBERS = frozenset(
    {
        *("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"),
        *("UHUGEINT", "FLOAT", "DOUBLE", "DECIMAL"),
    }
)
_CHUNK = 1 << 20


def reader_of(kind: str) -> str:
    """How the database reads a file whose name ends so."""
    if kind in PARQUET | WORKBOOKS:
        return "read_parquet(?)"
    if kind in JSON | JSON_LINES:
        return f"read_json(?, format='{'array' if kind in JSON else 'newline_delimited'}')"
    return _CSV_READER


class Tables:
    """Fills a sandbox; *folder* takes the copies that the database reads."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self.sandbox, self._folder = sandbox, folder
        self._names: set[str] = set()
        folder.mkdir(parents=True, exist_ok=True)

    def load(self, file: IO[bytes], name: str, upload: str) -> Iterator[Table]:
        """The tables of one file: one, or one of each sheet. JobFailed ``unreadable`` where there is none."""
        kind = ending(name)
        for sheet, path in self._copies(file, kind):
            table = self._named(f"{Path(name).stem}_{sheet}" if sheet else name)
            rows, notes = self._create(table, path, reader_of(kind))
            if not rows:
                raise unreadable("The table has no rows.")
            yield Table(
                name=table, file=name, sheet=sheet, upload=upload, rows=rows, columns=self._columns(table), notes=notes
            )

    def _copies(self, file: IO[bytes], kind: str) -> Iterator[tuple[str, Path]]:
        """Files under names of ours: one that a sender chose could be a pattern, or say what is not so."""
        if kind in WORKBOOKS:
            yield from self._sheets(file)
            return
        path = self._path(kind)
        if kind in PARQUET:
            with path.open("wb") as copy:
                while chunk := file.read(_CHUNK):
                    copy.write(chunk)
        else:
            with opened(file) as text, path.open("w", encoding="utf-8") as copy_of_text:
                while piece := text.read(_CHUNK):
                    copy_of_text.write(piece.removeprefix("\ufeff"))
        yield "", path

    def _sheets(self, file: IO[bytes]) -> Iterator[tuple[str, Path]]:
        import polars as pl  # noqa: PLC0415 - for workbooks alone

        try:
            sheets = pl.read_excel(file, sheet_id=0, engine="calamine", raise_if_empty=False)
        except Exception as broken:  # of two libraries, and what they rest on
            raise unreadable("The workbook cannot be read.") from broken
        filled = {name: sheet for name, sheet in sheets.items() if sheet.height and sheet.width}
        if not filled:
            raise unreadable("The workbook has no rows.")
        for name, sheet in filled.items():
            path = self._path(".parquet")
            sheet.write_parquet(path)
            yield (name if len(filled) > 1 else ""), path

    def _path(self, kind: str) -> Path:
        return self._folder / f"{len(list(self._folder.iterdir()))}{kind}"

    def _named(self, name: str) -> str:
        """A name that SQL can say without quotes, unlike any other."""
        stem = name.lower().removesuffix(".gz")
        plain_name = re.sub(r"\W+", "_", stem.removesuffix(ending(stem))).strip("_")[:60] or "table"
        found = plain_name if not plain_name[0].isdigit() else f"t_{plain_name}"
        tried = (found, *(f"{found}_{n}" for n in range(2, 1000)))
        chosen = next(each for each in tried if each not in self._names)
        self._names.add(chosen)
        return chosen

    def _create(self, table: str, path: Path, reader: str) -> tuple[int, list[str]]:
        try:
            return self._fill(table, path, reader), []
        except duckdb.Error as error:
            if not reader.startswith("read_csv"):
                raise unreadable("The table is damaged or none that can be read.") from error
        try:
            rows = self._fill(table, path, reader.replace("sample_size", "store_rejects=true, sample_size"))
            bad = self.sandbox.load("SELECT count(DISTINCT line) FROM reject_errors", [], LOAD_SECONDS)[0][0]
            self.sandbox.load("DROP TABLE IF EXISTS reject_errors", [], LOAD_SECONDS)
            self.sandbox.load("DROP TABLE IF EXISTS reject_scans", [], LOAD_SECONDS)
        except (duckdb.Error, Refused) as error:
            raise unreadable("The table is damaged or none that can be read.") from error
        return rows, [f"{bad:,} rows that do not fit were left out"]

    def _fill(self, table: str, path: Path, reader: str) -> int:
        made = f'CREATE OR REPLACE TABLE "{table}" AS SELECT * FROM {reader} LIMIT {MAX_ROWS}'  # noqa: S608 - ours
        self.sandbox.load(made, [str(path)], LOAD_SECONDS)
        return int(self.sandbox.load(f'SELECT count(*) FROM "{table}"', [], LOAD_SECONDS)[0][0])  # noqa: S608 - ours

    def _columns(self, table: str) -> list[Column]:
        found = self.sandbox.load(f'DESCRIBE "{table}"', [], LOAD_SECONDS)
        return [self._column(table, str(name), str(kind)) for name, kind, *_ in found[:DESCRIBED_COLUMNS]]

    def _column(self, table: str, name: str, kind: str) -> Column:
        quoted = '"' + name.replace('"', '""') + '"'
        sort = kind_of(kind)
        if sort in ("number", "date"):
            (low, high), *_ = self._ask(f'SELECT min({quoted}), max({quoted}) FROM "{table}"')  # noqa: S608 - ours
            return Column(name=name, kind=sort, type=kind, low=str(plain(low)), high=str(plain(high)))
        if sort != "text":
            return Column(name=name, kind=sort, type=kind)
        counted = self._ask(
            f'SELECT {quoted}, count(*) FROM "{table}" WHERE {quoted} IS NOT NULL'  # noqa: S608 - ours
            f" GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {DESCRIBED_VALUES + 1}"
        )
        few = len(counted) <= DESCRIBED_VALUES
        return Column(
            name=name, kind=sort, type=kind, values=[str(plain(value)) for value, _ in counted] if few else []
        )

    def _ask(self, query: str) -> list[tuple[Any, ...]]:
        return self.sandbox.load(query, [], LOAD_SECONDS)


def kind_of(type_name: str) -> str:
    """What a question can do with a column of the database's type."""
    base = type_name.upper().partition("(")[0]
    if base in _NUMBERS:
        return "number"
    if base == "DATE" or base.startswith("TIMESTAMP"):
        return "date"
    return "text" if base in ("VARCHAR", "BOOLEAN") or base.startswith("ENUM") else base.lower()
