"""Figures, dates and sentences are written as people write them, in the language that is spoken."""

# ruff: noqa: RUF001 - full-width signs are what Chinese is written with

import threading

from worker.catalogue.wording.tongue import language_of, say, speaking, spoken
from worker.catalogue.wording.words import (
    compact,
    count,
    day,
    elapsed,
    listing,
    measure,
    number,
    percent,
    period,
    short,
    shown,
)


def test_figures_are_spelled_for_people() -> None:
    assert [number(value) for value in (0, 1234567, 1048.36058, 0.00447, -2.5, 1e20, 1e-9, None)] == [
        "0", "1,234,567", "1,048", "0.00447", "−2.5", "1e+20", "1e-09", "–",
    ]  # fmt: skip
    assert [number(-5, "$"), number(5, "%"), number(5, "kr")] == ["−$5", "5%", "5 kr"]
    assert [percent(value, signed=True) for value in (0.123, -0.5, 12.345, 0.00001, None)] == [
        "+12.3%",
        "−50%",
        "+1,234%",
        "+0.001%",
        "–",
    ]
    assert [compact(value) for value in (0, 999, 1234, -5e6, 7.5e9)] == ["0", "999", "1.23k", "−5M", "7.5bn"]
    assert [listing(["a"]), listing(["a", "b"]), listing(["a", "b", "c"], 2)] == ["a", "a and b", "a, b and 1 more"]
    assert shown("a\n\tb\x00c" + "d" * 99, 10) == "a b cdddd…"
    assert short("营业收入合计", 7) == "营业收…"


def test_time_is_told_in_words() -> None:
    from datetime import datetime

    day = datetime(2024, 2, 8, 14, 30)  # noqa: DTZ001 - tables have naive times
    units = ["year", "quarter", "month", "week", "day", "hour"]
    assert [period(day, unit) for unit in units] == [
        "2024", "Q1 2024", "Feb 2024", "week of 8 Feb 2024", "Thu 8 Feb 2024", "8 Feb 2024 14:30",
    ]  # fmt: skip
    assert elapsed(day, day.replace(year=2026, month=4)) == "2 years 2 months"
    assert elapsed(day, day.replace(day=10)) == "3 days"


def test_numbers_and_dates_are_spelled_as_the_language_has_them() -> None:
    from datetime import datetime

    moment = datetime(2024, 2, 8, 14, 30)  # noqa: DTZ001 - tables have naive times
    with speaking("zh"):
        assert [period(moment, unit) for unit in ("year", "quarter", "month", "day")] == [
            "2024年", "2024年第1季度", "2024年2月", "2024年2月8日（周四）",
        ]  # fmt: skip
        assert [compact(value) for value in (999, 12_345, 98_765_432, -5e8)] == ["999", "1.23万", "9,877万", "−5亿"]
        assert (count(3, "row"), listing(["甲", "乙", "丙"]), measure("total", "收入")) == (
            "3 行",
            "甲、乙和丙",
            "收入合计",
        )
    assert day(moment) == "8 Feb 2024"


def test_reports_side_by_side_keep_their_own_language() -> None:
    heard: dict[str, str] = {}
    both = threading.Barrier(2)

    def speak(language: str) -> None:
        with speaking(language):
            both.wait(20)
            heard[language] = say("Trend")
            both.wait(20)

    threads = [threading.Thread(target=speak, args=(language,)) for language in ("en", "zh")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert heard == {"en": "Trend", "zh": "趋势"}
    assert spoken() == "en"


def test_the_language_of_headers_is_told_by_their_signs() -> None:
    assert language_of(["日期", "sales", "金额"]) == "zh"
    assert language_of(["date", "sales", "name", "备注"]) == "en"
    assert language_of(["1", "2"]) == language_of([]) == "en"
