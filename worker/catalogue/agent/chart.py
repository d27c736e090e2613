"""A chart of a query's rows: the first column along, the second up."""

import re
from collections.abc import Sequence
from functools import partial
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from worker.catalogue.drawing.bars import bars
from worker.catalogue.drawing.heading import heading
from worker.catalogue.drawing.svg import alone, colour, drawn
from worker.catalogue.wording.words import compact, short, shown

_WIDTH, _HEIGHT, _BAR_HEIGHT = 9.0, 3.2, 0.3
#: More bars than this cannot be told apart.
_BARS, _TICKS, _MARKED = 40, 8, 60
_COLUMNS = 2
_FIRST = re.compile(r"\d{4}-\d\d-01")


class NoChart(ValueError):
    """The rows cannot be drawn, and why."""


def draw(kind: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], *, title: str, name: str) -> str:
    """The chart as a file of SVG; NoChart where the rows are not two columns with numbers in the second."""
    if len(columns) < _COLUMNS:
        raise NoChart("A chart needs two columns: one along, one up.")
    points = [(str(row[0]), float(row[1])) for row in rows if _is_number(row[1]) and row[0] is not None]
    if not points:
        raise NoChart("The second column has no numbers to draw.")
    text = f"{columns[1]} by {columns[0]}: {len(points)} points, from {points[0][0]} to {points[-1][0]}."
    bars = points[:_BARS]
    height = _HEIGHT if kind == "line" else 0.7 + _BAR_HEIGHT * len(bars)
    figure = partial(_line if kind == "line" else _bars, points=points if kind == "line" else bars, title=title)
    #: Or a chart that is drawn again would have other ids, and so be another file.
    with rc_context({"svg.hashsalt": name}):
        return alone(drawn(figure, (_WIDTH, height), name=name, title=shown(title), text=shown(text, 300)))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _line(figure: Figure, points: Sequence[tuple[str, float]], title: str) -> None:
    axes = figure.add_subplot()
    marker = "o" if len(points) <= _MARKED else ""
    axes.plot([value for _, value in points], color=colour("line"), linewidth=2, marker=marker, markersize=4)
    step = max(1, -(-len(points) // _TICKS))
    places = list(range(0, len(points), step))
    names = brief([name for name, _ in points])
    axes.set_xticks(places, [short(names[n], 14) for n in places])
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: compact(value)))
    _headed(figure, axes, title)


def brief(names: Sequence[str]) -> Sequence[str]:
    """`2013-07-01` → `2013-07` where every day is the first of a month."""
    return [name[:7] for name in names] if all(_FIRST.fullmatch(name) for name in names) else names


def _bars(figure: Figure, points: Sequence[tuple[str, float]], title: str) -> None:
    axes = figure.add_subplot()
    values = [value for _, value in points]
    bars(axes, [short(name, 24) for name, _ in points], values, [compact(value) for value in values], "line")
    _headed(figure, axes, title)


def _headed(figure: Figure, axes: Axes, title: str) -> None:
    axes.tick_params(labelsize=9)
    heading(figure, shown(title))
