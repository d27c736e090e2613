"""One figure of a statement as something that stands out."""

from worker.catalogue.report.anomaly import Anomaly, Sort
from worker.catalogue.report.statement.figures import Row, Statement
from worker.catalogue.wording.tongue import say
from worker.catalogue.wording.words import number


def at(row: Row) -> str:
    """Name an item with its line."""
    return say("{item} (line {line:,})", item=row.name, line=row.line)


def amount(statement: Statement, value: float, row: Row) -> str:
    """An amount in the unit of its row, or of the statement."""
    return number(value, row.unit or statement.behind)


def anomaly(
    statement: Statement,
    sort: Sort,
    row: Row | None,
    place: int,
    *,
    why: str,
    score: float,
    name: str = "",
    value: float | None = None,
    expected: float | None = None,
    spreads: float | None = None,
) -> Anomaly:
    return Anomaly(
        sort=sort,
        column=name if row is None else row.name,
        key="",
        why=why,
        score=score,
        value=value if row is None else row.values[place],
        expected=expected,
        spreads=spreads,
        line=None if row is None else row.line,
        when=statement.periods[place].label,
    )
