"""The chart of a statement's margins and other shares by period."""

from math import nan

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from worker.catalogue.drawing.heading import heading
from worker.catalogue.drawing.svg import colour, roomy
from worker.catalogue.report.statement.figures import Ratio, Statement
from worker.catalogue.wording.tongue import say
from worker.catalogue.wording.words import capital, percent, short

_MOST = 4
_ROLES = ("line", "alert", "fit", "muted")
_LABEL_CELLS = 24


def drawable(statement: Statement) -> list[Ratio]:
    """The shares that are drawn: margins first."""
    shares = [ratio for ratio in statement.ratios if ratio.kind == "share"]
    return sorted(shares, key=lambda ratio: not ratio.name.endswith("margin"))[:_MOST]


def shares(figure: Figure, statement: Statement) -> None:
    """Draw a line for each share, with its name in a legend beside it."""
    axes = figure.add_subplot()
    for role, ratio in zip(_ROLES, drawable(statement), strict=False):
        values = [nan if value is None else value for value in ratio.values]
        name = roomy(short(capital(say(ratio.name)), _LABEL_CELLS))
        axes.plot(range(len(values)), values, color=colour(role), linewidth=2, marker="o", markersize=4, label=name)
    labels = [short(period.label, _LABEL_CELLS) for period in statement.periods]
    step = max(1, -(-len(labels) // 8))
    axes.set_xticks(range(0, len(labels), step), labels[::step])
    axes.margins(y=0.15)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: percent(value)))
    legend = axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, fontsize=9)
    for text in legend.get_texts():
        text.set_color(colour("ink"))
    heading(figure, say("Margins and ratios"), say("by {every}", every=say("period")))
