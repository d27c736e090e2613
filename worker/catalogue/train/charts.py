"""The charts of a training: its curves, and where its guesses and the truth lie apart."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from worker.catalogue.drawing.heading import heading
from worker.catalogue.drawing.svg import colour
from worker.catalogue.train.course import Course
from worker.catalogue.train.limits import DRAWN_CLASSES, DRAWN_POINTS
from worker.catalogue.wording.words import compact, short

Array = np.ndarray[Any, np.dtype[Any]]
_LABEL_CELLS = 18
_STRONG = 0.55
#: Longer names would touch each other below a chart.
_TOUCHING = 3


def curves(figure: Figure, course: Course, score: str) -> None:
    """Draw loss and score by epoch, in the rows learnt from and in those kept for validation."""
    panels = figure.subplots(1, 2)
    for axes, title, places in zip(panels, ("loss", score), ((0, 1), (2, 3)), strict=True):
        for place, role, label in zip(places, ("soft", "line"), ("learnt from", "validation"), strict=True):
            values = [each[place] for each in course.history]
            marker = "o" if len(values) == 1 else ""
            axes.plot(range(1, len(values) + 1), values, color=colour(role), linewidth=2, marker=marker, label=label)
        _frame(axes, title, course.best)
    panels[0].legend(frameon=False, fontsize=9)
    heading(figure, "How it learnt", f"by epoch; dashed: epoch {course.best}, the best")


def _frame(axes: Axes, title: str, best: int) -> None:
    axes.axvline(best, color=colour("fit"), linewidth=1.5, linestyle=(0, (4, 2)))
    axes.set_title(title, loc="left", fontsize=10, color=colour("ink"))
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: compact(value)))
    axes.set_xlabel("epoch", fontsize=9)


def confusion(figure: Figure, names: Sequence[str], counts: Array) -> None:
    """Draw how often each class was held for each, the largest classes where there are many."""
    kept = np.sort(np.argsort(-counts.sum(axis=1), kind="stable")[:DRAWN_CLASSES])
    counts, shown = counts[np.ix_(kept, kept)], [short(str(names[place]), _LABEL_CELLS) for place in kept]
    axes = figure.add_subplot()
    rows = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    for (true, said), many in np.ndenumerate(counts):
        _cell(axes, said, true, int(many), float(rows[true, said]), right=true == said)
    axes.set_xlim(-0.5, len(kept) - 0.5)
    axes.set_ylim(len(kept) - 0.5, -0.5)
    axes.grid(visible=False)
    turned = 35 if max(map(len, shown)) > _TOUCHING else 0
    axes.set_xticks(range(len(kept)), shown, rotation=turned, ha="right" if turned else "center")
    axes.set_yticks(range(len(kept)), shown)
    axes.tick_params(length=0, labelcolor=colour("ink"))
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    heading(figure, "What was held for what", "rows of the test; blue: right, red: wrong")


def _cell(axes: Axes, x: int, y: int, many: int, share: float, *, right: bool) -> None:
    if not many:
        return
    left, low = x - 0.48, y - 0.47
    paint = colour("line" if right else "alert")
    axes.fill(
        [left, left + 0.96, left + 0.96, left],
        [low, low, low + 0.94, low + 0.94],
        color=paint,
        alpha=max(share, 0.06),
        linewidth=0,
    )
    ink = colour("paper") if share > _STRONG else colour("ink")
    axes.text(x, y, f"{many:,}", ha="center", va="center", fontsize=9, color=ink)


def residuals(figure: Figure, truth: Array, said: Array) -> None:
    """Draw predicted by true value, a point a row, and the line on which both are the same."""
    axes = figure.add_subplot()
    every = max(1, -(-len(truth) // DRAWN_POINTS))
    axes.scatter(truth[::every], said[::every], s=14, color=colour("line"), alpha=0.55, linewidths=0)
    ends = [float(min(truth.min(), said.min())), float(max(truth.max(), said.max()))]
    axes.plot(ends, ends, color=colour("fit"), linewidth=1.5, linestyle=(0, (4, 2)))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: compact(value)))
    axes.set_xlabel("true")
    axes.set_ylabel("predicted")
    heading(figure, "Predicted and true", "rows of the test; on the dashed line both are the same")
