"""Totals of a statement that are not the sum of their parts."""

from collections.abc import Iterator, Sequence

from worker.catalogue.report.anomaly import Anomaly, Sort
from worker.catalogue.report.statement.figures import Row, Statement
from worker.catalogue.report.statement.items import Item
from worker.catalogue.report.statement.oddity import amount, anomaly, at
from worker.catalogue.wording.tongue import say

#: The first is the sum of the others; a minus where one is taken off.
_SUMS: tuple[tuple[Item, tuple[tuple[int, Item], ...]], ...] = (
    (Item.ASSETS, ((1, Item.LIABILITIES), (1, Item.EQUITY))),
    (Item.FUNDING, ((1, Item.LIABILITIES), (1, Item.EQUITY))),
    (Item.ASSETS, ((1, Item.FUNDING),)),
    (Item.ASSETS, ((1, Item.CURRENT_ASSETS), (1, Item.FIXED_ASSETS))),
    (Item.LIABILITIES, ((1, Item.CURRENT_LIABILITIES), (1, Item.FIXED_LIABILITIES))),
    (Item.GROSS, ((1, Item.REVENUE), (-1, Item.COST))),
    (Item.NET, ((1, Item.PRETAX), (-1, Item.TAX))),
    (Item.CASH_CHANGE, ((1, Item.FROM_OPERATIONS), (1, Item.FROM_INVESTING), (1, Item.FROM_FINANCING))),
)
#: Rounded figures may miss their sum by this many units of the last place, and by this share of it.
_ROUNDED, _NEARLY = 1.5, 0.0005


def broken_sums(statement: Statement) -> Iterator[Anomaly]:
    """Every total that misses its sum by more than rounding does."""
    for total, parts in _SUMS:
        whole, rows = statement.row(total), [statement.row(item) for _, item in parts]
        if whole is None or any(row is None for row in rows):
            continue
        signed = [(sign, row) for (sign, _), row in zip(parts, rows, strict=True) if row is not None]
        for place, value in enumerate(whole.values):
            given = [row.values[place] for _, row in signed]
            if value is None or any(part is None for part in given):
                continue
            added = sum(_taken(sign, part or 0.0) for (sign, _), part in zip(signed, given, strict=True))
            if abs(value - added) > _allowed([value, *(part or 0.0 for part in given)]):
                yield _sum_told(statement, whole, signed, place, value=value, added=added)


def _taken(sign: int, value: float) -> float:
    """Costs and taxes are written with either sign; what is taken off is always taken off."""
    return value if sign > 0 else -abs(value)


def _allowed(values: Sequence[float]) -> float:
    decimals = max(
        (len(text.partition(".")[2].rstrip("0")) for text in (f"{value:.4f}" for value in values)), default=0
    )
    return max(_ROUNDED * 10.0**-decimals, _NEARLY * max(map(abs, values)))


def _sum_told(
    statement: Statement, whole: Row, parts: Sequence[tuple[int, Row]], place: int, *, value: float, added: float
) -> Anomaly:
    written = parts[0][1].name + "".join(f" {'+' if sign > 0 else '−'} {row.name}" for sign, row in parts[1:])
    share = abs(value - added) / max(abs(value), abs(added), 1e-12)
    why = say(
        "In {period}, {total} is {value}, but {parts} is {added}: {difference} apart.",
        period=statement.periods[place].label,
        total=at(whole),
        value=amount(statement, value, whole),
        parts=written,
        added=amount(statement, added, whole),
        difference=amount(statement, abs(value - added), whole),
    )
    return anomaly(statement, Sort.SUM, whole, place, why=why, score=min(4 + 10 * share, 7), expected=added)
