"""The time that the rows cover, in words."""

from datetime import datetime, timedelta

from worker.catalogue.report.periods import EVERY
from worker.catalogue.report.trend import Trends
from worker.catalogue.wording.words import count, day, elapsed, instant, period

#: Less an edge.
_TWO_YEARS = timedelta(days=700)


def ends_of(trends: Trends | None) -> tuple[datetime, datetime] | None:
    """First and last moment of the rows, stray dates left out."""
    if trends is None or trends.periods is None:
        return None
    kept = trends.axis.moments.filter(trends.periods.index.is_not_null())
    first, last = kept.min(), kept.max()
    return (first, last) if isinstance(first, datetime) and isinstance(last, datetime) else None


def span_of(trends: Trends | None) -> tuple[str, str] | None:
    """First and last moment, in words; as periods where the dates name no more than those."""
    ends, unit = ends_of(trends), _named_by(trends)
    if ends is None:
        return None
    first, last = (period(end, unit) if unit else instant(end) for end in ends)
    return first, last


def days_of(trends: Trends | None) -> str:
    """First and last day, or period, as one phrase."""
    ends, unit = ends_of(trends), _named_by(trends)
    return "" if ends is None else " – ".join(period(end, unit) if unit else day(end) for end in ends)


def length_of(trends: Trends | None) -> str:
    """How long the time is that the rows cover."""
    ends, unit = ends_of(trends), _named_by(trends)
    if ends is None or trends is None or trends.periods is None:
        return ""
    return count(len(trends.periods.starts), unit) if unit else elapsed(*ends)


def _named_by(trends: Trends | None) -> str:
    """The unit of time, if it is a long one and every date stands at the start of one: months are often given so."""
    if trends is None or trends.periods is None or trends.every not in ("month", "quarter", "year"):
        return ""
    moments = trends.axis.moments.drop_nulls()
    return trends.every if (moments == moments.dt.truncate(EVERY[trends.every])).all() else ""


def under_two_years(trends: Trends | None) -> bool:
    """Tell a time so short that a season cannot be told from a lasting trend."""
    periods = None if trends is None else trends.periods
    if periods is None or periods.unit not in ("week", "month"):
        return False
    return periods.starts[-1] - periods.starts[0] < _TWO_YEARS
