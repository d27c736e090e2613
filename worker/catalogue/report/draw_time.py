"""Charts over time: a measure with its trend, and its odd periods."""

from collections.abc import Sequence
from math import ceil, isnan, nan

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from worker.catalogue.drawing.heading import heading
from worker.catalogue.drawing.svg import colour
from worker.catalogue.report.anomaly import Anomaly, Line
from worker.catalogue.report.periods import Periods, Point
from worker.catalogue.report.trend import Trend
from worker.catalogue.wording.tongue import say
from worker.catalogue.wording.words import capital, compact, day, measure, number, period, short

_TICKS, _FEW_TICKS, _NARROW = 7, 4, 7.0
_MARKED = 60
#: Share of the width that two names need between them.
_APART = 0.13


def time_axis(axes: Axes, points: Sequence[Point], every: str, ticks: int) -> None:
    """Name some of the periods below a chart whose x is the number of the period."""
    step = max(1, ceil(len(points) / ticks))
    places = list(range(0, len(points), step))
    axes.set_xticks(places, [_brief(points[n], every) for n in places])
    axes.set_xlim(-0.5, len(points) - 0.5)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: compact(value)))
    axes.yaxis.set_tick_params(length=0)


def _brief(point: Point, every: str) -> str:
    start = point.start
    match every:
        case "week" | "day":
            return say("{start.day} {start:%b} ’{start:%y}", start=start)
        case "hour":
            return say("{start.day} {start:%b} {start:%H:%M}", start=start)
        case _:
            return period(start, every)


def _values(points: Sequence[Point]) -> list[float]:
    return [nan if point.value is None else point.value for point in points]


def trend_chart(figure: Figure, trend: Trend) -> None:
    """Draw a measure by period, its best and worst one, and the fitted line where the trend is clear."""
    axes = figure.add_subplot()
    values = _values(trend.points)
    whole = [nan if n in trend.partial else value for n, value in enumerate(values)]
    marker = "o" if len(values) <= _MARKED else ""
    axes.plot(range(len(values)), whole, color=colour("line"), linewidth=2, marker=marker, markersize=4)
    axes.margins(y=0.2)
    limits = axes.get_ylim()
    edges = _edges(axes, trend, values)
    notes = [say("by {every}", every=say(trend.every)), *_fitted(axes, trend, whole), *edges]
    axes.set_ylim(*limits)
    _mark(axes, trend)
    time_axis(axes, trend.points, trend.every, _TICKS if figure.get_figwidth() > _NARROW else _FEW_TICKS)
    heading(
        figure, capital(measure(trend.how, trend.name)) if trend.how != "value" else trend.name, say("; ").join(notes)
    )


def _edges(axes: Axes, trend: Trend, values: Sequence[float]) -> list[str]:
    """Dot the way to a period that the data cover only in part; where it falls off the scale, it is left out."""
    for n in trend.partial:
        inner = n + 1 if n == 0 else n - 1
        axes.plot([n, inner], [values[n], values[inner]], color=colour("soft"), linewidth=1.4, linestyle=(0, (2, 2)))
        axes.plot([n], [values[n]], "o", color=colour("soft"), markersize=4)
    return [say("dotted: incomplete {every}", every=say(trend.every))] if trend.partial else []


def _fitted(axes: Axes, trend: Trend, whole: Sequence[float]) -> list[str]:
    if trend.direction not in ("rising", "falling") or trend.fitted_first is None or trend.fitted_last is None:
        return []
    inner = [n for n, value in enumerate(whole) if not isnan(value)]
    ends = [trend.fitted_first, trend.fitted_last]
    axes.plot([inner[0], inner[-1]], ends, color=colour("fit"), linewidth=1.6, linestyle=(0, (6, 3)))
    slope = number(abs(trend.slope or 0), trend.unit)
    told = say(
        "dashed: {direction} by {slope} a {every}", direction=say(trend.direction), slope=slope, every=say(trend.every)
    )
    return [told]


def _mark(axes: Axes, trend: Trend) -> None:
    for point, below in ((trend.best, False), (trend.worst, True)):
        if point is not None and point.value is not None:
            at = trend.points.index(point), point.value
            _label(axes, number(point.value, trend.unit), at, places=len(trend.points), above=-14 if below else 7)


def _label(axes: Axes, text: str, at: tuple[int, float], *, places: int, above: float) -> None:
    side = "right" if at[0] > 0.9 * places else "left" if at[0] < 0.1 * places else "center"
    axes.annotate(
        text,
        at,
        xytext=(0, above),
        textcoords="offset points",
        ha=side,
        fontsize=9,
        color=colour("ink"),
    )


def odd_chart(figure: Figure, lines: Sequence[Line], anomalies: Sequence[Anomaly], periods: Periods) -> None:
    """Draw measures over fine periods, one below the other, with their odd periods marked."""
    panels = figure.subplots(len(lines), 1, squeeze=False)[:, 0]
    for axes, line in zip(panels, lines, strict=True):
        values = [nan if n in periods.partial else value for n, value in enumerate(_values(line.points))]
        axes.plot(range(len(values)), values, color=colour("line"), linewidth=1)
        axes.margins(y=0.3)
        _odd(axes, line, [one for one in anomalies if one.key == line.key], periods.unit)
        time_axis(axes, line.points, periods.unit, _TICKS)
        name = capital(measure(line.how, line.name)) if line.how != "value" else line.name
        axes.set_title(short(name, 80), loc="left", fontsize=10, color=colour("ink"))
    heading(figure, say(f"Odd {periods.unit}s"))


def _odd(axes: Axes, line: Line, marks: Sequence[Anomaly], unit: str) -> None:
    """Mark the odd periods; the oddest first get their name, as long as no name stands on another."""
    places = {period(point.start, unit): n for n, point in enumerate(line.points)}
    named: list[int] = []
    for mark in marks:
        place = places[mark.when]
        value = line.points[place].value or 0.0
        axes.plot([place], [value], "o", color=colour("alert"), markersize=5)
        if all(abs(place - other) > _APART * len(places) for other in named):
            named.append(place)
            above = 7 if (mark.spreads or 0) > 0 else -14
            when = day(line.points[place].start) if unit == "week" else mark.when
            _label(axes, when, (place, value), places=len(places), above=above)
