"""The page of the comparison: bars first, then a table for each scenario, and nothing that was not measured."""

from pathlib import Path

import pytest

from bench.field.figures import LIMIT, OURS, Bar, Figure, Figures
from bench.field.plots import draw
from bench.field.report import BEGIN, END, bars_of, page, table_of_bars, written
from bench.field.scenarios import SCENARIOS
from tests.service import ROOT


@pytest.fixture
def figures() -> Figures:
    """A run of S1 alone, of ours and the limit."""
    given = {OURS: {"CPU of a delivery": 12.0, "most": 4_000_000.0}, LIMIT: {"CPU of a delivery": 8.0}}
    return Figures(
        Figure(scenario="S1", subject=subject, name=name, unit="µs", values=(value,))
        for subject, each in given.items()
        for name, value in each.items()
    )


def test_a_bar_says_what_was_reached_and_what_was_to_be() -> None:
    bars = [
        Bar(scenario="S1", text="cost", value=1.234, limit=1.4),
        Bar(scenario="S2", text="most", value=0.5, limit=0.7, at_least=True),
        Bar(scenario="S3", text="late", value=None, limit=8),
    ]

    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table_of_bars(bars).splitlines()[2:]]

    assert rows == [
        ["S1", "cost", "1.23", "≤ 1.4", "held"],
        ["S2", "most", "0.5", "≥ 0.7", "**not held**"],
        ["S3", "late", "–", "≤ 8", "not measured"],
    ]


def test_scenarios_that_did_not_run_have_no_bars(figures: Figures) -> None:
    assert {bar.scenario for bar in bars_of(figures)} == {"S1"}


def test_the_page_has_ours_first_then_the_limit_and_a_dash_for_what_is_not_known(figures: Figures) -> None:
    told = page(figures, {"S1": "somewhere"})

    assert "somewhere" in told
    assert told.index("to reach") < told.index("### S1")
    head, _, cost, most = told[told.index("### S1") :].splitlines()[4:8]
    assert [cell.strip() for cell in head.strip("|").split("|")] == ["", OURS, LIMIT]
    assert cost.split("|")[2:4] == [" 12        ", " 8         "]
    assert [cell.strip() for cell in most.strip("|").split("|")][1:] == ["4,000,000", "–"]


def test_the_page_keeps_the_words_around_what_was_measured(figures: Figures, tmp_path: Path) -> None:
    (tmp_path / "performance.md").write_text(f"Before.\n\n{BEGIN}\nof another day\n{END}\n\nBehind.\n", "utf-8")
    figures.written(tmp_path / "figures.json", {"S1": "somewhere"})

    written(tmp_path, tmp_path / "figures.json")

    told = (tmp_path / "performance.md").read_text("utf-8")
    assert told.startswith("Before.")
    assert told.endswith("Behind.\n")
    assert page(figures, {"S1": "somewhere"}) in told
    assert "of another day" not in told


def test_the_picture_is_the_same_for_the_same_figures(figures: Figures, tmp_path: Path) -> None:
    pictures = []
    for name in ("one", "other"):
        draw(tmp_path / name, figures)
        pictures.append((tmp_path / name / "performance.svg").read_text("utf-8"))

    assert pictures[0] == pictures[1]
    assert f">{OURS}<" in pictures[0]


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_a_scenario_without_figures_has_bars_that_say_so(scenario: object) -> None:
    bars = list(scenario.bars(Figures()))  # type: ignore[attr-defined]

    assert bars
    assert all(bar.held is None for bar in bars)


def test_the_document_is_what_the_comparison_wrote() -> None:
    told = (ROOT / "docs" / "performance.md").read_text("utf-8")
    before, _, rest = told.partition(BEGIN)
    measured, end, _ = rest.partition(END)
    assert before
    assert end
    titles = {f"{scenario.NAME}: {scenario.TITLE}" for scenario in SCENARIOS.values()}
    found = {line.removeprefix("### ") for line in measured.splitlines() if line.startswith("### ")}
    assert {title[:2] for title in found} >= {"S1", "S2", "S3", "S4", "S5"}
    assert found <= titles


def test_the_document_says_what_the_guard_watches_and_its_marks() -> None:
    _, _, told = (ROOT / "docs" / "performance.md").read_text("utf-8").partition("## The guard")
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in told.splitlines() if line.startswith("| S")
    ]
    watched = [scenario for scenario in SCENARIOS.values() if hasattr(scenario, "guard_bars")]
    bars = [bar for scenario in watched for bar in scenario.guard_bars(Figures())]

    assert [(name, float(mark)) for name, _, mark in rows] == [(bar.scenario, bar.limit) for bar in bars]
