"""One table under study: from its raw cells to its charts, each stage telling what it found."""

# ruff: noqa: PLC0415 - scipy, scikit-learn and matplotlib take seconds to load: the stage that needs one loads it

from collections.abc import Iterable
from pathlib import Path

from worker.catalogue.loading import load
from worker.catalogue.report import narrative
from worker.catalogue.report.findings import Findings, Section
from worker.catalogue.report.groups import by_category, relations
from worker.catalogue.report.measures import TimeAxis, asked_measures, main_measure, measures, time_axis
from worker.catalogue.report.params import Params
from worker.catalogue.report.statement import told
from worker.catalogue.report.statement.layout import Layout, recognised, turned
from worker.catalogue.report.statement.study import statement_of
from worker.catalogue.tables.profile import Profiles, profile_columns
from worker.catalogue.tables.share import Counts
from worker.catalogue.tables.table import Table
from worker.catalogue.tables.upload import Source
from worker.catalogue.wording.tongue import say
from worker.catalogue.wording.words import count, shown
from worker.context import Context

#: What the basic report lists at most.
_BASIC_ANOMALIES = 10


class Study:
    """One table, and what is found in it."""

    def __init__(self, ctx: Context, params: Params, source: Source, folder: Path, *, place: int, basic: bool) -> None:
        self._ctx, self._params, self._folder = ctx, params, folder
        self._axis: TimeAxis | None = None
        self._table: Table
        self._layout: Layout | None = None
        self._raw = source.raw
        #: It is the only table of its report.
        self.alone = True
        self.found = Findings(
            title=shown(source.name),
            file=source.name,
            reading=source.reading,
            profiles=Profiles(),
            basic=basic,
            place=place,
        )
        folder.mkdir(parents=True, exist_ok=True)
        if params.kind != "table":
            self._layout = recognised(source.raw, source.reading.titles, asked=params.kind == "statement")
        if self._layout is not None:
            self._raw = turned(source.raw, self._layout, folder / "turned")

    @property
    def is_statement(self) -> bool:
        """Whether the table is read as a financial statement."""
        return self._layout is not None

    @property
    def dated(self) -> str:
        """The column of dates that rows are ordered by, or ""."""
        return "" if self._axis is None else self._axis.name

    def tell_reading(self) -> None:
        """Tell how the table was read."""
        self._tell("read", narrative.on_reading(self.found))

    def profile(self, step: Counts) -> str:
        """Type and profile the columns, then compare groups and measures."""
        found, params = self.found, self._params
        comma_likely = found.reading.delimiter == "semicolon"
        self._table, found.profiles = profile_columns(
            self._ctx, step, self._raw, self._folder, comma_likely=comma_likely
        )
        every = measures(found.profiles)
        chosen = asked_measures(every, self._here(params.value_columns))
        found.profiles.chosen = tuple(profile.column.key for profile in chosen)
        followed = measures(found.profiles)
        leading = "".join(self._here([params.value_column] if params.value_column else []))
        found.main = chosen[0] if chosen and not leading else main_measure(every if leading else followed, leading)
        self._axis = time_axis(self._table, found.profiles, "".join(self._here([params.date_column])))
        if self._layout is not None:
            found.statement = statement_of(self._table, self._layout)
        elif not found.basic:
            found.groups = by_category(self._table, found.profiles, found.main)
            found.relations = relations(self._table, followed)
        understood = () if found.statement is None else told.on_statement(found.statement)
        self._tell("profile", [*understood, *narrative.on_profile(found)])
        return say(
            "{measures} among {columns}",
            measures=count(len(followed), "measure"),
            columns=count(found.reading.columns, "column"),
        )

    def _here(self, wanted: Iterable[str]) -> list[str]:
        """The names that were asked for; of several tables each looks only for those that it has."""
        names = {name.casefold() for name in self._raw.names}
        return [name for name in wanted if name and (self.alone or name.strip().casefold() in names)]

    def follow(self, step: Counts) -> str:
        """Find trends over time."""
        load(self._ctx, "worker.catalogue.report.trends")
        from worker.catalogue.report.trends import find_trends

        if self._axis is None:
            return ""
        self.found.trends = find_trends(self._ctx, step, self._table, self.found.profiles, self._axis)
        statement = self.found.statement
        self._tell("trends", narrative.on_trends(self.found) if statement is None else told.on_course(statement))
        clear = sum(trend.direction in ("rising", "falling") for trend in self.found.trends.found)
        trends = count(clear, "clear trend")
        return say("{trends} among {measures}", trends=trends, measures=count(len(self.found.trends.found), "measure"))

    def search(self, step: Counts) -> str:
        """Find anomalies."""
        found = self.found
        most = min(self._params.max_anomalies, _BASIC_ANOMALIES) if found.basic else self._params.max_anomalies
        if found.statement is not None:
            load(self._ctx, "worker.catalogue.report.statement.checks")
            from worker.catalogue.report.statement.checks import abnormal

            found.anomalies = abnormal(found.statement, most)
            step.progress(done=1, total=1, unit="statement", message=say("Sums, signs and growth"))
        else:
            load(self._ctx, "worker.catalogue.report.anomalies")
            from worker.catalogue.report.anomalies import Search

            search = Search(self._ctx, step, self._table, found.profiles, self._axis)
            found.anomalies = search.run(most, basic=found.basic)
        self._tell("anomalies", narrative.on_anomalies(found))
        return say("{found:,} found", found=found.anomalies.found)

    def draw(self, step: Counts) -> str:
        """Draw the charts."""
        load(self._ctx, "worker.catalogue.report.charts")
        from worker.catalogue.report.charts import draw_charts

        draw_charts(self._ctx, step, self.found)
        return count(len(self.found.charts), "chart")

    def _tell(self, section: Section, sentences: Iterable[str]) -> None:
        """Stream the narrative sentence by sentence, a paragraph for each stage."""
        text = self._ctx.output("text")
        told_here = self.found.story.setdefault(section, [])
        begun = False
        for sentence in sentences:
            text.write(f"{' ' if begun else ''}{sentence}")
            told_here.append(sentence)
            begun = True
        if begun:
            text.write("\n\n")
