"""Charts of columns: how values are spread, what is missing, how groups compare, what moves together."""

from collections.abc import Sequence
from math import ceil

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from worker.catalogue.drawing.bars import bars
from worker.catalogue.drawing.heading import heading
from worker.catalogue.drawing.svg import colour, roomy
from worker.catalogue.report.groups import Groups, Relations
from worker.catalogue.tables.profile import Profile
from worker.catalogue.tables.spread import Bars
from worker.catalogue.wording.tongue import say
from worker.catalogue.wording.words import capital, compact, measure, number, percent, short

_PANELS_IN_ROW = 3
_LABEL_CELLS = 22
_STRONG = 0.7


def distributions(figure: Figure, profiles: Sequence[Profile]) -> None:
    """Draw a histogram for each measure, with its median."""
    rows = ceil(len(profiles) / _PANELS_IN_ROW)
    panels = figure.subplots(rows, min(_PANELS_IN_ROW, len(profiles)), squeeze=False).ravel()
    for axes in panels[len(profiles) :]:
        axes.set_axis_off()
    for axes, profile in zip(panels, profiles, strict=False):
        _histogram(axes, profile)
    heading(figure, say("How the values are spread"), say("rows by value; dashed: median"))


def _histogram(axes: Axes, profile: Profile) -> None:
    bars, spread = profile.bars, profile.spread
    if bars is None or spread is None:
        return
    width = (bars.high - bars.low) / len(bars.counts)
    places = [bars.low + width * (n + 0.5) for n in range(len(bars.counts))]
    axes.bar(places, bars.counts, width=width * 0.92, color=colour("line"))
    axes.axvline(spread.median, color=colour("fit"), linewidth=1.5, linestyle=(0, (4, 2)))
    axes.set_title(short(profile.column.name, _LABEL_CELLS + 6), loc="left", fontsize=10, color=colour("ink"))
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: compact(value)))
    axes.yaxis.set_major_locator(MaxNLocator(3, integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: compact(value)))
    axes.set_xlabel(_outside(bars), fontsize=8)


def _outside(bars: Bars) -> str:
    parts = [say("{many:,} further left", many=bars.below)] if bars.below else []
    parts += [say("{many:,} further right", many=bars.above)] if bars.above else []
    return say(", ").join(parts)


def _bars(axes: Axes, names: Sequence[str], values: Sequence[float], labels: Sequence[str], role: str) -> None:
    bars(axes, [roomy(short(name, _LABEL_CELLS)) for name in names], values, labels, role)


def missing(figure: Figure, profiles: Sequence[Profile]) -> None:
    """Draw the share of rows without a value, for the columns that have such."""
    axes = figure.add_subplot()
    names = [profile.column.name for profile in profiles]
    shares = [profile.missing_share for profile in profiles]
    labels = [f"{percent(p.missing_share)} ({p.rows - p.present:,})" for p in profiles]
    _bars(axes, names, shares, labels, "soft")
    heading(figure, say("Missing values"), say("share of the rows without a value"))


def groups(figure: Figure, found: Groups, most: int) -> None:
    """Draw the main measure by category, the largest groups first."""
    axes = figure.add_subplot()
    kept = found.groups[:most]
    labels = [f"{number(group.value, found.unit)} · {_rows(group.rows)}" for group in kept]
    _bars(axes, [group.name for group in kept], [group.value for group in kept], labels, "line")
    title = say("{name} by {every}", name=measure(found.how, found.measure), every=found.category)
    heading(figure, capital(title))


def _rows(many: int) -> str:
    return say("{many:,} rows", many=many)


def correlation(figure: Figure, found: Relations) -> None:
    """Draw the rank correlations of all pairs: blue together, red against each other."""
    axes = figure.add_subplot()
    size = len(found.names)
    rho = {(pair.one, pair.other): pair.rho for pair in found.pairs}
    for y, one in enumerate(found.names):
        for x, other in enumerate(found.names[:y]):
            _cell(axes, x, y, rho.get((other, one)))
    axes.set_xlim(-0.5, size - 1.5)
    axes.set_ylim(size - 0.5, 0.5)
    axes.grid(visible=False)
    axes.spines["bottom"].set_visible(False)
    turned = 35 if size > 4 else 0  # noqa: PLR2004 - then names would touch
    names = [roomy(short(name, _LABEL_CELLS)) for name in found.names]
    axes.set_xticks(range(size - 1), names[:-1], rotation=turned, ha="right" if turned else "center")
    axes.set_yticks(range(1, size), names[1:])
    axes.tick_params(length=0, labelcolor=colour("ink"))
    heading(figure, say("What moves together"), say("Spearman’s ρ: blue together, red against each other"))


def _cell(axes: Axes, x: int, y: int, rho: float | None) -> None:
    if rho is None:
        return
    paint = colour("line" if rho >= 0 else "alert")
    left, right, low, high = x - 0.48, x + 0.48, y - 0.47, y + 0.47
    axes.fill([left, right, right, left], [low, low, high, high], color=paint, alpha=abs(rho) * 0.9, linewidth=0)
    ink = colour("paper") if abs(rho) > _STRONG else colour("ink")
    axes.text(x, y, f"{rho:.2f}".replace("-", "−"), ha="center", va="center", fontsize=9, color=ink)
