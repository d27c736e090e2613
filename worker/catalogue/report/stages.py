"""The stages of a report, one after the other, each over all its tables."""

# ruff: noqa: PLC0415 - what the last stage needs is loaded by it

from collections.abc import Callable
from pathlib import Path
from typing import Any

from worker.catalogue.loading import load
from worker.catalogue.report import figures
from worker.catalogue.report.limits import MAX_TABLES
from worker.catalogue.report.params import Params
from worker.catalogue.report.stacking import stacked
from worker.catalogue.report.study import Study
from worker.catalogue.tables.share import Counts, share
from worker.catalogue.tables.upload import Source, read_upload
from worker.catalogue.wording.tongue import say
from worker.catalogue.wording.words import count, listing, shown
from worker.context import Context
from worker.outcomes import JobFailed
from worker.steps import Step

_HTML, _MARKDOWN, _FIGURES = "report.html", "report.md", "figures.json"
#: From this level on the service delivers less than it should: what nobody reads in a hurry can wait for a better time.
_BUSY = 3


class Report:
    """One report in the making."""

    def __init__(self, ctx: Context, params: Params) -> None:
        self._ctx = ctx
        self._params = params
        self._folder: Path = ctx.workdir / "table"
        self._studies: list[Study] = []
        #: Looked at once, so that a report is all of one kind.
        self.basic = ctx.load >= _BUSY

    @property
    def dated(self) -> str:
        """The columns of dates that rows are ordered by, or ""."""
        return listing(list(dict.fromkeys(study.dated for study in self._studies if study.dated)))

    def read(self, step: Step) -> str:
        """Read the uploads into files of raw cells."""
        tables = self._tables(step)
        self._studies = [self._study(source, place) for place, source in enumerate(tables[:MAX_TABLES], 1)]
        if self._params.kind == "statement" and not any(study.is_statement for study in self._studies):
            what = "a column of items, and at least two columns whose headers name a period of the same length"
            raise JobFailed("no_statement", f"kind: the table is no financial statement, which would have {what}.")
        for study in self._studies:
            study.alone = len(self._studies) == 1
            study.tell_reading()
        if len(tables) > MAX_TABLES:
            left = count(len(tables) - MAX_TABLES, "further table")
            self._ctx.output("text").write(
                say("{left} left out: a report has {most} at most.", left=left, most=MAX_TABLES) + "\n\n"
            )
        readings = [study.found.reading for study in self._studies]
        rows, bad = sum(reading.rows for reading in readings), sum(reading.bad_rows for reading in readings)
        columns = max(reading.columns for reading in readings)
        return say(
            "{rows}, {columns}, {bad}",
            rows=count(rows, "row"),
            columns=count(columns, "column"),
            bad=count(bad, "bad row"),
        )

    def _tables(self, step: Step) -> list[Source]:
        ids = list(dict.fromkeys([self._params.file, *self._params.files]))
        sources: list[Source] = []
        for place, file_id in enumerate(ids):
            part, folder = share(step, place, len(ids)), self._folder / f"upload-{place}"
            alone, sheet = len(ids) == 1, self._params.sheet
            sources += read_upload(self._ctx, part, file_id, folder, sheet=sheet, alone=alone)
        return stacked(sources, self._folder) if len(sources) > 1 else sources

    def _study(self, source: Source, place: int) -> Study:
        study = Study(self._ctx, self._params, source, self._folder / f"table-{place}", place=place, basic=self.basic)
        if place == 1 and self._params.title:
            study.found.title = shown(self._params.title) or study.found.title
        return study

    def profile(self, step: Step) -> str:
        """Type and profile the columns, then compare groups and measures."""
        return self._each(step, Study.profile)

    def follow(self, step: Step) -> str:
        """Find trends over time."""
        return self._each(step, Study.follow)

    def search(self, step: Step) -> str:
        """Find anomalies."""
        return self._each(step, Study.search)

    def draw(self, step: Step) -> str:
        """Draw the charts."""
        return self._each(step, Study.draw)

    def _each(self, step: Step, stage: Callable[[Study, Counts], str]) -> str:
        many = len(self._studies)
        told = [stage(study, share(step, place, many)) for place, study in enumerate(self._studies)]
        return say("; ").join(filter(None, told))

    def write(self, step: Step) -> dict[str, Any]:
        """Write the report in its three forms, and sum it up."""
        load(self._ctx, "worker.catalogue.report.render")
        from worker.catalogue.report.markdown import as_markdown
        from worker.catalogue.report.render import as_html

        found = [study.found for study in self._studies]
        files = [(_HTML, as_html(found), "text/html"), (_MARKDOWN, as_markdown(found), "text/markdown")]
        files += [(one.named(_FIGURES), figures.as_json(one).decode(), "application/json") for one in found]
        for done, (name, text, media_type) in enumerate(files, 1):
            self._ctx.artifact(name, text, media_type=media_type)
            step.progress(done=done, total=len(files), unit="files", message=name)
        charts = [chart.file for one in found for chart in one.charts]
        return figures.result(found, [*(name for name, *_ in files), *charts])
