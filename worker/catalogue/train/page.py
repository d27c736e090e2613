"""The report of a training, as one page that needs nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from markupsafe import Markup

from worker.catalogue.drawing.page import environment, style
from worker.catalogue.train.limits import DRAWN_CLASSES, NAMED_COLUMNS
from worker.catalogue.train.outcome import Outcome
from worker.catalogue.wording.words import day, number, percent, shown

_TEMPLATES = Path(__file__).parent / "templates"
_SHARES = ("accuracy", "balanced_accuracy", "f1_macro")
_WORDS = {
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy",
    "f1_macro": "F1, mean of the classes",
    "loss": "Loss",
    "r2": "R²",
    "rmse": "RMSE",
    "mae": "Mean error",
    "median_error": "Median error",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A chart inside the page."""

    title: str
    svg: str


def as_html(outcome: Outcome, charts: Sequence[Drawn]) -> str:
    """Render it: inline style and charts, no script, nothing loaded."""
    made = outcome.made
    features = made.inputs.names
    template = environment(_TEMPLATES).get_template("report.html.j2")
    return template.render(
        title=shown(outcome.title, 120),
        subtitle=f"{made.target.task}, {made.estimator}, {day(datetime.now(UTC))}",
        style=style(),
        tiles=_tiles(outcome),
        story=outcome.story,
        charts=[Markup(chart.svg) for chart in charts],  # noqa: S704 - drawn by us, text escaped by ElementTree
        scores=_scores(outcome),
        naive=outcome.exam.naive,
        classes=_classes(outcome),
        features=features[:NAMED_COLUMNS],
        more_features=max(0, len(features) - NAMED_COLUMNS),
        dropped=list(made.inputs.dropped.items())[:NAMED_COLUMNS],
        params=outcome.params.model_dump(exclude={"file", "dataset"} if outcome.params.file else {"file"}),
    )


def _tiles(outcome: Outcome) -> list[tuple[str, str]]:
    exam, course = outcome.exam, outcome.course
    name = exam.truth.score_name
    return [
        (_said(name, exam.score), f"{_WORDS[name]} on unseen rows"),
        (_said(name, exam.naive_score), exam.naive),
        (f"{course.best} of {course.epoch}", "best epoch"),
        (f"{len(outcome.made.learnt):,}", "rows learnt from"),
    ]


def _scores(outcome: Outcome) -> list[tuple[str, str, str]]:
    naive = outcome.exam.naive_scores
    return [(_WORDS[name], _said(name, value), _said(name, naive[name])) for name, value in outcome.exam.scores.items()]


def _said(name: str, value: float) -> str:
    if name == "r2":
        return f"{value + 0.0:.3f}".replace("-0.000", "0.000").replace("-", "−")
    return percent(value) if name in _SHARES else number(value)


def _classes(outcome: Outcome) -> list[tuple[str, str, str, str]]:
    """Each class of the test: its rows, how many of them were found, and for what else it was held most often."""
    confused = outcome.exam.confused
    if confused is None:
        return []
    names = [shown(each, 40) for each in outcome.exam.truth.classes]
    rows = []
    for place, counts in enumerate(confused[:DRAWN_CLASSES]):
        others = counts.copy()
        others[place] = 0
        worst = f"{names[others.argmax()]} ({others.max():,})" if others.any() else "–"
        found = percent(counts[place] / counts.sum()) if counts.sum() else "–"
        rows.append((names[place], f"{counts.sum():,}", found, worst))
    return rows
