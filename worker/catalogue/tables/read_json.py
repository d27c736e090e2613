"""Read JSON: lines that are an object each, or one array of objects, as raw cells."""

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Any

import msgspec

from worker.catalogue.tables.dialect import unique_names
from worker.catalogue.tables.limits import BATCH_CELLS, BATCH_CHARS, MAX_JSON_BYTES
from worker.catalogue.tables.read import Reading, check_size, cut_told
from worker.catalogue.tables.records import UNREADABLE, Cell, Columns, as_objects, as_record, objects_in
from worker.catalogue.tables.rows import BadRows
from worker.catalogue.tables.share import Counts
from worker.catalogue.tables.source import find_encoding, lines, not_a_table
from worker.catalogue.tables.table import RawTable
from worker.catalogue.tables.wider import Wider
from worker.catalogue.texts.decoding import opened
from worker.catalogue.texts.unpacking import GZIP, unpacked
from worker.catalogue.wording import tongue
from worker.catalogue.wording.tongue import say
from worker.catalogue.wording.words import SHOWN_CHARS, count, shown
from worker.context import Context
from worker.outcomes import JobFailed

_ARRAY = re.compile(r"\[\s*[\[{]")
_BLANK = "\ufeff \t\r\n"
#: One row's cells, with its line in front.
Row = list[str | int | None]


def is_json(start: str) -> bool:
    """Whether a text begins as JSON that holds a table."""
    text = start.lstrip(_BLANK)
    return text.startswith("{") or _ARRAY.match(text) is not None


def read_json(ctx: Context, step: Counts, raw: IO[bytes], folder: Path) -> tuple[RawTable, Reading]:
    """Read JSON lines, or an array; every line and element is accounted for."""
    size = raw.seek(0, 2)
    codec = find_encoding(raw)
    document, held = _document(raw, codec)
    values = _lines(raw, codec) if document is None else _elements(document)
    columns, bad, table = Columns(), BadRows(), Wider(folder)
    for batch in _batches(columns, values, bad):
        table.add(batch)
        check_size(table.parts.rows, len(columns.names))
        told = say("{rows} read", rows=count(table.parts.rows, "row"))
        step.progress(done=raw.tell(), total=size, unit="bytes", message=told)
        ctx.raise_if_cancelled()
    if not table.parts.rows:
        raise JobFailed("no_rows", f"No line of the file is a JSON object that can be read; {bad.count:,} are not.")
    names, _ = unique_names(columns.names)
    tongue.heard(names)
    paths = table.even(len(names))
    check_size(table.parts.rows, len(names))
    raw.seek(0)
    kind = "JSON lines" if document is None else "JSON"
    reading = Reading(
        format=f"{kind}, gzipped" if raw.read(2) == GZIP else kind,
        size=size,
        encoding=codec,
        delimiter="",
        rows=table.parts.rows,
        columns=len(names),
        bad_rows=bad.count,
        bad_shown=tuple(bad.shown),
        notes=(*_notes(held, bad), *cut_told(table.parts)),
    )
    stored = tuple(f"c{n}" for n in range(len(names)))
    return RawTable(parts=paths, names=names, rows=table.parts.rows, stored=stored), reading


def _document(raw: IO[bytes], codec: str) -> tuple[list[Any] | None, str]:
    """The objects of a file that is one JSON document, and the member that holds them; None where lines are objects."""
    with opened(raw, codec) as text:
        head = list(islice((line for line in lines(text) if line.strip(_BLANK)), 3))
    if _are_objects(head):
        return None, ""
    body = unpacked(raw).read(MAX_JSON_BYTES + 1)
    if len(body) > MAX_JSON_BYTES:
        bound = f"{MAX_JSON_BYTES >> 20} MiB"
        raise JobFailed("too_large", f"A JSON file larger than {bound} has to be JSON lines: an object on each line.")
    document = _decoded(body.decode(codec, errors="replace").strip(_BLANK))
    if document is None:
        raise not_a_table("The file begins as JSON, but is not valid.")
    found, held = objects_in(document)
    if not found:
        raise not_a_table("The file is JSON without a list of objects.")
    return list(as_objects(found)), held


def _are_objects(head: list[str]) -> bool:
    """Tell JSON lines by the first three; a line alone is a document where it holds a list of objects."""
    found = [as_record(_decoded(line.strip(_BLANK))) for line in head]
    if len(head) == 1:
        return found[0] is not None and not objects_in(found[0])[0]
    return found[0] is not None or sum(record is not None for record in found) > 1


def _decoded(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except UNREADABLE:
        return None


def _lines(raw: IO[bytes], codec: str) -> Iterator[tuple[int, Any, str]]:
    """Each line that is not blank: its number, what it says, and its text."""
    with opened(raw, codec) as text:
        for number, line in enumerate(lines(text), 1):
            if written := line.strip(_BLANK):
                yield number, _decoded(written), written


def _elements(document: list[Any]) -> Iterator[tuple[int, Any, str]]:
    for number, value in enumerate(document, 1):
        yield number, value, "" if isinstance(value, dict) else str(value)[:SHOWN_CHARS]


def _batches(columns: Columns, values: Iterator[tuple[int, Any, str]], bad: BadRows) -> Iterator[list[Row]]:
    batch: list[Row] = []
    cells = chars = 0
    for number, value, text in values:
        row = _row(columns, value)
        if row is None:
            bad.refuse(number, text)
            continue
        batch.append([number, *row])
        cells, chars = cells + len(row), chars + len(text)
        if cells > BATCH_CELLS or chars > BATCH_CHARS:
            yield batch
            batch, cells, chars = [], 0, 0
    yield batch


def _row(columns: Columns, value: object) -> list[Cell] | None:
    record = as_record(value)
    try:
        return None if record is None else columns.row(record)
    except UNREADABLE:
        return None


def _notes(held: str, bad: BadRows) -> Iterator[str]:
    if held:
        yield say("The rows are the list “{member}” of the document.", member=shown(held))
    if bad.count:
        verb = say("was") if bad.count == 1 else say("were")
        yield say(
            "{rows} {verb} left out, being no JSON object that can be read.", rows=count(bad.count, "row"), verb=verb
        )
