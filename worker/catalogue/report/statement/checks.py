"""Figures of a statement that do not fit: sums that do not add up, signs that change, growth far from the rest."""

import math
from collections.abc import Iterator

import numpy as np

from worker.catalogue.report.anomaly import Anomalies, Anomaly, Sort, listed, severity
from worker.catalogue.report.robust import z_scores
from worker.catalogue.report.statement.figures import Statement
from worker.catalogue.report.statement.items import Item
from worker.catalogue.report.statement.oddity import amount, anomaly, at
from worker.catalogue.report.statement.sums import broken_sums
from worker.catalogue.wording.tongue import say
from worker.catalogue.wording.words import capital, count, percent

#: Growth so many spreads from that of the other items, and so large, is odd where the item is not a trifle.
ODD = 4.0
_LARGE, _WEIGHTY = 0.5, 0.01
_LEAST_ITEMS, _LEAST_SIGNS = 6, 3
_MARGIN_POINTS = 0.1
_FASTER = 0.3


def abnormal(statement: Statement, most: int) -> Anomalies:
    """What stands out in a statement, the oddest first."""
    found = [
        *broken_sums(statement),
        *_signs(statement),
        *_growth(statement),
        *_margins(statement),
        *_conflicts(statement),
    ]
    return Anomalies(listed=listed(found, most), found=len(found))


def _signs(statement: Statement) -> Iterator[Anomaly]:
    for row in statement.rows:
        present = [(place, value) for place, value in enumerate(row.values) if value]
        negative = [pair for pair in present if pair[1] < 0]
        few = negative if len(negative) * 2 < len(present) else [pair for pair in present if pair[1] > 0]
        if len(present) < _LEAST_SIGNS or not few or len(few) * 2 == len(present):
            continue
        for place, value in few:
            side = say("negative") if value < 0 else say("positive")
            others = count(len(present) - len(few), "period")
            why = say(
                "{item} is {side} in {period} with {value}, unlike in {others}.",
                item=at(row),
                side=side,
                period=statement.periods[place].label,
                value=amount(statement, value, row),
                others=others,
            )
            weight = 3.0 if row.item in (Item.NET, Item.EQUITY, Item.OPERATING, Item.FROM_OPERATIONS) else 2.0
            yield anomaly(statement, Sort.SIGN, row, place, why=why, score=weight)


def _growth(statement: Statement) -> Iterator[Anomaly]:
    """Hold every item's growth against that of the others in the same period."""
    for place in range(1, len(statement.periods)):
        grown = [(row, growth) for row in statement.rows if (growth := row.growth[place]) is not None and growth > -1]
        if len(grown) < _LEAST_ITEMS:
            continue
        logs = np.array([math.log1p(growth) for _, growth in grown])
        low, high = (float(np.expm1(quantile)) for quantile in np.quantile(logs, (0.25, 0.75)))
        floor = _WEIGHTY * max(abs(row.values[place] or 0) for row in statement.rows)
        for (row, growth), z in zip(grown, z_scores(logs), strict=True):
            large = max(abs(row.values[place] or 0), abs(row.values[place - 1] or 0)) >= floor
            if abs(z) > ODD and abs(growth) >= _LARGE and large:
                why = say(
                    "{item} changed by {growth} in {period}, while half of the items changed by {low} to {high}.",
                    item=at(row),
                    growth=percent(growth, signed=True),
                    period=statement.periods[place].label,
                    low=percent(low, signed=True),
                    high=percent(high, signed=True),
                )
                yield anomaly(
                    statement, Sort.GROWTH, row, place, why=why, score=severity(float(z), ODD), spreads=float(z)
                )


def _margins(statement: Statement) -> Iterator[Anomaly]:
    for ratio in statement.ratios:
        if not ratio.name.endswith("margin"):
            continue
        for place in range(1, len(ratio.values)):
            before, after = ratio.values[place - 1], ratio.values[place]
            if before is None or after is None or abs(after - before) < _MARGIN_POINTS:
                continue
            why = say(
                "{ratio} went from {before} to {after} in {period}.",
                ratio=capital(say(ratio.name)),
                before=percent(before),
                after=percent(after),
                period=statement.periods[place].label,
            )
            score = min(1 + abs(after - before) / _MARGIN_POINTS, 5.0)
            yield anomaly(
                statement,
                Sort.GROWTH,
                None,
                place,
                why=why,
                score=score,
                name=capital(say(ratio.name)),
                value=after,
                expected=before,
            )


def _conflicts(statement: Statement) -> Iterator[Anomaly]:
    net, cash = statement.row(Item.NET), statement.row(Item.FROM_OPERATIONS)
    for place, period in enumerate(statement.periods):
        earned, came = (None if row is None else row.values[place] for row in (net, cash))
        if net and cash and earned is not None and came is not None and earned > 0 > came:
            why = say(
                "In {period} there is a profit of {profit}, but operations took {cash} of cash.",
                period=period.label,
                profit=amount(statement, earned, net),
                cash=amount(statement, abs(came), cash),
            )
            yield anomaly(statement, Sort.CONFLICT, cash, place, why=why, score=2.5)
        yield from _faster(statement, place)


def _faster(statement: Statement, place: int) -> Iterator[Anomaly]:
    """Receivables or stocks that grow much faster than what is sold."""
    sold = statement.row(Item.REVENUE)
    for item in (Item.RECEIVABLES, Item.INVENTORY):
        row = statement.row(item)
        if row is None or sold is None:
            continue
        own, other = row.growth[place], sold.growth[place]
        if own is not None and other is not None and own - other > _FASTER:
            why = say(
                "{item} changed by {growth} in {period}, {other} by {less}.",
                item=at(row),
                growth=percent(own, signed=True),
                period=statement.periods[place].label,
                other=sold.name,
                less=percent(other, signed=True),
            )
            yield anomaly(statement, Sort.CONFLICT, row, place, why=why, score=min(1.5 + own - other, 4.0))
