"""A financial statement is known by its items and periods; its ratios are right, and what does not fit is named."""

# ruff: noqa: RUF001 - full-width signs are what such tables are written with

import csv
import io
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.worker.catalogue.books import CHINESE, ENGLISH, Rows, workbook
from worker.catalogue import report_job
from worker.catalogue.report.statement.checks import abnormal
from worker.catalogue.report.statement.figures import Row, Statement
from worker.catalogue.report.statement.headings import Heading, heading_of
from worker.catalogue.report.statement.items import Item, item_of
from worker.outcomes import JobFailed

Upload = Callable[..., Path]
Runner = Callable[..., Any]
amounts = st.floats(1, 1e9).map(lambda value: round(value, 2))


def as_csv(rows: Rows) -> str:
    out = io.StringIO()
    width = max(map(len, rows))
    csv.writer(out).writerows([*row, *[""] * (width - len(row))] for row in rows)
    return out.getvalue()


@pytest.fixture(scope="module", params=["csv", "xlsx"])
def english(request: pytest.FixtureRequest) -> tuple[str, bytes]:
    data = as_csv(ENGLISH).encode() if request.param == "csv" else workbook(("Statement", ENGLISH))
    return f"figures.{request.param}", data


def test_an_english_statement_is_read_by_itself(brief: Runner, upload: Upload, english: tuple[str, bytes]) -> None:
    name, data = english
    done = brief(report_job, upload(data, name))
    ratios = done.result["statement"]["ratios"]
    assert done.result["statement"]["periods"] == ["2021", "2022", "2023"]
    assert ratios["gross margin"] == pytest.approx(400 / 1300)
    assert ratios["net margin"] == pytest.approx(-30 / 1300)
    assert ratios["liabilities to assets"] == pytest.approx(1450 / 2400)
    assert ratios["days of inventory"] == pytest.approx(390 * 365 / 900)
    assert "11 items over 3 periods, from 2021 to 2023" in done.text
    assert "Amounts are in thousands of USD, as the file says." in done.text
    assert "Revenue was 1,300 in 2023, +18.2% against 2022, +14% a year since 2021." in done.text


def test_what_does_not_fit_is_named_with_its_line(brief: Runner, upload: Upload) -> None:
    done = brief(report_job, upload(as_csv(ENGLISH), "f.csv"))
    found = json.loads(done.artifacts["figures.json"])["anomalies"]["listed"]
    told = {(one["sort"], one["column"], one["when"]): one for one in found}
    assert told["sum", "Total assets", "2023"]["expected"] == 1450 + 900
    assert told["sum", "Net income", "2023"]["line"] == 9
    assert ("sign", "Net income", "2023") in told
    assert ("growth", "Gross margin", "2023") not in told or told["growth", "Gross margin", "2023"]["value"] < 0.31
    assert ("growth", "Inventory", "2023") in told
    assert ("conflict", "Inventory", "2023") in told
    assert not [one for one in found if one["when"] == "2022"]
    assert "Total assets (line 10) is 2,400" in done.text


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_chinese_statement_is_read_and_told_in_chinese(run: Runner, upload: Upload, kind: str) -> None:
    data = as_csv(CHINESE).encode("gb18030") if kind == "csv" else workbook(("报表", CHINESE))
    done = run(report_job, upload(data, f"报表.{kind}"), language="auto")
    statement = json.loads(done.artifacts["figures.json"])["statement"]
    items = {row["name"]: row["values"] for row in statement["items"]}
    assert [period["label"] for period in statement["periods"]] == ["2021年", "2022年", "2023年"]
    assert items["四、净利润（净亏损以“－”号填列）"] == [1050, 1200, -120]
    assert items["资产总计"] == [22_000, 24_000, 25_000]
    assert "流动资产：" not in items
    assert statement["unit"] == "万元"
    assert "按财务报表读取：8 个项目，3 个期间，自 2021年 至 2023年。" in done.text
    assert "毛利率 35.2%（上期 36.4%）" in done.text
    assert "资产总计（第 10 行）为 25,000 万元" in done.text
    assert '<html lang="zh-Hans">' in done.artifact("report.html")
    assert "资产负债率" in done.artifact("report.md")
    assert "毛利率" in done.artifact("ratios.svg")


def test_amounts_that_bring_their_own_scale_are_not_scaled_again(brief: Runner, upload: Upload) -> None:
    text = '项目（单位：万元）,2022年,2023年\n营业收入,1.5亿,"1,234万"\n净利润,（300万）,200万\n资产总计,2亿,2.1亿\n'
    done = brief(report_job, upload(text), language="zh")
    statement = json.loads(done.artifacts["figures.json"])["statement"]
    assert [row["values"] for row in statement["items"]] == [[1.5e8, 1.234e7], [-3e6, 2e6], [2e8, 2.1e8]]
    assert statement["unit"] == ""


def test_two_files_of_one_company_become_one_statement(brief: Runner, upload: Upload) -> None:
    files = {"income.csv": as_csv(ENGLISH[1:9]), "balance.csv": as_csv([ENGLISH[1], *ENGLISH[9:]])}
    paths = [upload(text, name) for name, text in files.items()]
    done = brief(report_job, paths[0], more=paths[1:])
    assert done.result["statement"]["ratios"]["return on assets"] == pytest.approx(-30 / 2400)


def test_a_table_is_no_statement_unless_its_items_are_known_or_somebody_says_so(brief: Runner, upload: Upload) -> None:
    text = "town,2021,2022,2023\n" + "".join(f"t{n},{n * 7 % 31},{n * 5 % 23},{n * 3 % 29}\n" for n in range(20))
    assert "statement" not in brief(report_job, upload(text)).result
    assert brief(report_job, upload(text), kind="statement").result["statement"]["periods"] == ["2021", "2022", "2023"]
    assert "statement" not in brief(report_job, upload(as_csv(ENGLISH)), kind="table").result
    with pytest.raises(JobFailed) as failed:
        brief(report_job, upload("a,b\n1,2\n3,4\n"), kind="statement")
    assert failed.value.code == "no_statement"


HEADINGS = {
    "2023": ("year", 2023, 1), "FY2023": ("year", 2023, 1), "2023年": ("year", 2023, 1), "2023年度": ("year", 2023, 1),
    "2023年报": ("year", 2023, 1), "2023-12-31": ("year", 2023, 1), "2023年12月31日": ("year", 2023, 1),
    "Dec 31, 2023": ("year", 2023, 1), "2023Q3": ("quarter", 2023, 7), "Q3 2023": ("quarter", 2023, 7),
    "2023年第三季度": ("quarter", 2023, 7), "2023年三季报": ("quarter", 2023, 7), "2023H2": ("half", 2023, 7),
    "2023年上半年": ("half", 2023, 1), "2023中报": ("half", 2023, 1), "2023-03": ("month", 2023, 3),
    "2023年3月": ("month", 2023, 3), "Mar 2023": ("month", 2023, 3), "2023-03-31": ("day", 2023, 3),
}  # fmt: skip


@pytest.mark.parametrize(("name", "expected"), HEADINGS.items(), ids=HEADINGS)
def test_periods_are_known_in_the_ways_they_are_written(name: str, expected: tuple[str, int, int]) -> None:
    found = heading_of(name)
    assert found is not None
    assert (found.unit, found.start.year, found.start.month) == expected


@pytest.mark.parametrize("name", ["item", "2023 budget", "1234", "Q5 2023", "2023-13", "sales 2023", ""])
def test_other_names_are_no_periods(name: str) -> None:
    assert heading_of(name) is None


ITEMS = {
    "Revenue": Item.REVENUE, "Net sales": Item.REVENUE, "其中：营业收入": Item.REVENUE, "一、营业总收入": Item.REVENUE,
    "Cost of Goods Sold": Item.COST, "Net income (loss)": Item.NET, "五、净利润（净亏损以“-”号填列）": Item.NET,
    "Total Stockholders' Equity": Item.EQUITY, "所有者权益（或股东权益）合计": Item.EQUITY, "Total assets": Item.ASSETS,
    "Total liabilities and stockholders’ equity": Item.FUNDING, "负债和所有者权益总计": Item.FUNDING,
    "经营活动产生的现金流量净额": Item.FROM_OPERATIONS,
    "Net cash provided by (used in) operating activities": Item.FROM_OPERATIONS,
    "非流动资产合计": Item.FIXED_ASSETS, "Other income": None, "": None,
}  # fmt: skip


@pytest.mark.parametrize(("label", "item"), ITEMS.items(), ids=ITEMS)
def test_items_are_known_by_the_names_they_go_by(label: str, item: Item | None) -> None:
    assert item_of(label) is item


def made(**rows: list[float]) -> Statement:
    many = len(next(iter(rows.values())))
    periods = tuple(Heading(start=date(2000 + n, 1, 1), unit="year", label=str(2000 + n)) for n in range(many))
    return Statement(
        periods=periods,
        rows=tuple(
            Row(name=name, item=Item[name], line=n, values=tuple(v)) for n, (name, v) in enumerate(rows.items())
        ),
        unit="",
    )


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(amounts, amounts), min_size=3, max_size=8))
def test_a_balance_that_balances_is_never_called_broken(pairs: list[tuple[float, float]]) -> None:
    owed, owned = [a for a, _ in pairs], [b for _, b in pairs]
    whole = [round(a + b, 2) for a, b in pairs]
    found = abnormal(made(ASSETS=whole, LIABILITIES=owed, EQUITY=owned), 50)
    assert not [one for one in found.listed if one.sort == "sum"]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(amounts, amounts), min_size=3, max_size=8), st.floats(0.01, 0.5))
def test_a_balance_that_does_not_balance_is_always_named(pairs: list[tuple[float, float]], off: float) -> None:
    owed, owned = [a for a, _ in pairs], [b for _, b in pairs]
    whole = [round(a + b, 2) for a, b in pairs]
    whole[-1] = round(whole[-1] * (1 + off) + 10, 2)
    found = abnormal(made(ASSETS=whole, LIABILITIES=owed, EQUITY=owned), 50)
    assert [one.when for one in found.listed if one.sort == "sum"] == [str(2000 + len(pairs) - 1)]


@settings(max_examples=40, deadline=None)
@given(st.lists(amounts, min_size=3, max_size=9))
def test_growth_and_its_yearly_rate_are_those_of_their_definitions(values: list[float]) -> None:
    statement = made(REVENUE=values)
    row = statement.rows[0]
    assert row.growth[0] is None
    for n in range(1, len(values)):
        assert row.growth[n] == pytest.approx(values[n] / values[n - 1] - 1, abs=1e-9)
    yearly = statement.yearly_growth(row)
    assert yearly is not None
    assert (1 + yearly) ** (len(values) - 1) == pytest.approx(values[-1] / values[0])
