"""The job itself: its params and the order of its stages, which are loaded once it runs, in the worker's child."""

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from worker.catalogue.report.loading import load
from worker.context import Context
from worker.job import FileId, job

if TYPE_CHECKING:
    from worker.catalogue.report.stages import Report


class Params(BaseModel):
    """What a report is made of."""

    model_config = ConfigDict(extra="forbid")

    file: FileId = Field(description="A CSV or TSV file (plain or gzipped) or a Parquet file.", title="File")
    title: str = Field(default="", max_length=120, description="Title of the report; the file's name if empty.")
    date_column: str = Field(default="", max_length=200, description="Column of dates; found by itself if empty.")
    value_column: str = Field(default="", max_length=200, description="Measure to lead with; chosen if empty.")
    max_anomalies: int = Field(default=30, ge=1, le=200, description="Anomalies to list at most.")


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
    with ctx.step("read", title="Read the data") as step:
        step.progress(fraction=0, message="Opening the file")
        made = _stages(ctx, params)
        step.summary(made.read(step))
    with ctx.step("profile", title="Profile the columns") as step:
        step.summary(made.profile(step))
    if made.dated:
        with ctx.step("trends", title="Find trends over time") as step:
            step.progress(fraction=0, message=f"Following {made.dated}")
            step.summary(made.follow(step))
    else:
        ctx.skip_step("trends", "The table has no column of dates.")
    with ctx.step("anomalies", title="Find anomalies") as step:
        step.progress(fraction=0, message="Looking for what stands out")
        step.summary(made.search(step))
    with ctx.step("charts", title="Draw the charts") as step:
        step.progress(fraction=0, message="Choosing charts")
        step.summary(made.draw(step))
    with ctx.step("write", title="Write the report") as step:
        result = made.write(step)
        step.summary(f"{len(result['artifacts'])} files")
    return result


def _stages(ctx: Context, params: Params) -> "Report":
    load(ctx, "worker.catalogue.report.stages")
    from worker.catalogue.report.stages import Report  # noqa: PLC0415 - polars must not be loaded before the fork

    return Report(ctx, params)
