"""A trend is what its definitions say: slope, tau, chance, growth."""

import math
import statistics
from datetime import date
from itertools import combinations, pairwise, permutations

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from worker.catalogue.report.periods import cut, points
from worker.catalogue.report.trend import Trend
from worker.catalogue.tables.table import Column, Kind

plain = st.floats(-1e6, 1e6, allow_subnormal=False).map(lambda number: round(number, 3))


def monthly(values: list[float]) -> Trend:
    """SciPy is loaded as late as here: every process of the tests reads this file."""
    from worker.catalogue.report.trends import trend_of

    moments = pl.Series([date(2000 + n // 12, n % 12 + 1, 1) for n in range(len(values))]).cast(pl.Datetime("us"))
    periods = cut(moments, "month")
    column = Column(key="c0", name="value", kind=Kind.NUMBER)
    return trend_of(column, "value", periods, points(periods, pl.Series(values), "value"))


@given(st.lists(plain, min_size=6, max_size=40))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_slope_and_tau_are_those_of_their_definitions(values: list[float]) -> None:
    trend = monthly(values)
    pairs = list(combinations(enumerate(values), 2))
    slopes = [(b - a) / (y - x) for (x, a), (y, b) in pairs]
    assert trend.slope == pytest.approx(statistics.median(slopes), abs=1e-6)
    ahead, behind = sum(b > a for (_, a), (_, b) in pairs), sum(b < a for (_, a), (_, b) in pairs)
    if ahead + behind:
        untied = math.sqrt((ahead + behind) * len(pairs))
        assert trend.tau == pytest.approx((ahead - behind) / untied)
    assert trend.best is not None
    assert trend.worst is not None
    assert (trend.best.value, trend.worst.value) == (max(values), min(values))
    assert trend.largest is not None
    assert abs(trend.largest.change) == pytest.approx(max(abs(b - a) for a, b in pairwise(values)))


def test_p_is_the_chance_among_all_orders() -> None:
    values = [3.0, 1.0, 4.0, 2.0, 6.0, 7.0, 5.0]
    trend = monthly(values)

    def score(order: tuple[float, ...]) -> int:
        return abs(sum((b > a) - (b < a) for a, b in combinations(order, 2)))

    orders = list(permutations(values))
    assert trend.p == pytest.approx(sum(score(order) >= score(tuple(values)) for order in orders) / len(orders))


def test_p_is_corrected_for_the_number_of_measures() -> None:
    from worker.catalogue.report.trends import adjusted

    clear = monthly([1.0, 2, 3, 4, 5, 7, 6, 9, 8, 10, 11, 12])
    unclear = [monthly([5.0, 1, 4, 2, 5, 3, 1, 4, 2, 5, 1, 3])] * 9
    corrected = adjusted([clear, *unclear])
    assert clear.p is not None
    assert corrected[0].p_adjusted == pytest.approx(clear.p * 10)
    assert [trend.direction for trend in corrected] == ["rising"] + ["no clear trend"] * 9


@pytest.mark.parametrize("values", [[5.0] * 12, [1.0, 2.0, 3.0]])
def test_what_does_not_vary_or_is_too_short_has_no_trend(values: list[float]) -> None:
    from worker.catalogue.report.trends import adjusted

    assert adjusted([monthly(values)])[0].direction in ("no clear trend", "not tested")


def test_growth_runs_along_the_line_and_a_year_is_held_against_the_one_before() -> None:
    from worker.catalogue.report.trends import year_on_year

    values = [100.0 + n for n in range(24)]
    trend = monthly(values)
    assert trend.growth == pytest.approx(23 / 100)
    assert trend.year_on_year == pytest.approx((sum(values[12:]) - sum(values[:12])) / sum(values[:12]))
    assert year_on_year(values[1:], "month", whole=True) is None
