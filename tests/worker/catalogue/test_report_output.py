"""What a report looks like: whole, safe to open, readable in any script, and no longer than a reader's patience."""

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from jobs import events as ev
from worker.catalogue import report_job

Upload = Callable[..., Path]
Runner = Callable[..., Any]
VOID = {"meta", "br", "hr", "img", "link", "input"}
EVIL = '"><script>alert(1)</script><img src=x onerror=alert(2)>'


def parsed(svg: bytes) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314 - the product's own


class Page(HTMLParser):
    """Elements and attributes of a page; fails on one that is not closed where it should be."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.ids: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._note(tag, attrs)
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._note(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def _note(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        self.ids += [value for name, value in attrs if name == "id" and value]


def financial() -> str:
    rows = []
    for n in range(36):
        month = f"{2021 + n // 12}年{n % 12 + 1}月"
        for place, branch in enumerate(("北京分公司", "上海分公司", "广州分公司")):
            income = 1_000_000 + n * 25_000 + place * 90_000 + n * 7919 % 40_000
            income = 9_999_999 if (n, place) == (20, 1) else income
            rows.append(f'{month},{branch},"￥{income:,}","￥{income * 6 // 10:,}",{30 + n % 7}%')
    return "月份,分公司,营业收入,营业成本,毛利率\n" + "\n".join(rows) + "\n"


def test_a_chinese_financial_statement_gets_a_right_report(run: Runner, upload: Upload) -> None:
    done = run(report_job, upload(financial().encode("gb18030"), "财务报表.csv"), title="分析这份财务报表")
    assert done.result["period"] == {"column": "月份", "first": "Jan 2021", "last": "Dec 2023", "every": "month"}
    first = done.result["trends"][0]
    assert (first["measure"], first["how"], first["unit"], first["direction"]) == ("营业收入", "total", "¥", "rising")
    assert "营业收入 is ¥9,999,999 on line 63" in done.text
    assert "from Jan 2021 to Dec 2023 (36 months)" in done.text
    assert done.result["anomalies"]["found"] == 4, (
        "one wrong cell: a value and its month, and the cost reckoned from it"
    )
    assert "财务报表.csv holds 108 rows in 5 columns" in done.text
    page = done.artifact("report.html")
    assert "<h1>分析这份财务报表</h1>" in page
    assert "上海分公司" in done.artifact("groups.svg")


def test_the_page_is_whole_and_needs_nothing_else(sample: Any) -> None:
    done = sample
    html = done.artifact("report.html")
    page = Page(html)
    assert page.tags.isdisjoint({"script", "iframe", "object", "embed", "link", "form", "base", "img"})
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    addresses = [value for name, value in page.attributes if name in ("href", "src", "xlink:href")]
    assert all(address.startswith("#") for address in addresses)
    assert set(re.findall(r"url\(([^)]*)\)", html)) == {
        found for found in re.findall(r"url\(([^)]*)\)", html) if found[0] == "#"
    }
    assert len(page.ids) == len(set(page.ids))
    assert "prefers-color-scheme:dark" in html
    assert len(html) < 1_000_000


def test_text_of_the_file_never_becomes_markup(run: Runner, upload: Upload) -> None:
    head = f'date,"{EVIL.replace(chr(34), chr(34) * 2)}",kind'
    rows = [
        f"2024-{m:02}-{d:02},{(m * 37 + d * 11) % 50},<b>{EVIL.replace(chr(34), '')}{d % 3}|`x`</b>"
        for m in range(1, 13)
        for d in range(1, 28)
    ]
    bad = "1,2,3,<script>alert(3)</script>"
    done = run(report_job, upload("\n".join([head, *rows, bad]), "<script>.csv"), title=EVIL)
    page = Page(done.artifact("report.html"))
    assert page.tags.isdisjoint({"script", "img", "b"})
    for name, data in done.artifacts.items():
        if name.endswith(".svg"):
            tags = {element.tag.rsplit("}", 1)[-1] for element in parsed(data).iter()}
            assert tags.isdisjoint({"script", "img", "b", "foreignObject"})
    markdown = done.artifact("report.md")
    assert not re.search(r"(?<!\\)<", markdown)
    assert "&lt;script&gt;alert(3)" in done.artifact("report.html")


def test_signs_that_could_turn_or_break_a_line_are_gone(run: Runner, upload: Upload) -> None:
    done = run(report_job, upload("a\u202eb,x\0y\n" + "".join(f"{n * n},{n}\n" for n in range(300))))
    assert "\u202e" not in done.artifact("report.html")
    assert "ab" in done.artifact("report.md")


@pytest.mark.parametrize(
    "name", ["$revenue_{x}$", "收入(万元)", "a^b_c", "\\frac", "%s %d", "{{ 7*7 }}", "&amp;", "x" * 300]
)
def test_any_name_can_head_a_chart(run: Runner, upload: Upload, name: str) -> None:
    rows = "".join(f"{2020 + n // 12}-{n % 12 + 1:02}-01,{n * 31 % 17}\n" for n in range(36))
    done = run(report_job, upload(f'date,"{name}"\n{rows}'))
    texts = [element.text or "" for element in parsed(done.artifacts["distributions.svg"]).iter() if element.text]
    assert any(text.startswith(name[:5]) for text in texts)


def test_charts_say_what_they_show_and_follow_the_screen(sample: Any) -> None:
    done = sample
    charts = {name: data for name, data in done.artifacts.items() if name.endswith(".svg")}
    assert {"trend-1.svg", "anomalies.svg", "distributions.svg", "missing.svg", "groups.svg", "correlation.svg"} <= set(
        charts
    )
    for name, data in charts.items():
        root = parsed(data)
        title, text = root.find("{*}title"), root.find("{*}desc")
        assert title is not None
        assert title.text
        assert text is not None
        assert text.text
        assert root.get("role") == "img"
        assert b"prefers-color-scheme:dark" in data
        assert done.media_types[name] == "image/svg+xml"


def test_the_result_is_small_and_names_every_artifact(run: Runner, upload: Upload) -> None:
    names = [f"{'measure ' * 20}{n}" for n in range(60)]
    rows = [",".join(str((n * k + n) % 97) for k in range(1, 61)) + f",2024-{n % 12 + 1:02}-01" for n in range(300)]
    done = run(report_job, upload(",".join([*names, "date"]) + "\n" + "\n".join(rows)))
    assert len(json.dumps(done.result)) < 60_000
    assert set(done.result["artifacts"]) == set(done.artifacts)


def test_the_narrative_comes_stage_by_stage_as_it_is_found(sample: Any) -> None:
    done = sample
    place = {event.name: n for n, event in enumerate(done.events) if isinstance(event, ev.StepSucceeded)}
    told = [n for n, event in enumerate(done.events) if isinstance(event, ev.OutputAppended)]
    for before, after in (("read", "profile"), ("profile", "trends"), ("trends", "anomalies")):
        assert any(place[before] < n < place[after] for n in told)
    assert min(told) < place["read"]
    assert len(told) > 15


def test_every_sentence_stands_in_the_page_the_markdown_and_the_figures(sample: Any) -> None:
    done = sample
    story = json.loads(done.artifacts["figures.json"])["narrative"]
    assert done.text == "".join(" ".join(sentences) + "\n\n" for sentences in story.values())
    for sentence in story["read"] + story["profile"]:
        assert sentence.replace("_", "\\_") in done.artifact("report.md")
