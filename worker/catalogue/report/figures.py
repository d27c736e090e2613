"""Every figure of a report, as JSON and as the small result of the job."""

from collections.abc import Sequence
from typing import Any

import msgspec

from worker.catalogue.report.anomaly import headlines
from worker.catalogue.report.findings import Findings
from worker.catalogue.report.narrative import in_short
from worker.catalogue.report.periods import Point
from worker.catalogue.report.span import span_of
from worker.catalogue.report.statement.figures import Statement
from worker.catalogue.report.trend import Trend, ranked
from worker.catalogue.wording.words import period

_TOP = 5
_SHOWN = 24


def as_json(found: Findings) -> bytes:
    """Every figure, in the order of the report."""
    trends, anomalies = found.trends, found.anomalies
    document = {
        "title": found.title,
        "file": found.file,
        "reading": found.reading,
        "duplicate_rows": found.profiles.duplicate_rows,
        "columns": [
            {"present": profile.present, "missing_share": profile.missing_share, **msgspec.to_builtins(profile)}
            for profile in found.profiles.columns
        ],
        "groups": found.groups,
        "relations": found.relations.pairs,
        "trends": None
        if trends is None
        else {
            "by": trends.axis.name,
            "every": trends.every,
            "stray_dates": trends.stray_dates,
            "measures": [{"direction": trend.direction, **msgspec.to_builtins(trend)} for trend in trends.found],
        },
        "anomalies": {
            "found": anomalies.found,
            "listed": anomalies.listed,
            "long_tails": anomalies.tails,
            "rows_compared": anomalies.rows_compared,
            "columns_compared": anomalies.columns_compared,
        },
        **({} if found.statement is None else {"statement": _statement(found.statement)}),
        "narrative": found.story,
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=1)


def _statement(statement: Statement) -> dict[str, Any]:
    return {
        "unit": statement.unit,
        "periods": statement.periods,
        "items": [{**msgspec.to_builtins(row), "growth": row.growth} for row in statement.rows],
        "ratios": statement.ratios,
    }


def result(tables: Sequence[Findings], artifacts: list[str]) -> dict[str, Any]:
    """Sum the report up in a few kilobytes: its first table, and of the others what is said in short."""
    found = tables[0]
    summed = {**_summed(found), "artifacts": artifacts}
    if found.basic:
        summed["basic"] = True
    if found.statement is not None:
        summed["statement"] = {
            "periods": [period.label for period in found.statement.periods][-_SHOWN:],
            "ratios": {ratio.name: ratio.values[-1] for ratio in found.statement.ratios},
        }
    if len(tables) > 1:
        summed["more_tables"] = [_brief(other) for other in tables[1:]]
    return summed


def _brief(found: Findings) -> dict[str, Any]:
    reading = found.reading
    return {"file": found.file, "rows": reading.rows, "columns": reading.columns, "summary": in_short(found)[:3]}


def _summed(found: Findings) -> dict[str, Any]:
    reading, trends = found.reading, found.trends
    main = "" if found.main is None else found.main.column.key
    return {
        "title": found.title,
        "file": found.file,
        "rows": reading.rows,
        "columns": reading.columns,
        "bad_rows": reading.bad_rows,
        "duplicate_rows": found.profiles.duplicate_rows,
        "missing_cells": sum(profile.rows - profile.present for profile in found.profiles.columns),
        "period": _period(found),
        "summary": in_short(found),
        "trends": [] if trends is None else [_trend(trend) for trend in ranked(trends.found, main)[:_TOP]],
        "anomalies": {
            "found": found.anomalies.found,
            "top": [
                {"sort": one.sort, "column": one.column, "when": one.when, "line": one.line, "why": one.why}
                for one in headlines(found.anomalies.listed, _TOP)
            ],
        },
    }


def _period(found: Findings) -> dict[str, str] | None:
    span = span_of(found.trends)
    if span is None or found.trends is None:
        return None
    return {"column": found.trends.axis.name, "first": span[0], "last": span[1], "every": found.trends.every}


def _trend(trend: Trend) -> dict[str, Any]:
    return {
        "measure": trend.name,
        "how": trend.how,
        "unit": trend.unit,
        "direction": trend.direction,
        "slope": trend.slope,
        "growth": trend.growth,
        "p": trend.p_adjusted,
        "best": _point(trend.best, trend.every),
        "worst": _point(trend.worst, trend.every),
    }


def _point(point: Point | None, every: str) -> dict[str, Any] | None:
    return None if point is None else {"when": period(point.start, every), "value": point.value}
