"""The figures of a statement: its items by period, how they grew, and the usual ratios between them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from worker.catalogue.report.statement.headings import Heading
from worker.catalogue.report.statement.items import Item

Values = tuple[float | None, ...]
_DAYS_OF_YEAR = 365
_LEAST_FOR_RATE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One item over the periods."""

    name: str
    item: Item | None
    line: int
    values: Values
    #: "%", a currency, or "".
    unit: str = ""

    @property
    def growth(self) -> Values:
        """Change from the period before, as a share of it; None where that was not above zero, or this is below."""
        grown = (_grown(before, after) for before, after in pairwise(self.values))
        return (None, *grown) if self.values else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """A ratio over the periods."""

    #: English name, to be said in the language of the report.
    name: str
    #: `share`, `times` or `days`.
    kind: str
    values: Values


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A statement and what follows from it."""

    periods: tuple[Heading, ...]
    rows: tuple[Row, ...]
    #: In what the amounts are, or "".
    unit: str

    @property
    def behind(self) -> str:
        """The unit where it can stand behind an amount: 万元; thousands of dollars are told once."""
        return "" if self.unit.isascii() else self.unit

    def row(self, item: Item) -> Row | None:
        """The row of a known item."""
        return next((row for row in self.rows if row.item is item), None)

    def values(self, item: Item) -> Values | None:
        """A known item's figures."""
        row = self.row(item)
        return None if row is None else row.values

    @property
    def ratios(self) -> list[Ratio]:
        """The usual ratios, as far as their items are there."""
        yearly = all(period.unit == "year" for period in self.periods)
        return [
            ratio
            for name, kind, parts in _RATIOS
            if (kind != "days" or yearly) and (ratio := _ratio(self, name, kind, parts))
        ]

    def yearly_growth(self, row: Row) -> float | None:
        """Growth a year from the first figure to the last; None with fewer than three, or one not above zero."""
        found = [(period, value) for period, value in zip(self.periods, row.values, strict=True) if value is not None]
        if len(found) < _LEAST_FOR_RATE or found[0][1] <= 0 or found[-1][1] <= 0:
            return None
        first, last = found[0][0].start, found[-1][0].start
        years = last.year - first.year + (last.month - first.month) / 12
        return float((found[-1][1] / found[0][1]) ** (1 / years) - 1) if years > 0 else None


def _grown(before: float | None, after: float | None) -> float | None:
    return None if before is None or after is None or before <= 0 or after < 0 else after / before - 1


def divided(above: float | None, below: float | None) -> float | None:
    """A share of something that is above zero, or None."""
    return None if above is None or below is None or below <= 0 else above / below


Find = Callable[[Item], Values | None]


def _gross(find: Find) -> Values | None:
    revenue, cost, gross = find(Item.REVENUE), find(Item.COST), find(Item.GROSS)
    if gross is not None or revenue is None or cost is None:
        return gross
    return tuple(None if a is None or b is None else a - abs(b) for a, b in zip(revenue, cost, strict=True))


def _quick(find: Find) -> Values | None:
    current, inventory = find(Item.CURRENT_ASSETS), find(Item.INVENTORY)
    if current is None or inventory is None:
        return None
    return tuple(None if a is None or b is None else a - b for a, b in zip(current, inventory, strict=True))


def _of(item: Item, times: float = 1) -> Callable[[Find], Values | None]:
    def found(find: Find) -> Values | None:
        values = find(item)
        return None if values is None else tuple(None if value is None else value * times for value in values)

    return found


Parts = tuple[Callable[[Find], Values | None], Callable[[Find], Values | None]]
_RATIOS: Sequence[tuple[str, str, Parts]] = (
    ("gross margin", "share", (_gross, _of(Item.REVENUE))),
    ("operating margin", "share", (_of(Item.OPERATING), _of(Item.REVENUE))),
    ("net margin", "share", (_of(Item.NET), _of(Item.REVENUE))),
    ("tax rate", "share", (_of(Item.TAX), _of(Item.PRETAX))),
    ("return on assets", "share", (_of(Item.NET), _of(Item.ASSETS))),
    ("return on equity", "share", (_of(Item.NET), _of(Item.EQUITY))),
    ("liabilities to assets", "share", (_of(Item.LIABILITIES), _of(Item.ASSETS))),
    ("current ratio", "times", (_of(Item.CURRENT_ASSETS), _of(Item.CURRENT_LIABILITIES))),
    ("quick ratio", "times", (_quick, _of(Item.CURRENT_LIABILITIES))),
    ("asset turnover", "times", (_of(Item.REVENUE), _of(Item.ASSETS))),
    ("days of receivables", "days", (_of(Item.RECEIVABLES, _DAYS_OF_YEAR), _of(Item.REVENUE))),
    ("days of inventory", "days", (_of(Item.INVENTORY, _DAYS_OF_YEAR), _of(Item.COST))),
    ("cash from operations to net profit", "times", (_of(Item.FROM_OPERATIONS), _of(Item.NET))),
)


def _ratio(statement: Statement, name: str, kind: str, parts: Parts) -> Ratio | None:
    above, below = parts[0](statement.values), parts[1](statement.values)
    if above is None or below is None:
        return None
    values = tuple(divided(a, b) for a, b in zip(above, below, strict=True))
    return Ratio(name=name, kind=kind, values=values) if any(value is not None for value in values) else None
