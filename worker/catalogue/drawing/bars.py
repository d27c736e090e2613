"""Lying bars, from the top down."""

from collections.abc import Sequence

from matplotlib.axes import Axes

from worker.catalogue.drawing.svg import colour


def bars(axes: Axes, names: Sequence[str], values: Sequence[float], labels: Sequence[str], role: str) -> None:
    """One colour for all, each with its name before it and its *label* behind it."""
    places = range(len(names))
    axes.barh(places, values, height=0.66, color=colour(role))
    axes.set_yticks(places, names)
    axes.invert_yaxis()
    axes.grid(visible=False)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    axes.tick_params(axis="y", labelcolor=colour("ink"), length=0)
    low, high = min(*values, 0.0), max(*values, 0.0)
    reach = high - low or 1
    for place, value, label in zip(places, values, labels, strict=True):
        axes.text(max(value, 0) + reach * 0.01, place, label, va="center", fontsize=9, color=colour("muted"))
    axes.set_xlim(low * 1.02, high + reach * 0.22)
