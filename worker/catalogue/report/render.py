"""Write the report as one page that needs nothing else."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from worker.catalogue.drawing.page import environment, style
from worker.catalogue.report import narrative, views
from worker.catalogue.report.findings import Findings
from worker.catalogue.report.page_words import SORTS, lead, method, subtitle, tiles
from worker.catalogue.report.statement import told
from worker.catalogue.report.trends_told import season_told, span_told
from worker.catalogue.tables.table import Kind
from worker.catalogue.wording.tongue import CHINESE, say, spoken
from worker.catalogue.wording.words import count, day, listing

_TEMPLATES = Path(__file__).parent / "templates"
_MOST_COLUMNS, _BASIC_COLUMNS = 200, 20
_MOST_TRENDS = 60


def as_html(tables: Sequence[Findings]) -> str:
    """Render the page: inline style and charts, no script, nothing loaded."""
    templates = environment(_TEMPLATES)
    templates.filters["format"] = lambda form, value: form % value
    templates.globals["say"] = say
    first = tables[0]
    alone = len(tables) == 1
    return templates.get_template("report.html.j2").render(
        language="zh-Hans" if spoken() == CHINESE else "en",
        title=first.title,
        style=style(),
        subtitle=subtitle(first) if alone else listing([found.file for found in tables]),
        parts=[_part(found, alone=alone) for found in tables],
        foot=say("Made by Tailrace on {day}. Every figure is also in figures.json.", day=day(datetime.now(UTC))),
    )


def _part(found: Findings, *, alone: bool) -> dict[str, Any]:
    """What the page shows of one table."""
    profiles = found.profiles.columns
    shown = profiles[: most_columns(found)]
    rest = len(profiles) - len(shown)
    return {
        "found": found,
        "alone": alone,
        "suffix": "" if found.place == 1 else f"-{found.place}",
        "subtitle": subtitle(found),
        "tiles": tiles(found),
        "short": narrative.in_short(found),
        "span": [] if found.statement is not None else list(span_told(found)),
        "season": list(season_told(found)),
        "trends": views.trend_rows(found)[:_MOST_TRENDS],
        "every": "" if found.trends is None else say(found.trends.every),
        "anomalies_lead": lead(found),
        "sorts": {sort: say(name) for sort, name in SORTS.items()},
        "tails": [narrative.tail_told(tail) for tail in found.anomalies.tails[:10]],
        "numbers": [views.column_row(p) for p in shown if p.column.kind is Kind.NUMBER],
        "others": [views.column_row(p) for p in shown if p.column.kind is not Kind.NUMBER],
        "more_columns": say("{more}: see figures.json.", more=count(rest, "more column")) if rest else "",
        "notes": views.column_notes(found),
        "method": method(found),
        "statement": None if found.statement is None else _statement(found),
    }


def most_columns(found: Findings) -> int:
    """How many columns have a row of their own."""
    return _BASIC_COLUMNS if found.basic else _MOST_COLUMNS


def _statement(found: Findings) -> dict[str, Any]:
    statement = found.statement
    if statement is None:
        return {}
    return {
        "heads": told.heads(statement),
        "lines": told.lines(statement),
        "ratios": told.ratio_lines(statement),
        "unit": statement.unit,
        "sentences": [*told.on_statement(statement), *told.on_course(statement)],
    }
