"""Whether a table is a statement, and the same table turned: its periods as rows, its items as columns."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from polars.exceptions import PolarsError

from worker.catalogue.report.statement.headings import Heading, heading_of
from worker.catalogue.report.statement.items import known
from worker.catalogue.tables.dialect import unique_names
from worker.catalogue.tables.read import Parts
from worker.catalogue.tables.table import LINE, RawTable
from worker.catalogue.wording.tongue import say

_MOST_ITEMS, _MOST_PERIODS = 1_000, 120
_LEAST_PERIODS, _LEAST_KNOWN = 2, 3
_UNIT = re.compile(
    r"单位[:\uff1a]\s*(?:人民币)?(?P<chinese>[百千万亿]*元|[百千万亿]+)"
    r"|\bin (?P<english>(?:thousands|millions|billions)(?: of [\w$€£ ]{1,20})?)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How a statement stands in its table."""

    #: Oldest first.
    periods: tuple[Heading, ...]
    labels: tuple[str, ...]
    #: Row of the table, and line of the file, of each item.
    rows: tuple[int, ...]
    lines: tuple[int, ...]
    #: In what the amounts are, as the titles say, or "".
    unit: str


def recognised(raw: RawTable, titles: tuple[str, ...], *, asked: bool) -> Layout | None:
    """The statement that a table is; None where it is none, or where nobody *asked* and its items are not known."""
    headings = {n: found for n, name in enumerate(raw.names) if (found := heading_of(name))}
    names = [n for n in range(len(raw.names)) if n not in headings]
    if len(headings) < _LEAST_PERIODS or not names or raw.rows > _MOST_ITEMS or len(headings) > _MOST_PERIODS:
        return None
    try:
        frame = raw.frame(sorted([*names, *headings])).cast(pl.String)
    except PolarsError:  # a column of lists is no part of a statement
        return None
    labels = max(([(cell or "").strip() for cell in frame[f"c{n}"].to_list()] for n in names), key=_told_by)
    if not asked and (len(known(labels)) < _LEAST_KNOWN or len(names) > len(headings) + 1):
        return None
    filled = frame.select(pl.any_horizontal(pl.col(f"c{n}").is_not_null() for n in headings)).to_series().to_list()
    kept = [row for row, label in enumerate(labels) if label and filled[row]]
    if not kept or len({found.unit for found in headings.values()}) > 1:
        return None
    return Layout(
        periods=tuple(sorted(headings.values())),
        labels=unique_names([labels[row] for row in kept])[0],
        rows=tuple(kept),
        lines=tuple(raw.lines(kept)),
        unit="" if _scaled(frame, headings) else _unit_in((*titles, *(raw.names[n] for n in names))),
    )


def _told_by(labels: list[str]) -> tuple[int, int]:
    """How much a column tells of items: those that are known, then those that are written."""
    return len(known(labels)), sum(not label.replace(".", "").isdecimal() for label in labels if label)


def turned(raw: RawTable, layout: Layout, folder: Path) -> RawTable:
    """The same cells with a row for each period."""
    places = {heading_of(name): n for n, name in enumerate(raw.names)}
    frame = raw.frame([places[period] for period in layout.periods]).cast(pl.String)
    columns = [frame[f"c{places[period]}"].gather(list(layout.rows)).to_list() for period in layout.periods]
    cells = {f"c{n + 1}": [column[n] for column in columns] for n in range(len(layout.rows))}
    written = pl.DataFrame(
        {"c0": [period.iso for period in layout.periods], **cells, LINE: [1] * len(layout.periods)},
        schema={"c0": pl.String, **dict.fromkeys(cells, pl.String), LINE: pl.Int64},
    )
    folder.mkdir(parents=True, exist_ok=True)
    names, _ = unique_names([say("period"), *layout.labels])
    parts = Parts(folder, len(names))
    parts.put(written)
    return RawTable(
        parts=tuple(parts.paths), names=names, rows=parts.rows, stored=tuple(f"c{n}" for n in range(len(names)))
    )


def _scaled(frame: pl.DataFrame, columns: Iterable[int]) -> bool:
    """Whether cells say themselves that they are tens of thousands or more."""
    return any(frame[f"c{n}"].str.contains("[万亿]").any() for n in columns)


def _unit_in(titles: tuple[str, ...]) -> str:
    for title in titles:
        if match := _UNIT.search(title):
            return str(match["chinese"] or match["english"]).strip()
    return ""
