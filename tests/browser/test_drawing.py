"""What is measured becomes curves: which belong together, where axes are marked, what they say when pointed at."""

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewTab
from tests.service import Service

CHARTS = """async (names) => {
  const { charts } = await import("/curves.js");
  const metrics = Object.fromEntries(names.map(([name, unit]) => [name, { value: 2, unit, series: [[1, 1], [2, 2]] }]));
  return charts(metrics).map(({ name, lines }) => [name, ...lines.map(({ label }) => label)]);
}"""
MARKS = """async ([values, unit]) => {
  const { upward } = await import("/scales.js");
  return upward(values, unit).marks.map(({ text }) => text);
}"""
ACROSS = """async (steps) => {
  const { across } = await import("/scales.js");
  return across(steps).marks.map(({ text }) => text);
}"""
THINNED = """async ([count, peak]) => {
  const { thinned } = await import("/series.js");
  let series = [];
  for (let n = 0; n < count; n += 1) series = thinned([...series, [n, n === peak ? 99 : n % 7]]);
  return series;
}"""


@pytest.mark.parametrize(
    ("metrics", "drawn"),
    [
        (["loss/train", "loss/validation"], [["Loss", "Train", "Validation"]]),
        (["train_loss", "val_loss", "rate"], [["Loss", "Train", "Val"], ["Rate", "Rate"]]),
        (["loss", "val_loss"], [["Loss", "Loss", "Val"]]),
        (["disk.read", "disk.written"], [["Disk", "Read", "Written"]]),
        (["shop.latency"], [["Shop latency", "Shop latency"]]),
        (["__proto__", "constructor"], [["Proto", "Proto"], ["Constructor", "Constructor"]]),
        ([("cpu", "%"), ("disk", "%"), ("disk.read", "B/s")], [["Percent", "CPU", "Disk"], ["Disk read", "Disk read"]]),
        ([(f"core/{n}", "%") for n in range(8)], [["Core", *"012345"], ["Core", *"67"]]),
    ],
)
def test_sides_of_one_thing_share_a_chart(modules: Page, metrics: list[Any], drawn: list[list[str]]) -> None:
    pairs = [[each, None] if isinstance(each, str) else list(each) for each in metrics]
    assert modules.evaluate(CHARTS, pairs) == drawn


@pytest.mark.parametrize(
    ("values", "unit", "marks"),
    [
        ([0, 1], None, ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        ([97.1, 99.2], "%", ["97.0", "97.5", "98.0", "98.5", "99.0", "99.5"]),
        ([12, 97], "%", ["0", "20", "40", "60", "80", "100"]),
        ([5, 5], None, ["0", "2", "4", "6", "8"]),
        ([0, 0], None, ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        ([-3, 4], None, ["-4", "-2", "0", "2", "4"]),
        ([0, 3_000_000], "B", ["0 B", "1.0 MB", "2.0 MB", "3.0 MB"]),
        ([0, 1_000_000], None, ["0", "200K", "400K", "600K", "800K", "1M"]),
        ([0, 0.00004], None, ["0", "1e-5", "2e-5", "3e-5", "4e-5"]),
    ],
)
def test_an_axis_is_marked_at_even_numbers(
    modules: Page, values: list[float], unit: str | None, marks: list[str]
) -> None:
    assert modules.evaluate(MARKS, [values, unit]) == marks


def test_steps_are_marked_as_counted_and_times_by_the_clock(modules: Page) -> None:
    assert modules.evaluate(ACROSS, [1, 2, 3]) == ["1", "2", "3"]
    assert modules.evaluate(ACROSS, [0.5, 1.0]) == ["0.6", "0.8", "1.0"]
    assert modules.evaluate(ACROSS, [7]) == ["7"]
    noon = modules.evaluate("Date.parse('2026-03-01T12:00:00') / 1000")
    assert modules.evaluate(ACROSS, [noon, noon + 1800]) == ["12:00", "12:10", "12:20", "12:30"]
    assert modules.evaluate(ACROSS, [noon, noon + 20]) == ["12:00:00", "12:00:05", "12:00:10", "12:00:15", "12:00:20"]
    days = modules.evaluate(ACROSS, [noon, noon + 3 * 86_400])
    assert len(days) == 3
    assert all(re.search("Mar|3", day) for day in days)


def test_a_series_stays_small_and_keeps_its_peak(modules: Page) -> None:
    series = modules.evaluate(THINNED, [5000, 1234])
    assert len(series) < 400
    assert [1234, 99] in series
    assert series[0][0] == 0
    assert series[-1][0] == 4999
    assert series == sorted(series)
    #: No part of the way is told of by hardly a point.
    steps = [at for at, _ in series]
    assert max(after - before for before, after in pairwise(steps)) < 250


def test_a_job_is_drawn_as_it_measures_and_read_by_pointer_and_keys(
    new_tab: NewTab, service: Service, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    page = new_tab(f"/jobs/{service.submit('curves', gate=str(gate))['id']}")
    metrics = page.get_by_role("region", name="Metrics")
    expect(metrics.locator(".facts-grid")).to_contain_text("336,776")
    loss = metrics.locator(".chart").nth(0)
    expect(metrics.locator(".chart figcaption .name")).to_have_text(["Loss", "Percent", "Disk read"])
    expect(loss.locator(".legend")).to_contain_text("Validation0.125")
    plot = loss.get_by_role("slider", name="Loss")
    plot.focus()
    page.keyboard.press("Home")
    expect(plot).to_have_attribute("aria-valuetext", "at 1: Train 1, Validation 1.1")
    page.keyboard.press("ArrowRight")
    expect(loss.locator(".at")).to_have_text("at 2")
    box = plot.bounding_box() or {"x": 0, "y": 0, "width": 0, "height": 0}
    page.mouse.move(box["x"] + box["width"] - 1, box["y"] + 5)
    expect(loss.locator(".at")).to_have_text("at 40")
    expect(metrics.locator(".chart").nth(1).locator(".across")).to_contain_text(re.compile(r"\d\d:\d0"))
    expect(metrics.locator(".chart").nth(2).locator("figcaption .value")).to_have_text("60 MB/s")
    before = metrics.inner_text()
    page.reload()
    expect(loss.locator(".legend")).to_contain_text("Validation")
    page.mouse.move(1, 1)
    expect(loss.locator(".at")).to_have_text("")
    assert metrics.inner_text() == before.replace("\nat 40", "")
    gate.touch()
    expect(page.locator(".pill")).to_have_text("Succeeded")
