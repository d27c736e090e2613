"""Cells are read as what they say: numbers, dates and missing values in the spellings that tables have."""

from datetime import UTC, datetime, timedelta, timezone

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.catalogue.tables import dates, numbers
from worker.catalogue.tables.kinds import understand
from worker.catalogue.tables.missing import SPELLINGS, without_missing
from worker.catalogue.tables.table import Kind


def kind_of(cells: list[str], name: str = "x") -> Kind:
    return understand(pl.Series(cells), "c0", name, comma_likely=False)[0].kind


def read(cells: list[str], *, comma_likely: bool = False) -> tuple[list[float | None], str]:
    column, values = understand(pl.Series(cells), "c0", "x", comma_likely=comma_likely)
    assert column.kind is Kind.NUMBER
    return values.to_list(), column.unit


NUMBERS = {
    "plain": (["1.5", "-2", "+3", ".5", "1e3"], [1.5, -2, 3, 0.5, 1000]),
    "thousands": (["1,234.5", "12", "1,234,567"], [1234.5, 12, 1234567]),
    "thousands only": (["1,234", "5,678"], [1234, 5678]),
    "decimal comma": (["1.234,5", "12", "7,25"], [1234.5, 12, 7.25]),
    "spaces": (["1 234", "12 345,6", "7"], [1234, 12345.6, 7]),
    "Swiss": (["1'234.5", "2’000"], [1234.5, 2000]),
    "Indian": (["12,34,567", "1,000.5"], [1234567, 1000.5]),
    "negative": (["(12.5)", "-3", "−4", "5-"], [-12.5, -3, -4, -5]),
    "Chinese units": (["1.2万", "3亿", "5"], [12000, 300000000, 5]),
}


@pytest.mark.parametrize(("cells", "values"), NUMBERS.values(), ids=NUMBERS)
def test_numbers_are_read_as_they_are_written(cells: list[str], values: list[float]) -> None:
    assert read(cells)[0] == values


@pytest.mark.parametrize(
    ("cells", "values", "unit"),
    [
        (["$1,200", "($30)", "-$4.50"], [1200, -30, -4.5], "$"),
        (["12 €", "1.300,50 €"], [12, 1300.5], "€"),
        (["￥1,200", "¥30"], [1200, 30], "¥"),
        (["12%", "3.5 %", "1％"], [12, 3.5, 1], "%"),
    ],
)
def test_a_unit_is_kept_beside_the_number(cells: list[str], values: list[float], unit: str) -> None:
    assert read(cells) == (values, unit)


def test_in_a_file_with_semicolons_a_lone_comma_is_the_decimal_sign() -> None:
    assert read(["1,234", "5,678"], comma_likely=True)[0] == [1.234, 5.678]


@pytest.mark.parametrize(
    "cells",
    [
        ["007", "012", "123"],
        ["1,2,3", "4,5"],
        ["10-20", "30-40"],
        ["12%", "3"],
        ["1.2.3", "4.5.6"],
        ["1234567890123456789"],
    ],
)
def test_digits_that_are_no_quantity_stay_text(cells: list[str]) -> None:
    assert kind_of(cells * 30) in (Kind.CATEGORY, Kind.IDENTIFIER, Kind.TEXT)


@given(
    st.lists(st.decimals(min_value=-(10**9), max_value=10**9, places=2, allow_nan=False), min_size=2, max_size=30),
    st.sampled_from([(",", "."), (".", ","), (" ", ","), ("'", "."), ("", ".")]),
    st.sampled_from(["", "$", "€", "%"]),
)
def test_a_column_of_written_numbers_reads_back(values: list, signs: tuple[str, str], unit: str) -> None:
    group, point = signs
    spelled = [f"{value:,.2f}".replace(",", "g").replace(".", point).replace("g", group) for value in values]
    cells = [
        f"{text}{unit}" if unit == "%" else text.replace("-", "-" + unit) if "-" in text else unit + text
        for text in spelled
    ]
    style = numbers.guess_style(cells, comma_likely=False)
    assert style is not None
    assert numbers.parse(pl.Series(cells), style).to_list() == [float(value) for value in values]


FORMATS = [
    "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%d.%m.%Y", "%d %b %Y", "%d-%b-%y", "%B %d, %Y", "%Y年%m月%d日",
    "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%d.%m.%Y %H:%M", "%m/%d/%Y %I:%M %p",
]  # fmt: skip


FIRST, LAST = datetime.fromisoformat("1970-01-01"), datetime.fromisoformat("2068-01-01")


@given(st.sampled_from(FORMATS), st.lists(st.datetimes(FIRST, LAST), min_size=15, max_size=40))
def test_a_column_of_written_dates_reads_back(form: str, moments: list[datetime]) -> None:
    moments.append(datetime.fromisoformat("2013-05-28"))  # tells day from month
    cells = [moment.strftime(form) for moment in moments]
    column, values = understand(pl.Series(cells), "c0", "when", comma_likely=False)
    assert column.kind is Kind.DATE
    assert values.to_list() == [datetime.strptime(cell, form).replace(tzinfo=None) for cell in cells]  # noqa: DTZ007


MONTHS = {
    "month": (["2024-01", "2024-12"], [1, 12]),
    "named month": (["Jan 2024", "Dec-24"], [1, 12]),
    "Chinese month": (["2024年1月", "2024年12月"], [1, 12]),
    "quarter": (["2024Q1", "2024-Q4"], [1, 10]),
    "quarter first": (["Q1 2024", "Q4 2024"], [1, 10]),
    "Chinese quarter": (["2024年第1季度", "2024年第4季度"], [1, 10]),
}


@pytest.mark.parametrize(("cells", "months"), MONTHS.values(), ids=MONTHS)
def test_months_and_quarters_are_dates_too(cells: list[str], months: list[int]) -> None:
    column, values = understand(pl.Series(cells), "c0", "when", comma_likely=False)
    assert column.kind is Kind.DATE
    assert [(moment.year, moment.month, moment.day) for moment in values] == [(2024, month, 1) for month in months]


def test_an_offset_is_taken_off() -> None:
    moments = [datetime(2024, 1, 5, hour, tzinfo=timezone(timedelta(hours=-5))) for hour in range(5)]
    form = dates.guess_format([moment.isoformat() for moment in moments], "when", day_first=False)
    assert form is not None
    values = dates.parse(pl.Series([moment.isoformat() for moment in moments]), form)
    assert [value.replace(tzinfo=UTC) for value in values] == moments


def test_day_and_month_are_told_apart_by_the_order_of_the_rows() -> None:
    by_day = [f"{n:02}/{m:02}/2024" for m in (1, 2, 3) for n in range(1, 13)]
    column, values = understand(pl.Series(by_day), "c0", "when", comma_likely=False)
    assert values.to_list() == sorted(values.to_list())
    assert "day before month" in column.note


def test_every_spelling_of_nothing_is_missing_and_told() -> None:
    cells = pl.Series([*SPELLINGS, " NA ", "Null", "value"])
    present, spellings = without_missing(cells)
    assert present.drop_nulls().to_list() == ["value"]
    assert sum(spellings.values()) == len(cells) - 1
    assert spellings["NA"] == 1


def test_a_few_strange_cells_do_not_make_a_column_of_numbers_text() -> None:
    column, values = understand(pl.Series([*(str(n * n) for n in range(40)), "abc", ""]), "c0", "x", comma_likely=False)
    assert (column.kind, column.unreadable, column.examples, column.missing) == (Kind.NUMBER, 1, ("abc",), 1)
    assert values.null_count() == 2


@pytest.mark.parametrize(
    ("name", "cells", "kind"),
    [
        ("year", [2013, 2014] * 20, Kind.CALENDAR),
        ("月份", list(range(1, 13)) * 4, Kind.CALENDAR),
        ("dep_time", [hour * 100 + minute for hour in range(24) for minute in (0, 15, 59)], Kind.CLOCK),
        ("id", list(range(1000, 1040)), Kind.IDENTIFIER),
        ("订单编号", [n * 7 % 991 for n in range(100)], Kind.IDENTIFIER),
        ("amount", [n * 7 % 31 for n in range(100)], Kind.NUMBER),
        ("rows", list(range(100)), Kind.IDENTIFIER),
    ],
)
def test_digits_are_told_apart_by_name_and_range(name: str, cells: list[int], kind: Kind) -> None:
    assert kind_of([str(cell) for cell in cells], name) is kind
