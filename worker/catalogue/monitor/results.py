"""What a watch leaves: the kept samples as a table, and its summary."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from worker.catalogue.monitor.watching import Watching
from worker.context import Context

SAMPLES, SUMMARY = "samples.csv", "summary.json"
_HEAD = ("time", "seconds", "metric", "unit", "samples", "least", "mean", "most")


def leave(ctx: Context, state: Watching, began: float) -> dict[str, Any]:
    """Keeps the files; the result, which is the summary."""
    result = {"began": _time(began), **state.summary(), "artifacts": [SAMPLES, SUMMARY]}
    ctx.artifact(SAMPLES, table(state, began), media_type="text/csv")
    ctx.artifact(SUMMARY, json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    return result


def table(state: Watching, began: float) -> str:
    """The kept samples as CSV, a row for each span of each metric."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(_HEAD)
    rows.writerows(_rows(state, began))
    return text.getvalue()


def sentence(state: Watching) -> str:
    """How it stands, in short."""
    alerts = len(state.firing)
    fires = "no alert" if not alerts else "1 alert" if alerts == 1 else f"{alerts} alerts"
    return f"{state.samples:,} samples, {fires} firing"


def _rows(state: Watching, began: float) -> Iterator[tuple[Any, ...]]:
    for tick, metric, span in state.history.rows():
        seconds = round(tick * state.interval, 3)
        figures = (f"{value:.6g}" for value in (span.least, span.mean, span.most))
        yield _time(began + seconds), seconds, metric, state.units[metric] or "", span.count, *figures


def _time(moment: float) -> str:
    """As the service writes times."""
    at = datetime.fromtimestamp(0, UTC) + timedelta(seconds=moment)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
