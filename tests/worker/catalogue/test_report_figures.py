"""Every figure of a report equals the one that another way of computing it gives."""

import json
import math
import statistics
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.catalogue import report_job
from worker.catalogue.report.anomaly import severity
from worker.catalogue.report.combinations import compared, odd_rows
from worker.catalogue.report.periods import cut, fill, fine_unit, points, trend_unit, usable
from worker.catalogue.report.robust import distances
from worker.catalogue.tables.profile import profile_of
from worker.catalogue.tables.spread import spread_of
from worker.catalogue.tables.table import Column, Kind

Upload = Callable[..., Path]
Runner = Callable[..., Any]
SAMPLE = Path(__file__).parents[3] / "examples" / "data" / "nyc-airports-2013.csv"
VALUE = Column(key="c0", name="value", kind=Kind.NUMBER)
plain = st.floats(-1e6, 1e6, allow_subnormal=False).map(lambda number: round(number, 3))


def figures(run: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run.artifacts["figures.json"])
    return found


def days(first: date, many: int) -> list[date]:
    return [first + timedelta(days=n) for n in range(many)]


def series(moments: list[date]) -> pl.Series:
    return pl.Series(moments).cast(pl.Datetime("us"))


# Profile -------------------------------------------------------------------------------------------------------


@given(st.lists(plain, min_size=2, max_size=200))
def test_the_spread_is_that_of_the_statistics_module(values: list[float]) -> None:
    spread = spread_of(pl.Series(values))
    assert spread.mean == pytest.approx(statistics.fmean(values), abs=1e-6)
    assert spread.median == pytest.approx(statistics.median(values))
    assert spread.sd == pytest.approx(statistics.stdev(values), abs=1e-6)
    quarters = statistics.quantiles(values, n=4, method="inclusive")
    assert [spread.q25, spread.q75] == pytest.approx([quarters[0], quarters[2]])
    assert (spread.min, spread.max) == (min(values), max(values))
    assert spread.sum == pytest.approx(math.fsum(values), abs=1e-4)


@given(st.lists(st.one_of(st.none(), plain), min_size=1, max_size=200))
def test_a_histogram_loses_no_value(values: list[float | None]) -> None:
    found = [value for value in values if value is not None]
    if not found:
        return
    column = Column(key="c0", name="v", kind=Kind.NUMBER, missing=len(values) - len(found))
    profile = profile_of(column, pl.Series("c0", values, dtype=pl.Float64))
    assert profile.present == len(found)
    assert profile.distinct == len(set(found))
    if profile.bars:
        assert sum(profile.bars.counts) + profile.bars.below + profile.bars.above == len(found)


@given(st.lists(st.sampled_from(["a", "b", "c", "d"]), min_size=1, max_size=100))
def test_the_commonest_values_are_counted(values: list[str]) -> None:
    profile = profile_of(Column(key="c0", name="v", kind=Kind.CATEGORY), pl.Series("c0", values))
    assert dict(profile.top) == Counter(values)
    assert [many for _, many in profile.top] == sorted(Counter(values).values(), reverse=True)


# Periods -------------------------------------------------------------------------------------------------------


@given(
    st.lists(st.tuples(st.dates(date(2020, 1, 1), date(2022, 12, 31)), plain), min_size=1, max_size=120),
    st.sampled_from(["day", "week", "month", "quarter", "year"]),
    st.sampled_from(["mean", "total", "rows"]),
)
@settings(deadline=None)
def test_periods_add_up_what_falls_into_them(rows: list[tuple[date, float]], unit: str, how: str) -> None:
    starts = {
        "day": lambda d: d,
        "week": lambda d: d - timedelta(days=d.weekday()),
        "month": lambda d: d.replace(day=1),
        "quarter": lambda d: d.replace(month=(d.month - 1) // 3 * 3 + 1, day=1),
        "year": lambda d: d.replace(month=1, day=1),
    }
    expected: dict[date, list[float]] = {}
    for moment, value in rows:
        expected.setdefault(starts[unit](moment), []).append(value)
    periods = cut(series([moment for moment, _ in rows]), unit)
    found = points(periods, pl.Series([value for _, value in rows]), how)
    told = {"mean": statistics.fmean, "total": math.fsum, "rows": len}[how]
    assert {p.start.date(): p.rows for p in found if p.rows} == {start: len(v) for start, v in expected.items()}
    for point in found:
        if point.rows:
            assert point.value == pytest.approx(told(expected[point.start.date()]), abs=1e-6)
        else:
            assert point.value == (0 if how == "rows" else None)


UNITS = {
    "five years of months": ([date(2019 + n // 12, n % 12 + 1, 1) for n in range(60)], "month", "month"),
    "a year of days": (days(date(2023, 1, 1), 365), "month", "day"),
    "three months of days": (days(date(2023, 1, 1), 90), "week", "day"),
    "two weeks of days": (days(date(2023, 1, 1), 14), "day", "day"),
    "ten years": ([date(2014 + n, 1, 1) for n in range(10)], "year", ""),
    "five years of quarters": ([date(2019 + n // 4, n % 4 * 3 + 1, 1) for n in range(20)], "quarter", "quarter"),
    "forty years of months": ([date(1980 + n // 12, n % 12 + 1, 1) for n in range(480)], "year", "month"),
    "one day": ([date(2023, 1, 1)] * 9, "", ""),
    "two days": (days(date(2023, 1, 1), 2), "day", ""),
}


@pytest.mark.parametrize(("moments", "trend", "fine"), UNITS.values(), ids=UNITS)
def test_the_unit_of_time_fits_the_data(moments: list[date], trend: str, fine: str) -> None:
    filled = fill(series(moments), whole_days=True)
    assert (trend_unit(filled), fine_unit(filled)) == (trend, fine)


def test_a_month_that_the_data_cover_in_part_is_not_whole() -> None:
    periods = cut(series(days(date(2023, 1, 20), 200)), "month")
    assert periods.partial == {0, 7}
    assert cut(series(days(date(2023, 1, 1), 365)), "month").partial == frozenset()


def test_a_mistyped_year_does_not_stretch_the_time() -> None:
    moments, stray = usable(series([*days(date(2023, 1, 1), 100), date(2203, 1, 5), date(1900, 1, 1)]))
    assert stray == 2
    assert moments.null_count() == 2


# Anomalies -----------------------------------------------------------------------------------------------------


@given(st.lists(plain, min_size=12, max_size=80))
def test_the_distance_is_in_spreads_of_its_side(values: list[float]) -> None:
    measured = distances(pl.Series(values).to_numpy())
    if measured.log:
        return
    middle = statistics.median(values)
    for value, z in zip(values, measured.z, strict=True):
        side = [abs(other - middle) for other in values if (other >= middle if value >= middle else other <= middle)]
        spread = statistics.median(side) or statistics.median([away for away in side if away > 0] or [math.inf])
        assert z == pytest.approx((value - middle) / (1.4826 * spread), abs=1e-6)


def test_a_planted_value_a_planted_day_and_a_planted_row_are_found_with_their_lines(
    run: Runner, upload: Upload
) -> None:
    rows = []
    for n, day in enumerate(days(date(2023, 1, 1), 365)):
        for shop in range(4):
            weight = 50 + (n * 31 + shop * 17) % 83
            rows.append(
                [day, f"s{shop}", 100 + (n * 7 + shop) % 11 + 20 * (day.weekday() >= 5), weight, weight * 3 + n % 5]
            )
    rows[801][2] = 99_999
    for row in rows[4 * 100 : 4 * 101]:
        row[2] = 5
    rows[1200][3:] = [130, 160]
    text = "date,shop,sales,weight,price\n" + "".join(",".join(map(str, row)) + "\n" for row in rows)
    found = figures(run(report_job, upload(text)))["anomalies"]["listed"]
    value = next(one for one in found if one["sort"] == "value" and one["column"] == "sales")
    assert (value["line"], value["value"], value["when"]) == (803, 99_999, "20 Jul 2023")
    odd = [one for one in found if one["sort"] == "period" and one["column"] == "sales"]
    assert "Tue 11 Apr 2023" in [one["when"] for one in odd]
    assert next(one for one in odd if one["when"] == "Tue 11 Apr 2023")["value"] == 20
    row = next(one for one in found if one["sort"] == "combination")
    assert row["line"] == 1202
    assert row["column"] in ("price", "weight")


def test_a_row_that_breaks_a_pattern_is_found_though_its_values_are_usual() -> None:

    one = [float(n * 37 % 101) for n in range(500)]
    other = [value * 2 + (n % 3) for n, value in enumerate(one)]
    one[77], other[77] = 5.0, 190.0
    frame = pl.DataFrame({"c0": one, "c1": other})
    profiles = [profile_of(Column(key=key, name=key, kind=Kind.NUMBER), frame[key]) for key in ("c0", "c1")]
    data = compared(profiles, lambda profile: frame[profile.column.key], 500)
    assert data is not None
    odd = odd_rows(data, lambda _done, _total: None)
    assert odd[0].row == 77
    assert [row.row for row in odd] == [77]
    expected = odd[0].expected
    assert (expected < 60) if odd[0].column else (expected > 60)


def test_rare_negative_values_stray_dates_and_gaps_are_told(run: Runner, upload: Upload) -> None:
    rows = [[day, 100 + n * 7 % 31] for n, day in enumerate(days(date(2023, 1, 1), 400)) if not 150 <= n < 190]
    rows[60][1] = -3
    rows.append([date(2203, 1, 1), 105])
    text = "date,price\n" + "".join(f"{day},{value}\n" for day, value in rows)
    found = figures(run(report_job, upload(text)))["anomalies"]["listed"]
    by_sort = {one["sort"]: one for one in found}
    assert by_sort["date"]["line"] == len(rows) + 1
    assert by_sort["gap"]["value"] == 40
    assert -3 in [one["value"] for one in found]


def test_severity_is_one_at_the_threshold_and_grows_by_one_with_every_doubling() -> None:
    assert [severity(z, 5) for z in (5, 10, 20, -40)] == [1, 2, 3, 4]


def test_steady_data_have_no_anomaly(run: Runner, upload: Upload) -> None:
    rows = [f"{day},{100 + n * 37 % 101}" for n, day in enumerate(days(date(2023, 1, 1), 365))]
    done = run(report_job, upload("date,price\n" + "\n".join(rows)))
    assert done.result["anomalies"]["found"] == 0
    assert "Nothing stands out" in done.text


# The whole -----------------------------------------------------------------------------------------------------


def test_the_figures_of_the_sample_are_those_of_a_plain_count(sample: Any) -> None:
    frame = pl.read_csv(SAMPLE, try_parse_dates=True)
    done = sample
    found = figures(done)
    assert done.result["rows"] == frame.height
    assert done.result["missing_cells"] == sum(frame.null_count().row(0))
    monthly_flights = Counter(dict.fromkeys(range(1, 13), 0))
    for day, flights in frame.select("date", "flights").iter_rows():
        monthly_flights[day.month] += flights
    trend = next(t for t in found["trends"]["measures"] if t["name"] == "flights")
    assert [point["value"] for point in trend["points"]] == [monthly_flights[m] for m in range(1, 13)]
    assert done.result["trends"][0]["best"] == {"when": "Jul 2013", "value": max(monthly_flights.values())}
    totals = dict(frame.group_by("airport").agg(pl.col("flights").sum()).iter_rows())
    assert {group["name"]: group["value"] for group in found["groups"]["groups"]} == totals
    wind = next(one for one in found["anomalies"]["listed"] if one["column"] == "wind_speed_max" and one["line"])
    lines = SAMPLE.read_text().splitlines()
    assert "1048.4" in lines[wind["line"] - 1]
    storm = next(
        one for one in found["anomalies"]["listed"] if one["when"] == "Fri 8 Feb 2013" and one["column"] == "cancelled"
    )
    assert storm["value"] == frame.filter(pl.col("date") == date(2013, 2, 8))["cancelled"].sum()


def test_spearman_s_rho_is_that_of_the_ranks(sample: Any) -> None:
    frame = pl.read_csv(SAMPLE)
    pairs = {(pair["one"], pair["other"]): pair for pair in figures(sample)["relations"]}
    both = frame.select("flights", "miles_flown").drop_nulls()
    ranks = both.select(pl.all().rank("average"))
    rho = statistics.correlation(ranks["flights"].to_list(), ranks["miles_flown"].to_list())
    assert pairs["flights", "miles_flown"]["rho"] == pytest.approx(rho)


def test_identical_rows_are_counted(run: Runner, upload: Upload) -> None:
    done = run(report_job, upload("a,b\n1,x\n2,y\n1,x\n1,x\n3,y\n"))
    assert done.result["duplicate_rows"] == 2
    assert "2 rows repeat another row" in done.text
