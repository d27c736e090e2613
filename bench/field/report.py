"""What a comparison says: bars and ratios first, then every figure; for the terminal and for docs/performance.md."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from bench.field.figures import LIMIT, OURS, Bar, Figure, Figures
from bench.field.plots import draw
from bench.field.scenarios import SCENARIOS
from bench.tables import markdown, put

BEGIN, END = "<!-- measured: ./tailrace bench --write -->", "<!-- end of what was measured -->"
VERDICTS = {True: "held", False: "**not held**", None: "not measured"}
NOTES = """\
The server has one core, Redis and the generator have another. Figures are medians over the rounds; a ratio is the
median of the ratios within each round. Scenarios may be of different runs; what each was made with stands above it.
*CPU of a delivery* is what the server's processes spend for each event that reaches a reader, in µs: the same number
is their **CPU seconds per million deliveries**, the honest figure where rates also tell how busy the machine was.
"""


def bars_of(figures: Figures) -> list[Bar]:
    """Every bar of the scenarios that have figures."""
    measured = {figure.scenario for figure in figures}
    every = [bar for scenario in SCENARIOS.values() for bar in scenario.bars(figures)]
    return [bar for bar in every if bar.scenario in measured]


def table_of_bars(bars: Iterable[Bar]) -> str:
    head = ["scenario", "what", "reached", "to reach", ""]
    rows = [
        [
            bar.scenario,
            bar.text,
            _shown(bar.value),
            f"{'≥' if bar.at_least else '≤'} {_shown(bar.limit)}",
            VERDICTS[bar.held],
        ]
        for bar in bars
    ]
    return markdown([head, *rows])


def page(figures: Figures, made: Mapping[str, str]) -> str:
    """All that ``docs/performance.md`` says of one run."""
    found = [table_of_bars(bars_of(figures)), NOTES]
    titles: dict[str, str] = {}
    for scenario in SCENARIOS.values():
        titles.setdefault(scenario.NAME, scenario.TITLE)
    for name, title in titles.items():
        own = [figure for figure in figures if figure.scenario == name]
        if own:
            found.append(f"### {name}: {title}\n\n{made.get(name, 'unknown')}\n\n{_table(own)}\n")
    return "\n\n".join(part.rstrip() for part in found) + "\n"


def _table(figures: Sequence[Figure]) -> str:
    """A row for each thing measured, a column for each subject."""
    subjects = sorted({figure.subject for figure in figures}, key=_order)
    names = list(dict.fromkeys((figure.name, figure.unit) for figure in figures))
    found = {(figure.name, figure.subject): figure for figure in figures}
    rows = [
        [f"{name}{', ' + unit if unit else ''}", *(_cell(found.get((name, subject))) for subject in subjects)]
        for name, unit in names
    ]
    return markdown([["", *subjects], *rows])


def _order(subject: str) -> tuple[int, str]:
    """Ours first, then the limit, then the peers."""
    return [OURS, LIMIT].index(subject) if subject in {OURS, LIMIT} else 2, subject


def _cell(figure: Figure | None) -> str:
    return "–" if figure is None else _shown(figure.median)


def _shown(value: float | None) -> str:
    """Three figures are all that a measurement of this kind has."""
    if value is None:
        return "–"
    if abs(value) >= 1000:
        return f"{float(f'{value:.3g}'):,.0f}"
    return f"{value:.3g}"


def written(docs: Path, found: Path) -> None:
    """The figures in the file *found*, as ``performance.md`` in *docs* and its pictures."""
    figures, made = Figures.read(found)
    put(docs / "performance.md", page(figures, made), BEGIN, END)
    draw(docs / "pictures", figures)
