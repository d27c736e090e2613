"""The lines that an agent's steps and thinking are told in."""

from collections.abc import Iterator

from worker.catalogue.agent.inventory import Inventory, Table
from worker.catalogue.agent.records import Turn

RULES = (
    "No language model is set up for this worker, so rules plan the work. They know questions for counts, totals, "
    "means, extremes, rankings and courses over time, and quote documents; they understand nothing else.\n"
)
_COLUMNS = 12


def counted(number: int, one: str) -> str:
    """`1 table`, `2 tables`."""
    return f"{number:,} {one if number == 1 else f'{one}s'}"


def holding(inventory: Inventory) -> str:
    """All uploads in a line."""
    documents = len(inventory.documents)
    parts = [f"{counted(inventory.passages, 'passage')} in {counted(documents, 'document')}"] if documents else []
    parts += [counted(len(inventory.tables), "table")] if inventory.tables else []
    parts += [f"{counted(len(inventory.unreadable), 'file')} not readable"] if inventory.unreadable else []
    return ", ".join(parts) or "No files"


def listed(inventory: Inventory) -> str:
    """Each upload in a line of its own."""
    return "".join(f"{line}\n" for line in _lines(inventory))


def _lines(inventory: Inventory) -> Iterator[str]:
    for document in inventory.documents:
        yield f"{document.file}: {counted(document.passages, 'passage')}"
    for table in inventory.tables:
        yield _table(table)
    for unreadable in inventory.unreadable:
        yield f"{unreadable.file} could not be read: {unreadable.why}"


def _table(table: Table) -> str:
    named = ", ".join(column.name for column in table.columns[:_COLUMNS])
    more = ", …" if len(table.columns) > _COLUMNS else ""
    notes = f" ({'; '.join(table.notes)})" if table.notes else ""
    return f"{table.told}: table {table.name}, {counted(table.rows, 'row')}: {named}{more}{notes}"


def lines_of(turn: Turn) -> str:
    """How long a plan is."""
    return counted(len([line for line in turn.text.splitlines() if line.strip()]), "line")


def wanted(turn: Turn) -> str:
    """What a turn asks for."""
    named = ", ".join(call.tool for call in turn.calls)
    return f"Calls {named}"[:200] if named else "Knows enough"
