"""The comparison as a whole: what is measured anew, and when the guard fails."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from bench import compare
from bench.field.figures import OURS, Bar, Figure, Figures
from bench.field.ground import Field
from bench.field.scenarios import SCENARIOS


def guard_of(*values: float | None) -> SimpleNamespace:
    """A scenario whose guard finds these one after the other, and is to stay at 2 or below."""
    left = list(values)

    def guard(_field: Field) -> Iterator[Figure]:
        value = left.pop(0)
        if value is not None:
            yield Figure(scenario="S1", subject=OURS, name="cost", unit="µs", values=(value,))

    def guard_bars(figures: Figures) -> Iterator[Bar]:
        yield Bar(scenario="S1", text="cost", value=figures.median("S1", OURS, "cost"), limit=2.0)

    return SimpleNamespace(NAME="S1", TITLE="cost", guard=guard, guard_bars=guard_bars, left=left)


@pytest.mark.parametrize(
    ("found", "held"),
    [
        ((1.0,), True),
        ((3.0, 1.0), True),
        ((3.0, 3.0), False),
        ((None,), None),
    ],
)
def test_what_has_slipped_is_measured_once_more(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, found: tuple[float | None, ...], held: bool | None
) -> None:
    scenario = guard_of(*found)
    monkeypatch.setattr(compare, "SCENARIOS", {"s1": scenario})

    (bar,) = compare.guarded(Field([], folder=tmp_path))

    assert bar.held is held
    assert scenario.left == []


@pytest.mark.parametrize(("slips", "code"), [((1.0,), 0), ((None,), 0), ((3.0, 3.0), 1)])
def test_the_guard_fails_where_a_ratio_has_slipped_and_not_where_none_was_measured(
    monkeypatch: pytest.MonkeyPatch, slips: tuple[float | None, ...], code: int
) -> None:
    monkeypatch.setattr(compare, "SCENARIOS", {"s1": guard_of(*slips)})
    monkeypatch.setattr("sys.argv", ["compare.py", "--guard"])
    monkeypatch.setattr("os.sched_getaffinity", lambda _pid: {0, 1})

    assert compare.main() == code


def test_on_one_core_the_guard_says_so_and_passes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["compare.py", "--guard"])
    monkeypatch.setattr("os.sched_getaffinity", lambda _pid: {0})

    assert compare.main() == 0
    assert "one core" in capsys.readouterr().out


def test_only_a_scenario_that_is_measured_as_a_whole_forgets_what_was_found() -> None:
    assert compare.anew(["s1", "s9-logs"]) == {"S1"}
    assert "S9" in compare.anew(list(SCENARIOS))
