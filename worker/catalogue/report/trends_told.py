"""What the findings say of time: how long it is, how each measure moved in it, and what it is too short for."""

from collections.abc import Iterator

from worker.catalogue.report.findings import Findings
from worker.catalogue.report.span import length_of, span_of, under_two_years
from worker.catalogue.report.trend import Trend
from worker.catalogue.wording.tongue import say
from worker.catalogue.wording.words import capital, chance, count, measure, number, percent, period


def span_told(found: Findings) -> Iterator[str]:
    """The time that the rows cover, and by what trends are told."""
    trends = found.trends
    span = span_of(trends)
    if trends is not None and span is not None:
        yield say(
            "By {axis}, the rows run from {first} to {last} ({length}); trends are told by {every}.",
            axis=trends.axis.name,
            first=span[0],
            last=span[1],
            length=length_of(trends),
            every=say(trends.every),
        )


def season_told(found: Findings) -> Iterator[str]:
    """What the data are too short for."""
    trends = found.trends
    clear = trends is not None and any(trend.direction in ("rising", "falling") for trend in trends.found)
    if clear and under_two_years(trends):
        yield say("The data cover less than two years, so a season cannot be told from a lasting trend.")


def trend_told(trend: Trend) -> str:
    """Tell one trend in a sentence or two."""
    name = capital(measure(trend.how, trend.name)) if trend.how in ("mean", "total", "rows") else trend.name
    return say(
        "{name} {course}{year}. {ends}", name=name, course=_course(trend), year=_year(trend), ends=ends_told(trend)
    ).strip()


def _course(trend: Trend) -> str:
    match trend.direction:
        case "rising" | "falling":
            grown = percent(trend.growth, signed=True)
            return say(
                "is {direction} by about {slope} a {every}{share} ({chance})",
                direction=say(trend.direction),
                slope=number(abs(trend.slope or 0), trend.unit),
                every=say(trend.every),
                share="" if trend.growth is None else say(", {growth} over the whole time", growth=grown),
                chance=chance(trend.p_adjusted or 0),
            )
        case "no clear trend":
            return say("shows no clear trend ({chance})", chance=chance(trend.p_adjusted or 1))
        case _:
            periods = count(trend.periods, trend.every)
            return say("has {periods} with values, too few to test for a trend", periods=periods)


def _year(trend: Trend) -> str:
    if trend.year_on_year is None:
        return ""
    change = percent(trend.year_on_year, signed=True)
    return say("; the last year against the one before: {change}", change=change)


def ends_told(trend: Trend) -> str:
    if trend.best is None or trend.worst is None or trend.best.value == trend.worst.value:
        return ""
    return say(
        "Highest: {best} with {high}; lowest: {worst} with {low}.",
        best=period(trend.best.start, trend.every),
        high=number(trend.best.value, trend.unit),
        worst=period(trend.worst.start, trend.every),
        low=number(trend.worst.value, trend.unit),
    )
