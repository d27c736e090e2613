"""The words of the page around its figures: what a sort of anomaly is called, how things were computed, the tiles."""

from dataclasses import dataclass

from worker.catalogue.report.anomaly import Sort
from worker.catalogue.report.findings import Findings
from worker.catalogue.report.span import days_of
from worker.catalogue.wording.tongue import say
from worker.catalogue.wording.words import count, percent, size

SORTS = {
    Sort.VALUE: "Far value",
    Sort.PERIOD: "Odd period",
    Sort.COMBINATION: "Odd combination",
    Sort.SIGN: "Odd sign",
    Sort.DATE: "Odd date",
    Sort.GAP: "Gap",
    Sort.SUM: "Broken sum",
    Sort.GROWTH: "Odd change",
    Sort.CONFLICT: "Contradiction",
}
METHOD = (
    (
        "Trends: Theil–Sen slope and Mann–Kendall test on whole periods; p is corrected for the number of measures"
        " (Benjamini–Hochberg), and below 0.05 a trend is called one. A season or a slow swing can pass for a trend."
    ),
    (
        "Far values: distance from the median in robust spreads (median absolute deviation, each side its own, on a"
        " log scale where that fits better), from 5 on."
    ),
    "Odd periods: distance from a rolling median plus the usual effect of the season, in robust spreads, from 4 on.",
    (
        "Odd combinations: an isolation forest picks the rows; a row is listed when one value lies 4.5 spreads from"
        " what the row’s other values lead one to expect by their rank correlations,"
        " and a whole standard deviation away."
    ),
    "None of these says that a figure is wrong: they say where to look first.",
)
STATEMENT_METHOD = (
    (
        "Sums: a total is told where it misses what its parts add up to by more than rounding does"
        " (1.5 units of the last place, or 0.05% of it)."
    ),
    (
        "Growth: against the period before. An item is told where its growth lies 4 robust spreads from that of the"
        " others in the same period and is at least 50%, and the item at least 1% of the largest one."
    ),
    "Ratios use the figures at the end of the period; margins are told where they move by 10 points or more.",
    "None of these says that a figure is wrong: they say where to look first.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One figure at the top of the page."""

    label: str
    value: str
    words: bool = False


def tiles(found: Findings) -> list[Tile]:
    """The figures at the top."""
    cells = sum(profile.rows for profile in found.profiles.columns)
    gone = sum(profile.rows - profile.present for profile in found.profiles.columns)
    shown = [
        Tile(label=say("rows"), value=f"{found.reading.rows:,}"),
        Tile(label=say("columns"), value=f"{found.reading.columns:,}"),
        Tile(label=say("of all cells are missing"), value=percent(gone / cells)),
        Tile(label=say("bad rows left out"), value=f"{found.reading.bad_rows:,}"),
        Tile(label=say("things stand out"), value=f"{found.anomalies.found:,}"),
    ]
    span = days_of(found.trends)
    return [*shown, Tile(label=say("covered by the dates"), value=span, words=True)] if span else shown


def subtitle(found: Findings) -> str:
    """What was read, below the title."""
    named = [found.file] if found.file != found.title else []
    return " · ".join([*named, say(found.reading.format), size(found.reading.size)])


def lead(found: Findings) -> str:
    """How much stands out, above the list of it."""
    anomalies = found.anomalies
    if not anomalies.found:
        return say("Nothing stands out from the rest.")
    things = count(anomalies.found, "thing stands", "things stand")
    if len(anomalies.listed) == anomalies.found:
        return say("{things} out, the oddest first.", things=things)
    listed = len(anomalies.listed)
    return say("{things} out; the {listed:,} oddest are listed, the oddest first.", things=things, listed=listed)


def method(found: Findings) -> list[str]:
    """How it was computed."""
    return [say(line) for line in (METHOD if found.statement is None else STATEMENT_METHOD)]
