"""The comparison drawn: what each bears, and what a delivery, a stream and a reader more costs."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Sheet

from bench.field.figures import LIMIT, OURS, Figures
from bench.picture import INK, PAPER, STYLE

#: Ours stands out; the limit is no competitor.
COLOURS = {OURS: "#0072b2", LIMIT: "#999999"}
OTHER = "#e69f00"
#: Scenario, figure and what it is called above its bars.
PANELS = (
    ("S1", "most, one event a send", "S1: deliveries/s, one event a send"),
    ("S2", "most", "S2: deliveries/s, 2,000 jobs"),
    ("S1", "CPU of a delivery", "S1: µs of CPU, 10,000/s"),
    ("S4", "memory of a stream, 5,000", "S4: KiB of an idle stream"),
)


def draw(folder: Path, figures: Figures) -> None:
    """One picture, ``performance.svg``; panels without figures stay away."""
    shown = [panel for panel in PANELS if any(_of(figures, panel[0], panel[1]))]
    if not shown:
        return
    folder.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context(STYLE):
        sheet = Sheet(figsize=(9.6, 2.6 * ((len(shown) + 1) // 2)), layout="constrained", facecolor=PAPER)
        places = sheet.subplots((len(shown) + 1) // 2, 2, squeeze=False).flat
        for (scenario, name, title), axes in zip(shown, places, strict=False):
            _bars(axes, _of(figures, scenario, name), title)
        for axes in places:
            axes.set_axis_off()
        title = "The service and its peers"
        sheet.savefig(folder / "performance.svg", format="svg", metadata={"Date": None, "Title": title})


def _of(figures: Figures, scenario: str, name: str) -> list[tuple[str, float]]:
    """Subjects and their medians, the largest first."""
    found = [(each.subject, each.median) for each in figures if (each.scenario, each.name) == (scenario, name)]
    return sorted(found, key=lambda pair: -pair[1])


def _bars(axes: Axes, found: Sequence[tuple[str, float]], title: str) -> None:
    names, values = [name for name, _ in found], [value for _, value in found]
    drawn = axes.barh(names, values, color=[COLOURS.get(name, OTHER) for name in names], height=0.6)
    axes.bar_label(drawn, [f"{value:,.3g}" if value < 1000 else f"{value:,.0f}" for value in values], padding=3)
    axes.invert_yaxis()
    axes.set_title(title, fontsize=11, loc="left", color=INK)
    axes.set_xlim(0, max(values) * 1.2 or 1)
    axes.xaxis.set_visible(False)
    axes.spines[["top", "right", "bottom"]].set_visible(False)
