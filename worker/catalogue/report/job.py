"""The job itself: the order of its stages, which are loaded once it runs, in the worker's child."""

from typing import TYPE_CHECKING, Any

from worker.catalogue.loading import load
from worker.catalogue.report.params import Params
from worker.catalogue.wording.tongue import say, speaking
from worker.context import Context
from worker.job import job

if TYPE_CHECKING:
    from worker.catalogue.report.stages import Report


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
