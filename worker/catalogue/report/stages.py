"""The stages of a report, one after the other; each tells what it found as soon as it has found it."""

# ruff: noqa: PLC0415 - scipy, scikit-learn and matplotlib take seconds to load: the stage that needs one loads it

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from worker.catalogue.report import figures, narrative
from worker.catalogue.report.findings import Findings, Section
from worker.catalogue.report.groups import by_category, relations
from worker.catalogue.report.loading import load
from worker.catalogue.report.measures import TimeAxis, main_measure, measures, time_axis
from worker.catalogue.report.parquet import read_parquet
from worker.catalogue.report.profile import Profiles, profile_columns
from worker.catalogue.report.read import read_text
from worker.catalogue.report.source import PARQUET
from worker.catalogue.report.table import RawTable, Table
from worker.catalogue.report.words import count, shown
from worker.context import Context
from worker.steps import Step

if TYPE_CHECKING:
    from worker.catalogue.report.job import Params

_HTML, _MARKDOWN, _FIGURES = "report.html", "report.md", "figures.json"


class Report:
    """One report in the making."""

    def __init__(self, ctx: Context, params: "Params") -> None:
        self._ctx = ctx
        self._params = params
        self._folder: Path = ctx.workdir / "table"
        self._axis: TimeAxis | None = None
        self._raw: RawTable
        self._table: Table
        self._found: Findings

    @property
    def dated(self) -> str:
        """The column of dates that rows are ordered by, or ""."""
        return "" if self._axis is None else self._axis.name

    def read(self, step: Step) -> str:
        """Read the upload into files of raw cells."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._ctx.open_file(self._params.file) as raw:
            name = shown(Path(str(raw.name)).name) or "the file"
            if raw.read(4) == PARQUET:
                self._raw, reading = read_parquet(step, self._ctx.file_path(self._params.file))
            else:
                self._raw, reading = read_text(self._ctx, step, raw, self._folder)
        self._found = Findings(title=shown(self._params.title) or name, file=name, reading=reading, profiles=Profiles())
        self._tell("read", narrative.on_reading(self._found))
        return f"{count(reading.rows, 'row')}, {count(reading.columns, 'column')}, {count(reading.bad_rows, 'bad row')}"

    def profile(self, step: Step) -> str:
        """Type and profile the columns, then compare groups and measures."""
        found = self._found
        comma_likely = found.reading.delimiter == "semicolon"
        self._table, found.profiles = profile_columns(
            self._ctx, step, self._raw, self._folder, comma_likely=comma_likely
        )
        followed = measures(found.profiles)
        found.main = main_measure(followed, self._params.value_column)
        self._axis = time_axis(self._table, found.profiles, self._params.date_column)
        found.groups = by_category(self._table, found.profiles, found.main)
        found.relations = relations(self._table, followed)
        self._tell("profile", narrative.on_profile(found))
        return f"{count(len(followed), 'measure')} among {count(found.reading.columns, 'column')}"

    def follow(self, step: Step) -> str:
        """Find trends over time."""
        load(self._ctx, "worker.catalogue.report.trends")
        from worker.catalogue.report.trends import find_trends

        if self._axis is None:
            return ""
        self._found.trends = find_trends(self._ctx, step, self._table, self._found.profiles, self._axis)
        self._tell("trends", narrative.on_trends(self._found))
        clear = sum(trend.direction in ("rising", "falling") for trend in self._found.trends.found)
        return f"{count(clear, 'clear trend')} among {count(len(self._found.trends.found), 'measure')}"

    def search(self, step: Step) -> str:
        """Find anomalies."""
        load(self._ctx, "worker.catalogue.report.anomalies")
        from worker.catalogue.report.anomalies import Search

        search = Search(self._ctx, step, self._table, self._found.profiles, self._axis)
        self._found.anomalies = search.run(self._params.max_anomalies)
        self._tell("anomalies", narrative.on_anomalies(self._found))
        return f"{self._found.anomalies.found:,} found"

    def draw(self, step: Step) -> str:
        """Draw the charts."""
        load(self._ctx, "worker.catalogue.report.charts")
        from worker.catalogue.report.charts import draw_charts

        draw_charts(self._ctx, step, self._found)
        return count(len(self._found.charts), "chart")

    def write(self, step: Step) -> dict[str, Any]:
        """Write the report in its three forms, and sum it up."""
        load(self._ctx, "worker.catalogue.report.render")
        from worker.catalogue.report.render import as_html, as_markdown

        self._ctx.artifact(_HTML, as_html(self._found), media_type="text/html")
        step.progress(done=1, total=3, unit="files", message=_HTML)
        self._ctx.artifact(_MARKDOWN, as_markdown(self._found), media_type="text/markdown")
        step.progress(done=2, total=3, unit="files", message=_MARKDOWN)
        self._ctx.artifact(_FIGURES, figures.as_json(self._found), media_type="application/json")
        step.progress(done=3, total=3, unit="files", message=_FIGURES)
        return figures.result(self._found, [_HTML, _MARKDOWN, _FIGURES, *(chart.file for chart in self._found.charts)])

    def _tell(self, section: Section, sentences: Iterable[str]) -> None:
        """Stream the narrative sentence by sentence, a paragraph for each stage."""
        text = self._ctx.output("text")
        told = self._found.story.setdefault(section, [])
        for sentence in sentences:
            text.write(f"{' ' if told else ''}{sentence}")
            told.append(sentence)
        if told:
            text.write("\n\n")
