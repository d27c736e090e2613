"""Write the report: as one page that needs nothing else, and as Markdown."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from worker.catalogue.report import narrative, views
from worker.catalogue.report.anomaly import Sort
from worker.catalogue.report.findings import Findings
from worker.catalogue.report.span import days_of
from worker.catalogue.report.svg import css
from worker.catalogue.report.table import Kind
from worker.catalogue.report.trend import ranked
from worker.catalogue.report.words import count, day, percent, size

_TEMPLATES = Path(__file__).parent / "templates"
_MOST_COLUMNS = 200
_MOST_TRENDS = 60
_SORTS = {
    Sort.VALUE: "Far value",
    Sort.PERIOD: "Odd period",
    Sort.COMBINATION: "Odd combination",
    Sort.SIGN: "Odd sign",
    Sort.DATE: "Odd date",
    Sort.GAP: "Gap",
}
_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~&$])")
_COLUMN_HEAD = (
    "Column",
    "kind",
    "missing",
    "different",
    "lowest / 25 % / median / mean / 75 % / highest, or values",
)
_METHOD = (
    (
        "Trends: Theil–Sen slope and Mann–Kendall test on whole periods; p is corrected for the number of measures"
        " (Benjamini–Hochberg), and below 0.05 a trend is called one. A season or a slow swing can pass for a trend."
    ),
    (
        "Far values: distance from the median in robust spreads (median absolute deviation, each side its own, on a"
        " log scale where that fits better), from 5 on."
    ),
    ("Odd periods: distance from a rolling median plus the usual effect of the season, in robust spreads, from 4 on."),
    (
        "Odd combinations: an isolation forest picks the rows; a row is listed when one value lies 4.5 spreads from"
        " what the row’s other values lead one to expect by their rank correlations,"
        " and a whole standard deviation away."
    ),
    "None of these says that a figure is wrong: they say where to look first.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One figure at the top of the page."""

    label: str
    value: str
    words: bool = False


def as_html(found: Findings) -> str:
    """Render the page: inline style and charts, no script, nothing loaded."""
    environment = Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined)
    environment.filters["format"] = lambda form, value: form % value
    trends = _trends(found)
    profiles = found.profiles.columns
    shown = profiles[:_MOST_COLUMNS]
    rest = len(profiles) - len(shown)
    every = "" if found.trends is None else found.trends.every
    return environment.get_template(
        "report.html.j2"
    ).render(
        found=found,
        style=Markup(css() + (_TEMPLATES / "report.css").read_text(encoding="utf-8")),  # noqa: S704 - the product's own
        subtitle=_subtitle(found),
        tiles=_tiles(found),
        short=narrative.in_short(found),
        trends=trends[:_MOST_TRENDS],
        every=every,
        more_trends="",
        anomalies_lead=_lead(found),
        sorts=_SORTS,
        tails=[narrative.tail_told(tail) for tail in found.anomalies.tails[:10]],
        numbers=[views.column_row(p) for p in shown if p.column.kind is Kind.NUMBER],
        others=[views.column_row(p) for p in shown if p.column.kind is not Kind.NUMBER],
        more_columns=f"{count(rest, 'more column')}: see figures.json." if rest else "",
        notes=views.column_notes(found),
        method=_METHOD,
        foot=f"Made by Tailrace on {day(datetime.now(UTC))}. Every figure is also in figures.json.",
    )


def _trends(found: Findings) -> list[views.TrendRow]:
    if found.trends is None:
        return []
    main = "" if found.main is None else found.main.column.key
    return [views.trend_row(trend) for trend in ranked(found.trends.found, main)]


def _subtitle(found: Findings) -> str:
    named = [found.file] if found.file != found.title else []
    return " · ".join([*named, found.reading.format, size(found.reading.size)])


def _tiles(found: Findings) -> list[Tile]:
    cells = sum(profile.rows for profile in found.profiles.columns)
    gone = sum(profile.rows - profile.present for profile in found.profiles.columns)
    tiles = [
        Tile(label="rows", value=f"{found.reading.rows:,}"),
        Tile(label="columns", value=f"{found.reading.columns:,}"),
        Tile(label="of all cells are missing", value=percent(gone / cells)),
        Tile(label="bad rows left out", value=f"{found.reading.bad_rows:,}"),
        Tile(label="things stand out", value=f"{found.anomalies.found:,}"),
    ]
    span = days_of(found.trends)
    return [*tiles, Tile(label="covered by the dates", value=span, words=True)] if span else tiles


def _lead(found: Findings) -> str:
    anomalies = found.anomalies
    if not anomalies.found:
        return "Nothing stands out from the rest."
    listed = "" if len(anomalies.listed) == anomalies.found else f"; the {len(anomalies.listed):,} oddest are listed"
    verb = "thing stands", "things stand"
    return f"{count(anomalies.found, *verb)} out{listed}, the oddest first."


def as_markdown(found: Findings) -> str:
    """Write the narrative and the tables as Markdown; text of the file cannot become markup."""
    lines = [f"# {plain(found.title)}", "", plain(_subtitle(found)), ""]
    lines += _list("In short", narrative.in_short(found))
    if found.trends is not None and found.trends.found:
        lines += _list("Trends over time", found.story.get("trends", []))
        head = ("Measure", "as", "Trend", f"per {found.trends.every}", "whole time", "p", "highest", "lowest")
        lines += _grid(head, [_trend_cells(row) for row in _trends(found)])
    lines += _list("What stands out", [_lead(found), *(one.why for one in found.anomalies.listed)])
    lines += _list("The columns", found.story.get("profile", []))
    profiles = [(p, views.column_row(p)) for p in found.profiles.columns[:_MOST_COLUMNS]]
    rows = [(r.name, str(p.column.kind), r.missing, r.distinct, " / ".join(r.cells) or r.holds) for p, r in profiles]
    lines += _grid(_COLUMN_HEAD, rows)
    lines += _list("How the file was read", [*found.story.get("read", []), *views.column_notes(found)])
    lines += _grid(
        ("line", "fields", "begins"), [(f"{b.line:,}", str(b.fields or "–"), b.text) for b in found.reading.bad_shown]
    )
    lines += _list("How it was computed", _METHOD)
    lines += ["## Charts", "", *(f"![{plain(chart.title)}]({chart.file})" for chart in found.charts), ""]
    return "\n".join(lines)


def _trend_cells(row: views.TrendRow) -> list[str]:
    ends = f"{row.best} ({row.best_when})", f"{row.worst} ({row.worst_when})"
    return [row.name, row.how, row.direction, row.slope, row.growth, row.p, *ends]


def plain(text: str) -> str:
    """Escape what Markdown would read as markup."""
    return _MARKUP.sub(r"\\\1", text)


def _list(title: str, sentences: Sequence[str]) -> list[str]:
    return [f"## {title}", "", *(f"- {plain(sentence)}" for sentence in sentences), ""] if sentences else []


def _grid(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    if not rows:
        return []
    body = ["| " + " | ".join(plain(cell) for cell in row) + " |" for row in rows]
    return ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head), *body, ""]
