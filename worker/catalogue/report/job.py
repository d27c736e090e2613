"""The job itself: its params and the order of its stages, which are loaded once it runs, in the worker's child."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from worker.catalogue.report.limits import MAX_FILES
from worker.catalogue.report.loading import load
from worker.catalogue.report.tongue import say, speaking
from worker.context import Context
from worker.job import FileId, job

if TYPE_CHECKING:
    from worker.catalogue.report.stages import Report


class Params(BaseModel):
    """What a report is made of."""

    model_config = ConfigDict(extra="forbid")

    file: FileId = Field(
        description="A table: CSV, TSV or JSON (each plain or gzipped), an Excel workbook (.xlsx) or a Parquet file.",
        title="File",
        json_schema_extra={"sample": "nyc-airports-2013.csv"},
    )
    title: str = Field(default="", max_length=120, description="The file's name if empty.", title="Title of the report")
    date_column: str = Field(
        default="", max_length=200, description="Found by itself if empty.", title="Column of dates"
    )
    value_column: str = Field(default="", max_length=200, description="Chosen if empty.", title="Measure to lead with")
    max_anomalies: int = Field(
        default=30, ge=1, le=200, description="More are counted, not listed.", title="Largest number of anomalies"
    )
    files: list[FileId] = Field(
        default=[],
        max_length=MAX_FILES - 1,
        description="Further files: those with the same columns become one table, others get a part of their own.",
        title="More files",
    )
    sheet: str = Field(
        default="",
        max_length=100,
        description="Sheet of an Excel workbook; the first with a table if empty, every one if *.",
        title="Sheet",
    )
    value_columns: list[Annotated[str, Field(min_length=1, max_length=200)]] = Field(
        default=[], max_length=30, description="These and no others; all if empty.", title="Measures to follow"
    )
    kind: Literal["auto", "table", "statement"] = Field(
        default="auto",
        description="A financial statement has items in its rows and periods in its columns; seen by itself if auto.",
        title="Kind of table",
    )
    language: Literal["en", "zh", "auto"] = Field(
        default="en", description="English, Chinese, or that of the file's headers.", title="Language of the report"
    )


@job(
    "report",
    title="Analysis report",
    description="Reads a table, profiles its columns, finds trends and anomalies, draws charts and writes a report.",
    params=Params,
    example={"file": "01jd0000000000000000000000", "title": "New York airports in 2013"},
    timeout_seconds=1800,
    max_attempts=2,
    steps={"read": 4, "profile": 3, "trends": 3, "anomalies": 4, "charts": 4, "write": 1},
)
def report(ctx: Context, params: Params) -> dict[str, Any]:
    """Analyse a table."""
    with speaking(params.language):
        return _written(ctx, params)


def _written(ctx: Context, params: Params) -> dict[str, Any]:
    with ctx.step("read", title=say("Read the data")) as step:
        step.progress(fraction=0, message=say("Opening the file"))
        made = _stages(ctx, params)
        step.summary(made.read(step))
    with ctx.step("profile", title=say("Profile the columns")) as step:
        step.summary(made.profile(step))
    if made.dated:
        with ctx.step("trends", title=say("Find trends over time")) as step:
            step.progress(fraction=0, message=say("Following {dated}", dated=made.dated))
            step.summary(made.follow(step))
    else:
        ctx.skip_step("trends", say("The table has no column of dates."))
    with ctx.step("anomalies", title=say("Find anomalies")) as step:
        step.progress(fraction=0, message=say("Looking for what stands out"))
        step.summary(made.search(step))
    _charts(ctx, made)
    with ctx.step("write", title=say("Write the report")) as step:
        result = made.write(step)
        step.summary(say("{many} files", many=len(result["artifacts"])))
    return result


def _charts(ctx: Context, made: "Report") -> None:
    if made.basic:
        ctx.skip_step("charts", say("The service is busy, so the report goes without charts."))
        return
    with ctx.step("charts", title=say("Draw the charts")) as step:
        step.progress(fraction=0, message=say("Choosing charts"))
        step.summary(made.draw(step))


def _stages(ctx: Context, params: Params) -> "Report":
    load(ctx, "worker.catalogue.report.stages")
    from worker.catalogue.report.stages import Report  # noqa: PLC0415 - polars must not be loaded before the fork

    return Report(ctx, params)
