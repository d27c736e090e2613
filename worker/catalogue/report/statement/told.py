"""What a statement says, in sentences that each state a figure, and as rows of its tables."""

from collections.abc import Iterator
from dataclasses import dataclass

from worker.catalogue.report.statement.figures import Ratio, Row, Statement
from worker.catalogue.report.statement.items import Item
from worker.catalogue.wording.tongue import say
from worker.catalogue.wording.words import capital, count, listing, number, percent

_LED_BY = (
    Item.REVENUE,
    Item.GROSS,
    Item.OPERATING,
    Item.NET,
    Item.ASSETS,
    Item.LIABILITIES,
    Item.EQUITY,
    Item.FROM_OPERATIONS,
)
_SHOWN_PERIODS, _SHOWN_ROWS = 8, 60


def on_statement(statement: Statement) -> Iterator[str]:
    """How the table was understood."""
    first, last = statement.periods[0].label, statement.periods[-1].label
    yield say(
        "It was read as a financial statement: {items} over {periods}, from {first} to {last}.",
        items=count(len(statement.rows), "item"),
        periods=count(len(statement.periods), "period"),
        first=first,
        last=last,
    )
    if statement.unit:
        yield say("Amounts are in {unit}, as the file says.", unit=statement.unit)


def on_course(statement: Statement) -> Iterator[str]:
    """How the main items and ratios moved."""
    for item in _LED_BY:
        row = statement.row(item)
        if row is not None:
            yield from _course(statement, row)
    told = [one for ratio in statement.ratios if (one := ratio_told(ratio))]
    if told:
        yield say("Ratios in {period}: {ratios}.", period=statement.periods[-1].label, ratios=listing(told, 20))


def _course(statement: Statement, row: Row) -> Iterator[str]:
    value = row.values[-1]
    if value is None:
        return
    growth, yearly = row.growth[-1], statement.yearly_growth(row)
    against = statement.periods[-2].label if len(statement.periods) > 1 else ""
    change = percent(growth, signed=True)
    over = percent(yearly, signed=True)
    first = statement.periods[0].label
    yield say(
        "{item} was {value} in {period}{change}{yearly}.",
        item=row.name,
        value=number(value, row.unit or statement.behind),
        period=statement.periods[-1].label,
        change="" if growth is None else say(", {change} against {before}", change=change, before=against),
        yearly="" if yearly is None else say(", {over} a year since {first}", over=over, first=first),
    )


def ratio_told(ratio: Ratio) -> str:
    """A ratio's last value, and the one before; "" where there is none."""
    value = ratio.values[-1]
    if value is None:
        return ""
    before = ratio.values[-2] if len(ratio.values) > 1 else None
    then = "" if before is None else say(" (before: {value})", value=shown(ratio, before))
    return say("{ratio} {value}{before}", ratio=say(ratio.name), value=shown(ratio, value), before=then)


def shown(ratio: Ratio, value: float | None) -> str:
    """A ratio as people write it."""
    if value is None:
        return "–"
    match ratio.kind:
        case "share":
            return percent(value)
        case "days":
            return count(round(value), "day")
        case _:
            return f"{value:.2f}".replace("-", "−")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """An item or a ratio in the statement's table."""

    name: str
    cells: tuple[str, ...]
    #: Change against the period before.
    change: str
    tone: str


def heads(statement: Statement) -> list[str]:
    """The periods that the table shows: the last ones."""
    return [period.label for period in statement.periods[-_SHOWN_PERIODS:]]


def lines(statement: Statement) -> list[Line]:
    """The items by period."""
    return [_line(statement, row) for row in statement.rows[:_SHOWN_ROWS]]


def _line(statement: Statement, row: Row) -> Line:
    cells = tuple(number(value, row.unit) for value in row.values[-_SHOWN_PERIODS:])
    growth = row.growth[-1] if len(statement.periods) > 1 else None
    tone = "flat" if not growth else ("up" if growth > 0 else "down")
    return Line(name=row.name, cells=cells, change=percent(growth, signed=True), tone=tone)


def ratio_lines(statement: Statement) -> list[Line]:
    """The ratios by period."""
    return [
        Line(
            name=capital(say(ratio.name)),
            cells=tuple(shown(ratio, value) for value in ratio.values[-_SHOWN_PERIODS:]),
            change="",
            tone="flat",
        )
        for ratio in statement.ratios
    ]
