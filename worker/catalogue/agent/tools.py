"""The tools: all that an agent can do. None of them writes anywhere or reaches outside of the job's own files."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from worker.catalogue.agent.calculator import NoNumber, calculate
from worker.catalogue.agent.inventory import Inventory
from worker.catalogue.agent.library import Library
from worker.catalogue.agent.limits import CHART_ROWS, SQL_CHARS, SQL_ROWS
from worker.catalogue.agent.records import Call, Result, Source
from worker.catalogue.loading import load
from worker.context import Context

REPORT = "report"
READY = "ready"


class Arguments(BaseModel):
    """What a tool is called with."""

    model_config = ConfigDict(extra="forbid")


class Search(Arguments):
    """Finds passages of the documents by their words; gives each with its file and place."""

    query: str = Field(min_length=1, max_length=500, description="The words to look for.")
    limit: int = Field(default=5, ge=1, le=10, description="Passages at most.")


class Sql(Arguments):
    """Runs one SELECT (DuckDB's SQL) over the tables; gives the columns and at most 100 rows."""

    query: str = Field(min_length=1, max_length=SQL_CHARS, description="The SELECT.")


class Calculate(Arguments):
    """Calculates an expression: + - * / // % **, sqrt, exp, log, log10, round, abs, min, max, floor, ceil, pi, e."""

    expression: str = Field(min_length=1, max_length=500, description="The expression.")


class Chart(Arguments):
    """Draws the rows of one SELECT as a chart that the reader sees: the first column along, the second up."""

    title: str = Field(min_length=1, max_length=120, description="The title.")
    query: str = Field(
        min_length=1, max_length=SQL_CHARS, description="A SELECT of two columns; the second is a number."
    )
    kind: Literal["line", "bar"] = Field(default="bar", description="line where the first column is time.")


class Report(Arguments):
    """Has a whole analysis of one table made (profile, trends, anomalies, charts); takes a while. Gives its summary."""

    table: str = Field(min_length=1, max_length=100, description="The name of the table.")


class Ready(Arguments):
    """Call this when you know enough to answer; you are asked for the answer next."""


ARGUMENTS: dict[str, type[Arguments]] = {
    "search": Search,
    "sql": Sql,
    "calculate": Calculate,
    "chart": Chart,
    REPORT: Report,
    READY: Ready,
}


def offered(inventory: Inventory) -> list[str]:
    """The tools that are of use with these files."""
    documents = ["search"] if inventory.documents else []
    tables = ["sql", "chart", REPORT] if inventory.tables else []
    return [*documents, *tables, "calculate"]


class Mistaken(ValueError):
    """A call that cannot be made as it is; the text says why."""


def arguments(call: Call) -> Any:
    """The call's arguments as its tool takes them."""
    kind = ARGUMENTS.get(call.tool)
    if kind is None:
        raise Mistaken(f"There is no tool {call.tool[:80]!r}.")
    try:
        given = call.arguments
        return kind.model_validate_json(given) if isinstance(given, str) else kind.model_validate(given)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc'])) or 'arguments'}: {fault['msg']}" for fault in error.errors()
        )
        raise Mistaken(f"The arguments do not fit. {faults}"[:1000]) from error


@dataclass(frozen=True, kw_only=True)
class Toolbox:
    """The tools of one run, but for `report`, which is a job of its own."""

    ctx: Context
    library: Library
    inventory: Inventory

    def use(self, call: Call, seconds: float) -> Result:
        """Calls a tool; what goes wrong is a result too, for the planner to make the best of."""
        uses: dict[str, Callable[[Any, float], Result]] = {
            "search": self._search,
            "sql": self._sql,
            "calculate": self._calculate,
            "chart": self._chart,
        }
        try:
            given = arguments(call)
            if call.tool not in uses:
                raise Mistaken(f"The tool {call.tool[:80]!r} cannot be called here.")
            return uses[call.tool](given, seconds)
        except ValueError as error:
            return failed(str(error))

    def _search(self, given: Search, _seconds: float) -> Result:
        if not self.inventory.documents:
            raise Mistaken("There are no documents to search.")
        hits = self.library.index.search(given.query, given.limit)
        passages = [{"file": hit.passage.file, "place": hit.passage.place, "text": hit.passage.text} for hit in hits]
        return Result(
            ok=True,
            content={"passages": passages},
            summary=f"{len(hits)} passages" if len(hits) != 1 else "1 passage",
            sources=[Source(file=hit.passage.file, place=hit.passage.place) for hit in hits],
        )

    def _sql(self, given: Sql, seconds: float) -> Result:
        columns, rows = self._asked(given.query, SQL_ROWS + 1, seconds)
        cut = len(rows) > SQL_ROWS
        told = f"the first {SQL_ROWS} rows" if cut else "1 row" if len(rows) == 1 else f"{len(rows)} rows"
        return Result(
            ok=True,
            content={"columns": columns, "rows": rows[:SQL_ROWS], "more": cut},
            summary=told,
            sources=[Source(file=self._files(given.query), query=given.query)],
        )

    def _asked(self, query: str, most: int, seconds: float) -> tuple[list[str], list[list[Any]]]:
        if not self.inventory.tables:
            raise Mistaken("There are no tables to ask.")
        database = self.library.database
        from worker.catalogue.agent.cells import rows  # noqa: PLC0415 - with the database

        columns, found = database.select(query, most, seconds)
        return columns, rows(found)

    def _files(self, query: str) -> str:
        """The files whose tables a query names."""
        spoken = query.lower()
        named = [table.told for table in self.inventory.tables if table.name.lower() in spoken]
        return ", ".join(dict.fromkeys(named)) or "the tables"

    def _calculate(self, given: Calculate, _seconds: float) -> Result:
        try:
            value = calculate(given.expression)
        except NoNumber as error:
            raise Mistaken(str(error)) from error
        told = f"{given.expression} = {value:,.12g}" if isinstance(value, float) else f"{given.expression} = {value:,}"
        source = Source(file="calculated", place=told)
        return Result(ok=True, content={"value": value}, summary=told[:200], sources=[source])

    def _chart(self, given: Chart, seconds: float) -> Result:
        columns, rows = self._asked(given.query, CHART_ROWS, seconds)
        load(self.ctx, "worker.catalogue.agent.chart")
        from worker.catalogue.agent.chart import draw  # noqa: PLC0415 - matplotlib takes a second to load

        name = file_of(given.title)
        svg = draw(given.kind, columns, rows, title=given.title, name=name)
        self.ctx.artifact(f"{name}.svg", svg, media_type="image/svg+xml")
        content = {"drawn": f"{name}.svg", "points": len(rows)}
        return Result(ok=True, content=content, summary=f"{name}.svg", sources=[])


def file_of(title: str) -> str:
    """The same title has the same file: a chart that is drawn again takes the place of the first."""
    letters = "".join(sign if sign.isalnum() else "-" for sign in title.lower())
    return f"chart-{'-'.join(filter(None, letters.split('-')))[:60].rstrip('-') or 'of-rows'}"


def failed(why: str) -> Result:
    """A call that came to nothing."""
    return Result(ok=False, content={"error": why}, summary=why)
