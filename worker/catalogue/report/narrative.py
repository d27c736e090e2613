"""What the findings say, in sentences that each state a figure."""

from collections import Counter
from collections.abc import Iterator

from worker.catalogue.report.anomaly import Tail, headlines
from worker.catalogue.report.findings import Findings
from worker.catalogue.report.statement.told import on_course
from worker.catalogue.report.trend import ranked
from worker.catalogue.report.trends_told import season_told, span_told, trend_told
from worker.catalogue.tables.profile import Profile
from worker.catalogue.tables.table import Kind
from worker.catalogue.wording.tongue import say
from worker.catalogue.wording.words import count, listing, number, percent, the_measure

#: What is told of each, and what is where the report is but the basic one.
_TOLD, _TOLD_BASIC = 6, 3
_SHORT_COURSE = 5
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
    how = [say(reading.format)]
    how += [say("separated by {delimiter}", delimiter=say(reading.delimiter))] if reading.delimiter else []
    how += [say("encoded as {encoding}", encoding=reading.encoding)] if reading.encoding else []
    size = say("{rows} in {columns}", rows=count(reading.rows, "row"), columns=count(reading.columns, "column"))
    yield say("{file} holds {size} ({how}).", file=found.file, size=size, how=say(", ").join(how))
    if not reading.bad_rows and reading.format != "Parquet":
        yield say("Every row fits the table.")
    yield from reading.notes
    if found.basic:
        yield say("The service is busy, so this is the basic report: shorter, and without charts.")


def on_profile(found: Findings) -> Iterator[str]:
    """What the columns hold."""
    profiles = found.profiles.columns
    kinds = Counter(profile.column.kind for profile in profiles)
    told = listing([count(n, *_PLURALS[kind]) for kind, n in kinds.items()], 9)
    yield say("By what they hold, the columns are {kinds}.", kinds=told)
    yield from _missing(profiles)
    for profile in [p for p in profiles if p.column.unreadable][:3]:
        yield _unreadable(profile)
    if found.profiles.duplicate_rows:
        again = count(found.profiles.duplicate_rows, "row repeats", "rows repeat")
        yield say("{again} another row in every cell.", again=again)
    constant = [p.column.name for p in profiles if p.distinct == 1 and p.rows > 1]
    if constant:
        verb = say("holds") if len(constant) == 1 else say("hold")
        yield say("{columns} {verb} one value only.", columns=listing(constant), verb=verb)
    yield from _compared(found)


def _unreadable(profile: Profile) -> str:
    column = profile.column
    return say(
        "{cells} of {column} could not be read as a {kind} and count as missing: {examples}.",
        cells=count(column.unreadable, "cell"),
        column=column.name,
        kind=say(column.kind),
        examples=listing([f"“{example}”" for example in column.examples[:3]]),
    )


def _missing(profiles: list[Profile]) -> Iterator[str]:
    cells = sum(profile.rows for profile in profiles)
    gone = sum(profile.rows - profile.present for profile in profiles)
    if not gone:
        yield say("No value is missing.")
        return
    worst = sorted((p for p in profiles if p.present < p.rows), key=lambda p: -p.missing_share)
    named = [f"{p.column.name} ({percent(p.missing_share)})" for p in worst]
    yield say(
        "{lacking} missing, {share} of all cells, {most} {columns}.",
        lacking=count(gone, "value is", "values are"),
        share=percent(gone / cells),
        most=say("all of them in") if len(named) == 1 else say("most of all in"),
        columns=listing(named, 3),
    )


def _compared(found: Findings) -> Iterator[str]:
    groups = found.groups
    if groups and groups.explained >= _LITTLE:
        top, bottom = groups.groups[0], groups.groups[-1]
        yield say(
            "Of the categories, {category} tells most about {measure} ({share} of its variance):"
            " {the_measure} is highest for {top} with {high} and lowest for {bottom} with {low}.",
            category=groups.category,
            measure=groups.measure,
            share=percent(groups.explained),
            the_measure=the_measure(groups.how, groups.measure),
            top=top.name,
            high=number(top.value, groups.unit),
            bottom=bottom.name,
            low=number(bottom.value, groups.unit),
        )
    for pair in [pair for pair in found.relations.pairs if abs(pair.rho) >= _STRONG][:3]:
        how = say("move together") if pair.rho > 0 else say("move against each other")
        how = say("say nearly the same") if pair.rho > _SAME else how
        rho = f"{pair.rho:.2f}".replace("-", "−")
        yield say("{one} and {other} {how} (ρ = {rho}).", one=pair.one, other=pair.other, how=how, rho=rho)


def on_trends(found: Findings) -> Iterator[str]:
    """How the measures moved."""
    trends = found.trends
    if trends is None or not trends.found:
        return
    yield from span_told(found)
    main = "" if found.main is None else found.main.column.key
    most = _TOLD_BASIC if found.basic else _TOLD
    for trend in ranked(trends.found, main)[:most]:
        yield trend_told(trend)
    rest = len(trends.found) - most
    if rest > 0:
        verb = say("was") if rest == 1 else say("were")
        yield say("{more} {verb} followed; the report has all of them.", more=count(rest, "more measure"), verb=verb)
    yield from season_told(found)


def on_anomalies(found: Findings) -> Iterator[str]:
    """What stands out."""
    anomalies = found.anomalies
    if not anomalies.found:
        yield say("Nothing stands out from the rest.")
    else:
        things = count(anomalies.found, "thing stands", "things stand")
        yield say("{things} out; the oddest of each kind:", things=things)
    for anomaly in headlines(anomalies.listed, _TOLD_BASIC if found.basic else _TOLD):
        yield anomaly.why
    for tail in anomalies.tails[:3]:
        yield tail_told(tail)


def tail_told(tail: Tail) -> str:
    """Tell of a column whose far values are its shape."""
    return say(
        "{column} has a long tail: {far:,} values ({share}) lie far from its bulk, so only the farthest are listed.",
        column=tail.column,
        far=tail.far,
        share=percent(tail.share),
    )


def in_short(found: Findings) -> list[str]:
    """Choose the few sentences that a reader in a hurry wants."""
    short: list[str] = []
    if found.statement is not None:
        short += list(on_course(found.statement))[:_SHORT_COURSE]
    elif found.trends is not None and found.trends.found:
        main = "" if found.main is None else found.main.column.key
        order = ranked(found.trends.found, main)
        clear = [trend for trend in order[1:] if trend.direction in ("rising", "falling")]
        short += [trend_told(trend) for trend in (order[:1] + clear)[:3]]
    short += list(_compared(found))[:1]
    short += [anomaly.why for anomaly in headlines(found.anomalies.listed, 4)]
    short += list(_missing(found.profiles.columns))
    return short
