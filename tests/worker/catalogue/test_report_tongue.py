"""A report speaks one language throughout, and nothing that it says is without its words in the other."""

import ast
import json
import re
import string
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from worker.catalogue import report_job
from worker.catalogue.report import page_words
from worker.catalogue.report.anomaly import Sort
from worker.catalogue.report.periods import EVERY
from worker.catalogue.report.statement.figures import _RATIOS
from worker.catalogue.tables.table import Kind

Upload = Callable[..., Path]
Runner = Callable[..., Any]
CATALOGUE = Path(__file__).parents[3] / "worker" / "catalogue"
#: Where a report says something: the job type itself, and what reads its tables and words its figures.
ROOMS = [CATALOGUE / room for room in ("report", "tables", "wording")]
CHINESE = json.loads((CATALOGUE / "wording" / "languages" / "zh.json").read_text("utf-8"))
ENGLISH_WORD = re.compile(r"[A-Za-z]{3,}")


def calls(name: str, place: int) -> Iterator[str]:
    """What stands in the code, and on the page, as the words of such a call."""
    for path in (path for room in ROOMS for path in room.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
                word = node.args[place] if len(node.args) > place else None
                if isinstance(word, ast.Constant) and isinstance(word.value, str):
                    yield word.value
    for path in (CATALOGUE / "report" / "templates").glob("*.j2"):
        yield from re.findall(rf'{name}\("([^"]+)"', path.read_text("utf-8")) if place == 0 else ()


def said() -> set[str]:
    ours = {*calls("say", 0), *EVERY, *(f"{unit.capitalize()}s" for unit in EVERY), *(f"Odd {unit}s" for unit in EVERY)}
    ours |= {*Kind, *page_words.SORTS.values(), *page_words.METHOD, *page_words.STATEMENT_METHOD}
    return ours | {name for name, _, _ in _RATIOS}


def test_everything_that_is_said_has_its_chinese_words() -> None:
    assert said() - set(CHINESE["sentences"]) == set()
    assert {*calls("count", 1), *EVERY} - set(CHINESE["counted"]) == set()
    assert set(page_words.SORTS) == set(Sort)


def fields(template: str) -> set[str]:
    return {name.split(".")[0] for _, name, _, _ in string.Formatter().parse(template) if name}


def test_a_sentence_asks_for_no_value_that_the_other_language_does_not_have() -> None:
    pairs = CHINESE["sentences"].items()
    assert {english: more for english, chinese in pairs if (more := fields(chinese) - fields(english))} == {}


def table() -> str:
    rows = []
    for n in range(48):
        for place, branch in enumerate(("北京", "上海", "广州")):
            income = (
                99_999_999 if (n, place) == (20, 1) else 1_000_000 + n * 25_000 + place * 90_000 + n * 7919 % 40_000
            )
            share = "" if n % 9 == 0 else f"{30 + n % 7}%"
            rows.append(f'{2020 + n // 12}年{n % 12 + 1}月,{branch},"￥{income:,}",{share}')
    return "月份,分公司,营业收入,毛利率\n" + "\n".join(rows) + "\n"


@pytest.fixture(scope="module")
def chinese(tmp_path_factory: pytest.TempPathFactory) -> Any:
    from tests.worker.catalogue.conftest import run_of, told_by

    path = tmp_path_factory.mktemp("zh") / "收入.csv"
    path.write_text(table(), "utf-8")
    return run_of(told_by(report_job, path, {"language": "auto"}))


def test_the_narrative_follows_the_headers(chinese: Any) -> None:
    assert "共有 144 行、4 列" in chinese.text
    assert "营业收入为" in chinese.text
    assert "2021年9月" in chinese.text
    left = set(ENGLISH_WORD.findall(chinese.text)) - {"CSV", "csv", "utf"}
    assert left == set()


def test_the_page_its_charts_and_the_markdown_follow_too(chinese: Any) -> None:
    text = re.sub(r"<style.*?</style>|<[^>]+>", " ", chinese.artifact("report.html"), flags=re.DOTALL)
    names = {
        "CSV",
        "Tailrace",
        "figures",
        "json",
        "Theil",
        "Sen",
        "Mann",
        "Kendall",
        "Benjamini",
        "Hochberg",
        "utf",
        "csv",
    }
    assert set(ENGLISH_WORD.findall(text)) - names == set()
    assert "## 突出之处" in chinese.artifact("report.md")
    for name, data in chinese.artifacts.items():
        if name.endswith(".svg"):
            written = [element.text or "" for element in ET.fromstring(data).iter("{http://www.w3.org/2000/svg}text")]  # noqa: S314 - ours
            assert ENGLISH_WORD.search(" ".join(written)) is None, name


def test_chinese_signs_are_text_in_a_chart_with_fonts_that_have_them(chinese: Any) -> None:
    svg = chinese.artifact("groups.svg")
    assert "上海" in svg
    assert "Noto Sans CJK SC" in svg
    assert "PingFang SC" in svg


def test_the_figures_are_the_same_in_either_language(run: Runner, upload: Upload, chinese: Any) -> None:
    english = run(report_job, upload(table(), "收入.csv"))
    assert english.result["trends"][0]["slope"] == chinese.result["trends"][0]["slope"]
    assert english.result["anomalies"]["found"] == chinese.result["anomalies"]["found"]
    assert "holds 144 rows in 4 columns" in english.text
