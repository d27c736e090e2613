"""A chart's title, and what its lines mean."""

from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from worker.catalogue.drawing.svg import colour
from worker.catalogue.wording.words import short

_TITLE_INCHES, _HEAD_INCHES = 0.3, 0.48


def heading(figure: Figure, text: str, note: str = "") -> None:
    """Write a chart's title where reading begins, below it what its lines mean, and keep the drawing clear of both."""
    height = figure.get_figheight()
    cells = int(figure.get_figwidth() * 11)
    top = 1 - (_HEAD_INCHES if note else _TITLE_INCHES) / height
    engine = figure.get_layout_engine()
    if isinstance(engine, ConstrainedLayoutEngine):
        engine.set(rect=(0, 0, 1, top))
    ink, muted = colour("ink"), colour("muted")
    figure.text(0.004, 1 - 0.05 / height, short(text, cells), fontsize=12, fontweight="bold", color=ink, va="top")
    if note:
        figure.text(0.004, 1 - 0.27 / height, short(note, int(cells * 1.3)), fontsize=9, color=muted, va="top")
