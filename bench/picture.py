"""The comparison drawn: latency and bytes of every transport at every rate."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.matrix import Cell, Findings

#: Told apart by whoever sees no red or no green (Okabe and Ito), and by their marks.
LOOKS = {
    "polling": ("#999999", "o"),
    "long-poll": ("#e69f00", "s"),
    "SSE": ("#0072b2", "D"),
    "NDJSON": ("#009e73", "^"),
    "WebSocket": ("#cc79a7", "v"),
}
INK, PAPER = "#1f2937", "#ffffff"
STYLE = {
    "svg.fonttype": "none",
    #: The same findings give the same bytes.
    "svg.hashsalt": "tailrace",
    "font.family": "sans-serif",
    "font.size": 10,
    **dict.fromkeys(("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), INK),
}


def draw(path: Path, findings: Findings) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9.6, 4.2), layout="constrained", facecolor=PAPER)
        latency, size = figure.subplots(1, 2)
        for number, name in enumerate(findings.lines):
            cells = [cell for cell in findings.cells if cell.transport == name]
            _draw(latency, number, name, cells, [cell.p50 for cell in cells])
            latency.vlines(_places(number, cells), [c.p50 for c in cells], [c.p99 for c in cells], LOOKS[name][0])
            _draw(size, number, name, cells, [cell.wire for cell in cells])
        latency.set_yscale("log")
        latency.yaxis.set_major_formatter("{x:g}")
        size.set_ylim(bottom=0)
        _label(latency, findings, "Latency in ms: the median, with a line up to p99")
        _label(size, findings, "Bytes on the wire for each event")
        handles, labels = latency.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=len(LOOKS), frameon=False)
        figure.savefig(path, format="svg", metadata={"Date": None, "Title": "The transports compared"})


def _draw(axes: Axes, number: int, name: str, cells: Sequence[Cell], values: Sequence[float]) -> None:
    colour, mark = LOOKS[name]
    axes.plot(_places(number, cells), values, mark, color=colour, markersize=7, label=name)


def _places(number: int, cells: Sequence[Cell]) -> list[float]:
    """Side by side within the band of their rate."""
    return [band + (number - (len(LOOKS) - 1) / 2) * 0.14 for band in range(len(cells))]


def _label(axes: Axes, findings: Findings, title: str) -> None:
    rates = list(dict.fromkeys(cell.rate for cell in findings.cells))
    axes.set_title(title, fontsize=11, loc="left")
    axes.set_xticks(range(len(rates)), [f"{rate:g} a second" for rate in rates])
    axes.set_xlim(-0.5, len(rates) - 0.5)
    axes.grid(axis="y", color="#d0d5dd", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_facecolor(PAPER)
    axes.spines[["top", "right"]].set_visible(False)
