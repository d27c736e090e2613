"""The rows of the report's tables, as text."""

from dataclasses import dataclass

from worker.catalogue.report.findings import Findings
from worker.catalogue.report.trend import Trend, ranked
from worker.catalogue.tables.profile import Profile
from worker.catalogue.tables.spread import Bars
from worker.catalogue.tables.table import Kind
from worker.catalogue.wording.tongue import say
from worker.catalogue.wording.words import chance, count, instant, number, percent, period

_SPARK_HEIGHT = 22
_HOW = {"mean": "mean", "total": "total", "value": "as given", "rows": "count"}
_TONES = {"rising": "up", "falling": "down"}
_ARROWS = {"rising": "↗ rising", "falling": "↘ falling", "no clear trend": "no clear trend", "not tested": "not tested"}


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendRow:
    """A measure in the table of trends."""

    name: str
    how: str
    spark: str
    tone: str
    direction: str
    slope: str
    growth: str
    p: str
    best: str
    best_when: str
    worst: str
    worst_when: str


def trend_rows(found: Findings) -> list[TrendRow]:
    """Every measure's course, the main one first."""
    if found.trends is None:
        return []
    main = "" if found.main is None else found.main.column.key
    return [trend_row(trend) for trend in ranked(found.trends.found, main)]


def trend_row(trend: Trend) -> TrendRow:
    """Put one trend into words and figures."""
    best, worst = trend.best, trend.worst
    return TrendRow(
        name=trend.name,
        how=say(_HOW[trend.how]),
        spark=spark(trend),
        tone=_TONES.get(trend.direction, "flat"),
        direction=say(_ARROWS[trend.direction]),
        slope=number(trend.slope, trend.unit),
        growth=percent(trend.growth, signed=True),
        p="–" if trend.p_adjusted is None else chance(trend.p_adjusted).removeprefix("p ").removeprefix("= "),
        best="–" if best is None else number(best.value, trend.unit),
        best_when="" if best is None else period(best.start, trend.every),
        worst="–" if worst is None else number(worst.value, trend.unit),
        worst_when="" if worst is None else period(worst.start, trend.every),
    )


def spark(trend: Trend) -> str:
    """The course of a measure as points of a line in a box of 100 by 24."""
    places = [(n, p.value) for n, p in enumerate(trend.points) if p.value is not None and n not in trend.partial]
    values = [value for _, value in places]
    if len(places) < 2 or min(values) == max(values):  # noqa: PLR2004 - a line
        return ""
    low, reach, last = min(values), max(values) - min(values), max(len(trend.points) - 1, 1)
    return " ".join(f"{n / last * 100:.1f},{23 - (v - low) / reach * _SPARK_HEIGHT:.1f}" for n, v in places)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar of a small histogram."""

    x: str
    y: str
    h: str


def bars(found: Bars | None) -> list[Bar]:
    """A histogram as bars in a box of 96 by 24."""
    if found is None or not any(found.counts):
        return []
    most = max(found.counts)
    heights = [max(many / most * _SPARK_HEIGHT, 0.6 if many else 0) for many in found.counts]
    return [Bar(x=f"{4 * n:g}", y=f"{24 - high:.1f}", h=f"{high:.1f}") for n, high in enumerate(heights)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnRow:
    """A column in one of the tables of columns."""

    name: str
    about: str
    missing: str
    #: Missing share in whole per cent, for its bar.
    share: int
    distinct: str
    holds: str = ""
    cells: tuple[str, ...] = ()
    bars: tuple[Bar, ...] = ()


def column_row(profile: Profile) -> ColumnRow:
    """Put one column into words and figures."""
    column, spread, unit = profile.column, profile.spread, profile.column.unit
    cells: tuple[str, ...] = ()
    if column.kind is Kind.NUMBER and spread is not None:
        figures = (spread.min, spread.q25, spread.median, spread.mean, spread.q75, spread.max)
        cells = tuple(number(value, unit) for value in figures)
    return ColumnRow(
        name=column.name,
        about=_about(profile),
        missing=percent(profile.missing_share) if profile.present < profile.rows else "–",
        share=round(profile.missing_share * 100),
        distinct=f"{profile.distinct:,}",
        holds=_holds(profile),
        cells=cells,
        bars=tuple(bars(profile.bars)),
    )


def _about(profile: Profile) -> str:
    if profile.column.kind is Kind.NUMBER:
        unit = profile.column.unit
        return count(profile.distinct, "value") + (say(", in {unit}", unit=unit) if unit else "")
    return say(profile.column.kind)


def _holds(profile: Profile) -> str:
    if profile.first is not None and profile.last is not None:
        return say("{first} to {last}", first=instant(profile.first), last=instant(profile.last))
    if profile.spread is not None and not profile.top:
        return say("{first} to {last}", first=number(profile.spread.min), last=number(profile.spread.max))
    if profile.distinct == profile.present and profile.distinct > len(profile.top):
        return say("a different value in every row, such as {example}", example=profile.top[0][0])
    return say(", ").join(f"{value} ({percent(many / profile.present)})" for value, many in profile.top[:5])


def column_notes(found: Findings) -> list[str]:
    """What was decided while columns were read."""
    notes: list[str] = []
    spelled = {
        spelling: sum(p.column.spellings.get(spelling, 0) for p in found.profiles.columns)
        for profile in found.profiles.columns
        for spelling in profile.column.spellings
        if spelling
    }
    if spelled:
        ways = sorted(spelled.items(), key=lambda item: -item[1])[:6]
        told = say(", ").join(f"“{word}” ({many:,})" for word, many in ways)
        notes.append(say("Also read as missing: {spellings}.", spellings=told))
    noted = [profile.column for profile in found.profiles.columns if profile.column.note]
    return [*notes, *(say("{column}: {note}.", column=column.name, note=column.note) for column in noted[:10])]
