"""From the turned table to the statement's figures."""

from worker.catalogue.report.statement.figures import Row, Statement
from worker.catalogue.report.statement.items import known
from worker.catalogue.report.statement.layout import Layout
from worker.catalogue.tables.table import Column, Kind, Table


def statement_of(table: Table, layout: Layout) -> Statement:
    """The items that are numbers, by period; one whose cells are none is no item."""
    columns = {column.key: column for column in table.columns}
    places = known(layout.labels)
    items = {place: item for item, place in places.items()}
    rows = [
        Row(name=label, item=items.get(n), line=line, values=tuple(table.series(column)), unit=column.unit)
        for n, (label, line) in enumerate(zip(layout.labels, layout.lines, strict=True))
        if _is_amount(column := columns[f"c{n + 1}"])
    ]
    return Statement(periods=layout.periods, rows=tuple(rows), unit=layout.unit)


def _is_amount(column: Column) -> bool:
    return column.kind is Kind.NUMBER
