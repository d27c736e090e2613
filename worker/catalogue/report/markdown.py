"""Write the report as Markdown; text of the file cannot become markup."""

import re
from collections.abc import Iterator, Sequence

from worker.catalogue.report import narrative, views
from worker.catalogue.report.findings import Findings
from worker.catalogue.report.page_words import lead, method, subtitle
from worker.catalogue.report.render import most_columns
from worker.catalogue.report.statement import told
from worker.catalogue.wording.tongue import say

_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~&$])")
_COLUMN_HEAD = (
    "Column",
    "kind",
    "missing",
    "different",
    "lowest / 25 % / median / mean / 75 % / highest, or values",
)


def as_markdown(tables: Sequence[Findings]) -> str:
    """The narrative and the tables, one part for each table that was read."""
    return "\n".join(line for found in tables for line in _part(found))


def _part(found: Findings) -> Iterator[str]:
    yield from (f"# {plain(found.title)}", "", plain(subtitle(found)), "")
    yield from _list(say("In short"), narrative.in_short(found))
    if found.statement is not None:
        yield from _statement(found)
    if found.trends is not None and found.trends.found:
        every = say(found.trends.every)
        yield from _list(say("Trends over time"), found.story.get("trends", []))
        head = (
            *(say(name) for name in ("Measure", "as", "Trend")),
            say("per {every}", every=every),
            *(say(name) for name in ("whole time", "p", "highest", "lowest")),
        )
        yield from _grid(head, [_trend_cells(row) for row in views.trend_rows(found)])
    yield from _list(say("What stands out"), [lead(found), *(one.why for one in found.anomalies.listed)])
    yield from _list(say("The columns"), found.story.get("profile", []))
    profiles = [(p, views.column_row(p)) for p in found.profiles.columns[: most_columns(found)]]
    rows = [(r.name, say(p.column.kind), r.missing, r.distinct, " / ".join(r.cells) or r.holds) for p, r in profiles]
    yield from _grid([say(name) for name in _COLUMN_HEAD], rows)
    yield from _list(say("How the file was read"), [*found.story.get("read", []), *views.column_notes(found)])
    bad = [(f"{b.line:,}", str(b.fields or "–"), b.text) for b in found.reading.bad_shown]
    yield from _grid([say(name) for name in ("line", "fields", "begins")], bad)
    yield from _list(say("How it was computed"), method(found))
    if found.charts or not found.basic:
        yield from (f"## {say('Charts')}", "", *(f"![{plain(c.title)}]({c.file})" for c in found.charts), "")


def _statement(found: Findings) -> Iterator[str]:
    if found.statement is None:
        return
    heads = told.heads(found.statement)
    yield from _list(say("The statement"), [*told.on_statement(found.statement), *told.on_course(found.statement)])
    yield from _grid(
        [say("Item"), *heads, say("change")],
        [(line.name, *line.cells, line.change) for line in told.lines(found.statement)],
    )
    yield from _grid([say("Ratio"), *heads], [(line.name, *line.cells) for line in told.ratio_lines(found.statement)])


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
    return ["| " + " | ".join(plain(cell) for cell in head) + " |", "|" + " --- |" * len(head), *body, ""]
