"""What a training leaves: the model, its charts, the report and the figures."""

from collections.abc import Callable
from functools import partial

from matplotlib.figure import Figure

from worker.catalogue.drawing.svg import alone, drawn
from worker.catalogue.train import charts
from worker.catalogue.train.finished import finished, packed
from worker.catalogue.train.limits import DRAWN_CLASSES
from worker.catalogue.train.narrative import stopped
from worker.catalogue.train.outcome import Outcome
from worker.catalogue.train.page import Drawn, as_html
from worker.catalogue.wording.words import capital
from worker.context import Context
from worker.steps import Step

MODEL, REPORT, FIGURES = "model.skops", "report.html", "figures.json"
#: From these levels of load on the service is spared the chart of the test, and all charts.
_BUSY, _VERY_BUSY = 3, 4
_WIDTH = 9.0


class Writer:
    """Puts out one artifact after the other and knows their names."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._charts: list[Drawn] = []
        self.names: list[str] = []

    def model(self, outcome: Outcome) -> None:
        """The model with what prepares its inputs, in one file."""
        if MODEL in self.names:
            return
        made = outcome.made
        data = packed(finished(made.preparation, outcome.model, made.scale))
        self._put(MODEL, data, "application/octet-stream")

    def charts(self, outcome: Outcome, step: Step) -> None:
        """The curves, and what the test showed unless the service is busy."""
        if self._ctx.load >= _VERY_BUSY:
            self._ctx.log("The service is very busy, so all charts were left out; their figures are in the report.")
            return
        score = outcome.exam.truth.score_name
        text = capital(f"{stopped(outcome.course, outcome.end)}.")
        self._draw("curves", "How it learnt", text, 3.4, partial(charts.curves, course=outcome.course, score=score))
        step.progress(fraction=0.6, message="The curves are drawn")
        if self._ctx.load >= _BUSY:
            self._ctx.log("The service is busy, so the chart of the test was left out; its figures are in the report.")
            return
        truth, answers, confused = outcome.exam.truth, outcome.exam.answers, outcome.exam.confused
        if confused is None:
            draw = partial(charts.residuals, truth=truth.values, said=answers)
            self._draw("residuals", "Predicted and true", "A point for each row of the test.", 4.6, draw)
        else:
            draw = partial(charts.confusion, names=[str(each) for each in truth.classes], counts=confused)
            height = 1.8 + 0.36 * min(len(truth.classes), DRAWN_CLASSES)
            self._draw("confusion", "What was held for what", "How often each class was held for each.", height, draw)

    def report(self, outcome: Outcome) -> None:
        """The figures, and the page with all that there is so far."""
        self._put(REPORT, as_html(outcome, self._charts).encode(), "text/html")
        self._put(FIGURES, outcome.figures([*self.names, FIGURES]), "application/json")

    def _draw(self, name: str, title: str, text: str, height: float, draw: Callable[[Figure], None]) -> None:
        svg = drawn(draw, (_WIDTH, height), name=name, title=title, text=text)
        self._charts.append(Drawn(title=title, svg=svg))
        self._put(f"{name}.svg", alone(svg).encode(), "image/svg+xml")

    def _put(self, name: str, data: bytes, media_type: str) -> None:
        self._ctx.artifact(name, data, media_type=media_type)
        self.names.append(name)
