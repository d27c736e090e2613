"""CSV as Parquet, row by row, with the type of each column found from all of its values."""

from pathlib import Path
from typing import Any

import polars as pl

from worker.catalogue.files import limits, naming
from worker.catalogue.files.refused import Refused
from worker.catalogue.texts.encodings import is_utf8, likeliest
from worker.catalogue.texts.marks import by_mark

_ENDINGS = {".csv", ".tsv", ".tab", ".psv"}
_DELIMITERS = (",", ";", "\t", "|")
_START = 64 * limits.KIB
_PACKED = (b"\x1f\x8b", b"PK\x03\x04", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd")
_LINES = 50


def work(source: Path, name: str, target: Path, operation: dict[str, Any]) -> dict[str, Any]:
    with source.open("rb") as file:
        start = file.read(_START)
    _refuse(start, claims=naming.suffix_of(name) in _ENDINGS)
    text = _as_utf8(source, start)
    try:
        return _written(text, target, operation, _delimiter(start, text, operation["delimiter"]))
    finally:
        if text != source:
            text.unlink(missing_ok=True)


def _refuse(start: bytes, *, claims: bool) -> None:
    if not start.strip():
        raise Refused("empty_file", "The file is empty.", skipped=not claims)
    if start.startswith(_PACKED) or (b"\0" in start and by_mark(start) is None):
        raise Refused("not_a_table", "The file is none of text, so no CSV.", skipped=not claims)
    if not claims:
        raise Refused("not_a_table", "The file is not called a CSV (.csv, .tsv, .tab, .psv).", skipped=True)


def _as_utf8(source: Path, start: bytes) -> Path:
    """The file itself, or a copy in UTF-8 beside it."""
    codec = _codec(source, start)
    if codec == "utf-8":
        return source
    copy = source.with_suffix(".utf8")
    with source.open(encoding=codec, errors="replace", newline="") as file, copy.open("w", newline="") as made:
        while piece := file.read(limits.CHUNK):
            made.write(piece)
    return copy


def _codec(source: Path, start: bytes) -> str:
    marked = by_mark(start)
    if marked is not None:
        return marked
    with source.open("rb") as file:
        for line in file:
            if not is_utf8(line):
                return likeliest([line, *file.read(_START).splitlines()])
    return "utf-8"


def _delimiter(start: bytes, text: Path, wished: str) -> str:
    """As wished, or the one that stands equally often in the most lines; a comma where there is none."""
    if wished != "auto":
        return wished
    with text.open("rb") as file:
        lines = [line for line in file.read(len(start)).decode("utf-8", "replace").splitlines() if line][:_LINES]

    def fit(mark: str) -> tuple[int, int]:
        counts = [line.count(mark) for line in lines]
        usual = max(set(counts), key=counts.count)
        return (counts.count(usual) if usual else 0, usual)

    return max(_DELIMITERS, key=fit)


def _written(text: Path, target: Path, operation: dict[str, Any], delimiter: str) -> dict[str, Any]:
    try:
        table = pl.scan_csv(
            text,
            separator=delimiter,
            has_header=operation["header"],
            infer_schema_length=None,
            try_parse_dates=True,
        )
        table.sink_parquet(target, compression="zstd")
        written = pl.scan_parquet(target)
        rows, columns = written.select(pl.len()).collect().item(), len(written.collect_schema())
    except pl.exceptions.NoDataError as error:
        raise Refused("empty_file", "The file has no rows.") from error
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        text_of = "A row of the file has more cells than its first, or a quoted cell has no end."
        raise Refused("broken_csv", text_of) from error
    return {"rows": rows, "columns": columns, "delimiter": delimiter}
