"""JSON objects as rows: their members in columns, nested ones under dotted names."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from worker.catalogue.tables.limits import MAX_CELL_CHARS, MAX_COLUMNS
from worker.outcomes import JobFailed

#: Members of members are columns of their own so many levels deep; what lies deeper stays JSON in one cell.
_LEVELS = 4
#: What decoding or spelling out a value of a stranger's can raise.
UNREADABLE = (msgspec.MsgspecError, RecursionError, ValueError)

Cell = str | None


class Columns:
    """The columns in the order in which they were first met; every object may bring new ones."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}

    @property
    def names(self) -> list[str]:
        """Names of the columns so far."""
        return list(self._places)

    def row(self, record: dict[str, Any]) -> list[Cell]:
        """One object as cells, as many as there are columns by now."""
        found = dict(_members(record, "", 1))
        for name in found:
            self._places.setdefault(name, len(self._places))
        if len(self._places) > MAX_COLUMNS:
            raise JobFailed("too_many_columns", f"The objects have more than {MAX_COLUMNS:,} different members.")
        cells: list[Cell] = [None] * len(self._places)
        for name, cell in found.items():
            cells[self._places[name]] = cell
        return cells


def _members(record: dict[str, Any], before: str, level: int) -> Iterator[tuple[str, Cell]]:
    for name, value in record.items():
        if isinstance(value, dict) and value and level < _LEVELS:
            yield from _members(value, f"{before}{name}.", level + 1)
        else:
            yield f"{before}{name}", _cell(value)


def _cell(value: Any) -> Cell:
    match value:
        case None:
            return None
        case str():
            return value[: MAX_CELL_CHARS + 1]
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case _:
            return msgspec.json.encode(value).decode()[: MAX_CELL_CHARS + 1]


def as_record(value: object) -> dict[str, Any] | None:
    """The object that a line or an element is, or None."""
    return value if isinstance(value, dict) and value else None


def objects_in(document: object) -> tuple[list[Any], str]:
    """The list of objects that a document is or holds, and the member that holds it ("" where it is all of it)."""
    if isinstance(document, list):
        return document, ""
    lists = (
        [(name, value) for name, value in document.items() if _is_table(value)] if isinstance(document, dict) else []
    )
    if not lists:
        return [], ""
    name, found = max(lists, key=lambda pair: len(pair[1]))
    return found, name


def _is_table(value: object) -> bool:
    return isinstance(value, list) and any(isinstance(item, dict) for item in value[:10])


def as_objects(rows: Iterable[Any]) -> Iterator[Any]:
    """A list of lists as objects: its first one names the members."""
    kept = iter(rows)
    first = next(kept, None)
    if not isinstance(first, list):
        yield first
        yield from kept
        return
    names = [str(name) if name is not None else f"column {place}" for place, name in enumerate(first, 1)]
    for row in kept:
        yield dict(zip(names, row, strict=False)) if isinstance(row, list) else row
