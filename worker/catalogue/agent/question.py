"""A question to a table: what figure, of what, by what, over which rows; and the SELECT that asks it."""

from dataclasses import dataclass, field
from typing import Literal

from worker.catalogue.agent.inventory import Column, Table

How = Literal["count", "sum", "avg", "max", "min"]
Every = Literal["year", "quarter", "month", "week", "day"]
Order = Literal["high", "low"]

_SPOKEN: dict[How, str] = {"count": "number of", "sum": "total", "avg": "mean", "max": "highest", "min": "lowest"}


@dataclass(frozen=True, kw_only=True)
class Condition:
    """Which rows count: as SQL has it, and as people say it."""

    sql: str
    spoken: str


@dataclass(frozen=True, kw_only=True)
class Question:
    """One question to one table."""

    table: Table
    how: How
    measure: Column | None = None
    #: A figure for each of its values, in order.
    group: Column | None = None
    #: A figure for each period.
    time: Column | None = None
    every: Every | None = None
    where: tuple[Condition, ...] = ()
    order: Order = "high"
    most: int = 10
    #: Words of the goal that it does not answer to.
    ignored: tuple[str, ...] = ()
    score: float = field(default=0.0, compare=False)

    def sql(self) -> str:
        """The SELECT."""
        source = f"FROM {quoted(self.table.name)}{self._filter()}"
        if self.time is not None and self.every is not None:
            period = f"date_trunc('{self.every}', {quoted(self.time.name)})::DATE AS {quoted(self.every)}"
            dated = f"GROUP BY 1 HAVING {quoted(self.every)} IS NOT NULL ORDER BY 1"
            return f"SELECT {period}, {self._figure()} {source} {dated}"
        if self.group is not None:
            turn = "DESC" if self.order == "high" else "ASC"
            by = f"GROUP BY 1 ORDER BY 2 {turn} NULLS LAST, 1 LIMIT {self.most}"
            return f"SELECT {quoted(self.group.name)}, {self._figure()} {source} {by}"
        return f"SELECT {self._figure()} {source}"

    def _figure(self) -> str:
        if self.measure is None:
            return f"count(*) AS {quoted('rows')}"
        return f"{self.how}({quoted(self.measure.name)}) AS {quoted(f'{self.spoken} {self.measure.name}')}"

    def _filter(self) -> str:
        return f" WHERE {' AND '.join(each.sql for each in self.where)}" if self.where else ""

    @property
    def spoken(self) -> str:
        """What is done to the measure: `total`, `mean`."""
        return _SPOKEN[self.how]

    @property
    def subject(self) -> str:
        """`total flights`, `number of rows`."""
        return f"{self.spoken} {'rows' if self.measure is None else self.measure.name}"

    @property
    def limits(self) -> str:
        """` where airport is EWR`, or nothing."""
        named = " and ".join(each.spoken for each in self.where)
        return f" where {named}" if named else ""

    @property
    def title(self) -> str:
        """For a chart."""
        by = self.every or (self.group.name if self.group else "")
        return f"{self.subject[:1].upper()}{self.subject[1:]}{f' by {by}' if by else ''}{self.limits}"


def equal(column: Column, value: str) -> Condition:
    """Rows whose text in *column* is *value*."""
    return Condition(sql=f"{quoted(column.name)} = {literal(value)}", spoken=f"{column.name} is {value}")


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
