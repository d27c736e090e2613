"""Draw the charts, each put out as soon as it is there."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from matplotlib.figure import Figure

from worker.catalogue.drawing.svg import alone, drawn
from worker.catalogue.report import draw_columns, draw_time
from worker.catalogue.report.anomaly import Sort
from worker.catalogue.report.findings import Chart, Findings, Section
from worker.catalogue.report.measures import measures
from worker.catalogue.report.statement import draw_shares
from worker.catalogue.report.statement.figures import Statement
from worker.catalogue.report.statement.told import ratio_told
from worker.catalogue.report.trend import Trend, ranked
from worker.catalogue.tables.share import Counts
from worker.catalogue.wording.tongue import say
from worker.catalogue.wording.words import count, measure, number, percent, period
from worker.context import Context

_TREND_CHARTS = 7
_ODD_PANELS = 3
_HISTOGRAMS = 12
_MISSING_BARS = 25
_GROUP_BARS = 15
_LEAST_FOR_MATRIX = 3
_WIDTH, _HALF_WIDTH = 9.0, 4.5
_HEIGHT, _HALF_HEIGHT = 3.2, 2.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A chart that is to be drawn."""

    file: str
    title: str
    text: str
    section: Section
    height: float
    wide: bool = True
    draw: Callable[[Figure], None]


def draw_charts(ctx: Context, step: Counts, found: Findings) -> None:
    """Draw all charts that the findings give reason for."""
    plans = planned(found)
    for done, plan in enumerate(plans, 1):
        file = found.named(plan.file)
        name = file.removesuffix(".svg")
        svg = drawn(
            plan.draw, (_WIDTH if plan.wide else _HALF_WIDTH, plan.height), name=name, title=plan.title, text=plan.text
        )
        ctx.artifact(file, alone(svg), media_type="image/svg+xml")
        chart = Chart(file=file, title=plan.title, text=plan.text, section=plan.section, svg=svg, wide=plan.wide)
        found.charts.append(chart)
        step.progress(done=done, total=len(plans), unit="charts", message=plan.title)
        ctx.raise_if_cancelled()


def planned(found: Findings) -> list[Plan]:
    """Choose the charts."""
    if found.statement is not None:
        return [*_trends(found), *_shares(found.statement)]
    return [*_trends(found), *_odd(found), *_columns(found)]


def _shares(statement: Statement) -> list[Plan]:
    drawable = draw_shares.drawable(statement)
    if not drawable or len(statement.periods) < 2:  # noqa: PLR2004 - a line
        return []
    text = say("; ").join(told for ratio in drawable if (told := ratio_told(ratio)))
    draw: Callable[[Figure], None] = partial(draw_shares.shares, statement=statement)
    title = say("Margins and ratios")
    return [Plan(file="ratios.svg", title=title, text=text, section="trends", height=_HEIGHT, draw=draw)]


def _trends(found: Findings) -> list[Plan]:
    if found.trends is None:
        return []
    main = "" if found.main is None else found.main.column.key
    drawable = [t for t in ranked(found.trends.found, main) if t.best is not None and t.best != t.worst]
    return [_trend(place, trend) for place, trend in enumerate(drawable[:_TREND_CHARTS], 1)]


def _trend(place: int, trend: Trend) -> Plan:
    name = measure(trend.how, trend.name)
    return Plan(
        file=f"trend-{place}.svg",
        title=say("{name} by {every}", name=name, every=say(trend.every)),
        text=say(
            "Line of {name} over {periods}; {ends}.",
            name=name,
            periods=count(len(trend.points), trend.every),
            ends=_ends(trend),
        ),
        section="trends",
        height=_HEIGHT if place == 1 else _HALF_HEIGHT,
        wide=place == 1,
        draw=partial(draw_time.trend_chart, trend=trend),
    )


def _ends(trend: Trend) -> str:
    if trend.best is None or trend.worst is None:
        return say("no values")
    return say(
        "highest in {best} with {high}, lowest in {worst} with {low}",
        best=period(trend.best.start, trend.every),
        high=number(trend.best.value, trend.unit),
        worst=period(trend.worst.start, trend.every),
        low=number(trend.worst.value, trend.unit),
    )


def _odd(found: Findings) -> list[Plan]:
    anomalies = [one for one in found.anomalies.listed if one.sort is Sort.PERIOD]
    order = list(dict.fromkeys(one.key for one in anomalies))
    drawable = [line for line in found.anomalies.lines if line.key in order]
    shown = sorted(drawable, key=lambda line: order.index(line.key))[:_ODD_PANELS]
    if not shown or found.anomalies.periods is None:
        return []
    draw = partial(draw_time.odd_chart, lines=shown, anomalies=anomalies, periods=found.anomalies.periods)
    return [
        Plan(
            file="anomalies.svg",
            title=say(f"Odd {found.anomalies.periods.unit}s"),
            text=" ".join(one.why for one in anomalies[:5]),
            section="anomalies",
            height=2.4 * len(shown),
            draw=draw,
        )
    ]


def _columns(found: Findings) -> list[Plan]:
    plans: list[Plan] = []
    spread = [p for p in measures(found.profiles) if p.bars][:_HISTOGRAMS]
    if spread:
        rows = -(-len(spread) // 3)
        text = say("Histograms of {columns}, with the median marked.", columns=count(len(spread), "column"))
        draw: Callable[[Figure], None] = partial(draw_columns.distributions, profiles=spread)
        plans.append(_plan("distributions.svg", say("Distributions"), text, 0.4 + 2.1 * rows, draw))
    lacking = sorted((p for p in found.profiles.columns if p.missing_share > 0), key=lambda p: -p.missing_share)
    if lacking:
        kept = lacking[:_MISSING_BARS]
        text = say(", ").join(f"{p.column.name} {percent(p.missing_share)}" for p in kept) + say(".")
        draw = partial(draw_columns.missing, profiles=kept)
        plans.append(_plan("missing.svg", say("Missing values"), text, 0.7 + 0.3 * len(kept), draw))
    return [*plans, *_compared(found)]


def _compared(found: Findings) -> list[Plan]:
    plans: list[Plan] = []
    if found.groups:
        groups = found.groups
        kept = groups.groups[:_GROUP_BARS]
        title = say("{name} by {every}", name=measure(groups.how, groups.measure), every=groups.category)
        text = say(", ").join(f"{group.name} {number(group.value, groups.unit)}" for group in kept) + say(".")
        draw: Callable[[Figure], None] = partial(draw_columns.groups, found=groups, most=_GROUP_BARS)
        plans.append(_plan("groups.svg", title, text, 0.7 + 0.3 * len(kept), draw))
    if len(found.relations.names) >= _LEAST_FOR_MATRIX and found.relations.pairs:
        strongest = found.relations.pairs[0]
        text = say("Strongest: {pair.one} and {pair.other} with ρ = {pair.rho:.2f}.", pair=strongest)
        draw = partial(draw_columns.correlation, found=found.relations)
        height = 1.6 + 0.38 * len(found.relations.names)
        plans.append(_plan("correlation.svg", say("What moves together"), text, height, draw))
    return plans


def _plan(file: str, title: str, text: str, height: float, draw: Callable[[Figure], None]) -> Plan:
    return Plan(file=file, title=title, text=text, section="profile", height=height, draw=draw)
