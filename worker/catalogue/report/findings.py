"""Everything that one report found, from the first row to the last chart."""

from dataclasses import dataclass, field
from typing import Literal

from worker.catalogue.report.anomaly import Anomalies
from worker.catalogue.report.groups import Groups, Relations
from worker.catalogue.report.statement.figures import Statement
from worker.catalogue.report.trend import Trends
from worker.catalogue.tables.profile import Profile, Profiles
from worker.catalogue.tables.read import Reading

Section = Literal["read", "profile", "trends", "anomalies"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A chart that was drawn."""

    #: Name of its artifact.
    file: str
    title: str
    #: What it shows, for those who do not see it.
    text: str
    section: Section
    svg: str
    #: It takes the whole width of the page; else two stand side by side.
    wide: bool


@dataclass(slots=True, kw_only=True)
class Findings:
    """What was found in one table; stages fill it in their order."""

    title: str
    file: str
    reading: Reading
    profiles: Profiles
    main: Profile | None = None
    groups: Groups | None = None
    relations: Relations = field(default_factory=lambda: Relations(names=(), pairs=()))
    trends: Trends | None = None
    anomalies: Anomalies = field(default_factory=Anomalies)
    charts: list[Chart] = field(default_factory=list)
    #: The service is busy: shorter, and without charts.
    basic: bool = False
    #: The table is a financial statement; its periods are the rows of the profiles.
    statement: Statement | None = None
    #: Number of the table in its report, from 1 on.
    place: int = 1
    #: The narrative, by the stage that told it.
    story: dict[Section, list[str]] = field(default_factory=dict)

    def named(self, file: str) -> str:
        """The name of one of the table's artifacts: those of a report's first table have no other in front."""
        return file if self.place == 1 else f"table-{self.place}-{file}"
