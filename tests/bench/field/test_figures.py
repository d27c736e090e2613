"""Figures and bars: medians, ratios within a round, and what counts as held."""

from pathlib import Path

import pytest

from bench.field.figures import LIMIT, OURS, Bar, Figure, Figures, Notes, ratio_bar


def figures(**values: tuple[float, ...]) -> Figures:
    """Of scenario S1, the cost of each subject."""
    return Figures(
        Figure(scenario="S1", subject=subject.replace("_", " "), name="cost", unit="µs", values=each)
        for subject, each in values.items()
    )


def test_a_ratio_is_the_median_of_the_ratios_within_each_round() -> None:
    found = figures(tailrace=(10.0, 30.0, 12.0), bare_loop=(10.0, 20.0, 8.0))

    assert found.ratio("S1", "cost") == 1.5


@pytest.mark.parametrize("of", [figures(tailrace=(1.0,)), figures(tailrace=(1.0,), bare_loop=(0.0,)), figures()])
def test_what_was_not_measured_or_is_nothing_has_no_ratio(of: Figures) -> None:
    assert of.ratio("S1", "cost") is None
    assert ratio_bar(of, "S1", "cost", "to the limit", to=LIMIT, limit=2).held is None


@pytest.mark.parametrize(("value", "at_least", "held"), [(2.0, False, True), (2.1, False, False), (2.0, True, True)])
def test_a_bar_is_held_at_its_limit(value: float, at_least: bool, held: bool) -> None:
    assert Bar(scenario="S1", text="it", value=value, limit=2.0, at_least=at_least).held is held


def test_notes_become_a_figure_for_each_subject_and_name_with_a_value_for_each_round() -> None:
    notes = Notes("S1")
    for value in (3.0, 1.0, 2.0):
        notes.add(OURS, "cost", "µs", value)
    notes.add(OURS, "most", "/s", 5.0)

    cost, most = notes.figures()

    assert (cost.values, cost.median, cost.spread) == ((3.0, 1.0, 2.0), 2.0, 3.0)
    assert (most.name, most.unit, most.values) == ("most", "/s", (5.0,))


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    found = figures(tailrace=(1.0, 2.0), bare_loop=(3.0,))
    found.written(tmp_path / "deep" / "figures.json", {"S1": "2026, here"})

    again, made = Figures.read(tmp_path / "deep" / "figures.json")

    assert list(again) == list(found)
    assert made == {"S1": "2026, here"}


def test_a_scenario_that_is_measured_anew_leaves_nothing_of_what_was_found_before() -> None:
    found = figures(tailrace=(1.0,))
    found.add(Figure(scenario="S2", subject=OURS, name="cost", unit="µs", values=(2.0,)))

    assert [each.scenario for each in found.without({"S1"})] == ["S2"]
