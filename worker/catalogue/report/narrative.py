"""What the findings say, in sentences that each state a figure."""

from collections import Counter
from collections.abc import Iterator

from worker.catalogue.report.anomaly import Tail, headlines
from worker.catalogue.report.findings import Findings
from worker.catalogue.report.profile import Profile
from worker.catalogue.report.span import length_of, span_of, under_two_years
from worker.catalogue.report.table import Kind
from worker.catalogue.report.trend import Trend, ranked
from worker.catalogue.report.words import (
    capital,
    chance,
    count,
    listing,
    measure,
    number,
    percent,
    period,
    the_measure,
)

_TOLD_TRENDS = 6
_TOLD_ANOMALIES = 6
_STRONG = 0.6
_SAME = 0.995
_LITTLE = 0.01
_PLURALS = {
    Kind.NUMBER: ("number", "numbers"),
    Kind.DATE: ("date", "dates"),
    Kind.CALENDAR: ("calendar part", "calendar parts"),
    Kind.CLOCK: ("time of day", "times of day"),
    Kind.CATEGORY: ("category", "categories"),
    Kind.IDENTIFIER: ("identifier", "identifiers"),
    Kind.TEXT: ("text", "texts"),
    Kind.EMPTY: ("empty column", "empty columns"),
    Kind.NESTED: ("nested column", "nested columns"),
}


def on_reading(found: Findings) -> Iterator[str]:
    """What was read."""
    reading = found.reading
    how = [reading.format]
    how += [f"separated by {reading.delimiter}"] if reading.delimiter else []
    how += [f"encoded as {reading.encoding}"] if reading.encoding else []
    size = f"{count(reading.rows, 'row')} in {count(reading.columns, 'column')}"
    yield f"{found.file} holds {size} ({', '.join(how)})."
    if not reading.bad_rows and reading.format != "Parquet":
        yield "Every row fits the table."
    yield from reading.notes


def on_profile(found: Findings) -> Iterator[str]:
    """What the columns hold."""
    profiles = found.profiles.columns
    kinds = Counter(profile.column.kind for profile in profiles)
    yield f"By what they hold, the columns are {listing([count(n, *_PLURALS[kind]) for kind, n in kinds.items()], 9)}."
    yield from _missing(profiles)
    for profile in [p for p in profiles if p.column.unreadable][:3]:
        column = profile.column
        what = count(column.unreadable, "cell")
        examples = listing([f"“{example}”" for example in column.examples[:3]])
        yield f"{what} of {column.name} could not be read as a {column.kind} and count as missing: {examples}."
    if found.profiles.duplicate_rows:
        again = "row repeats", "rows repeat"
        yield f"{count(found.profiles.duplicate_rows, *again)} another row in every cell."
    constant = [p.column.name for p in profiles if p.distinct == 1 and p.rows > 1]
    if constant:
        yield f"{listing(constant)} {'holds' if len(constant) == 1 else 'hold'} one value only."
    yield from _compared(found)


def _missing(profiles: list[Profile]) -> Iterator[str]:
    cells = sum(profile.rows for profile in profiles)
    gone = sum(profile.rows - profile.present for profile in profiles)
    if not gone:
        yield "No value is missing."
        return
    worst = sorted((p for p in profiles if p.present < p.rows), key=lambda p: -p.missing_share)
    named = [f"{p.column.name} ({percent(p.missing_share)})" for p in worst]
    most = "all of them in" if len(named) == 1 else "most of all in"
    lacking = count(gone, "value is", "values are")
    yield f"{lacking} missing, {percent(gone / cells)} of all cells, {most} {listing(named, 3)}."


def _compared(found: Findings) -> Iterator[str]:
    groups = found.groups
    if groups and groups.explained >= _LITTLE:
        top, bottom = groups.groups[0], groups.groups[-1]
        yield (
            f"Of the categories, {groups.category} tells most about {groups.measure}"
            f" ({percent(groups.explained)} of its variance):"
            f" {the_measure(groups.how, groups.measure)} is highest for {top.name}"
            f" with {number(top.value, groups.unit)}"
            f" and lowest for {bottom.name} with {number(bottom.value, groups.unit)}."
        )
    for pair in [pair for pair in found.relations.pairs if abs(pair.rho) >= _STRONG][:3]:
        how = "move together" if pair.rho > 0 else "move against each other"
        how = "say nearly the same" if pair.rho > _SAME else how
        yield f"{pair.one} and {pair.other} {how} (ρ = {pair.rho:.2f}).".replace("= -", "= −")


def on_trends(found: Findings) -> Iterator[str]:
    """How the measures moved."""
    trends = found.trends
    if trends is None or not trends.found:
        return
    span = span_of(trends)
    if span is not None:
        yield (
            f"By {trends.axis.name}, the rows run from {' to '.join(span)} ({length_of(trends)});"
            f" trends are told by {trends.every}."
        )
    main = "" if found.main is None else found.main.column.key
    for trend in ranked(trends.found, main)[:_TOLD_TRENDS]:
        yield trend_told(trend)
    rest = len(trends.found) - _TOLD_TRENDS
    if rest > 0:
        yield f"{count(rest, 'more measure')} {'was' if rest == 1 else 'were'} followed; the report has all of them."
    if any(trend.direction in ("rising", "falling") for trend in trends.found) and under_two_years(trends):
        yield "The data cover less than two years, so a season cannot be told from a lasting trend."


def trend_told(trend: Trend) -> str:
    """Tell one trend in a sentence or two."""
    name = capital(measure(trend.how, trend.name)) if trend.how in ("mean", "total", "rows") else trend.name
    return f"{name} {_course(trend)}{_year(trend)}. {_ends(trend)}".strip()


def _course(trend: Trend) -> str:
    match trend.direction:
        case "rising" | "falling":
            share = "" if trend.growth is None else f", {percent(trend.growth, signed=True)} over the whole time"
            return (
                f"is {trend.direction} by about {number(abs(trend.slope or 0), trend.unit)} a {trend.every}{share}"
                f" ({chance(trend.p_adjusted or 0)})"
            )
        case "no clear trend":
            return f"shows no clear trend ({chance(trend.p_adjusted or 1)})"
        case _:
            return f"has {count(trend.periods, trend.every)} with values, too few to test for a trend"


def _year(trend: Trend) -> str:
    if trend.year_on_year is None:
        return ""
    return f"; the last year against the one before: {percent(trend.year_on_year, signed=True)}"


def _ends(trend: Trend) -> str:
    if trend.best is None or trend.worst is None or trend.best.value == trend.worst.value:
        return ""
    best, worst = period(trend.best.start, trend.every), period(trend.worst.start, trend.every)
    high, low = number(trend.best.value, trend.unit), number(trend.worst.value, trend.unit)
    return f"Highest: {best} with {high}; lowest: {worst} with {low}."


def on_anomalies(found: Findings) -> Iterator[str]:
    """What stands out."""
    anomalies = found.anomalies
    if not anomalies.found:
        yield "Nothing stands out from the rest."
    else:
        yield f"{count(anomalies.found, 'thing stands', 'things stand')} out; the oddest of each kind:"
    for anomaly in headlines(anomalies.listed, _TOLD_ANOMALIES):
        yield anomaly.why
    for tail in anomalies.tails[:3]:
        yield tail_told(tail)


def tail_told(tail: Tail) -> str:
    """Tell of a column whose far values are its shape."""
    return (
        f"{tail.column} has a long tail: {tail.far:,} values ({percent(tail.share)}) lie far from its bulk,"
        " so only the farthest are listed."
    )


def in_short(found: Findings) -> list[str]:
    """Choose the few sentences that a reader in a hurry wants."""
    short: list[str] = []
    if found.trends is not None and found.trends.found:
        main = "" if found.main is None else found.main.column.key
        order = ranked(found.trends.found, main)
        clear = [trend for trend in order[1:] if trend.direction in ("rising", "falling")]
        short += [trend_told(trend) for trend in (order[:1] + clear)[:3]]
    short += list(_compared(found))[:1]
    short += [anomaly.why for anomaly in headlines(found.anomalies.listed, 4)]
    short += list(_missing(found.profiles.columns))
    return short
