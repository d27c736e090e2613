"""The rules as mathematics: what fires, what resolves, and that nothing flaps."""

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.catalogue.monitor.figures import POINTS, Distance, Slope, Window
from worker.catalogue.monitor.latch import Band, Latch, Verdict
from worker.catalogue.monitor.outages import Outage
from worker.catalogue.monitor.rule_params import Rate, Threshold, Unusual
from worker.catalogue.monitor.rules import Rule

FEW = settings(max_examples=50, deadline=None)
TIMES = st.floats(0, 20).map(lambda n: round(n, 1))
VERDICTS = st.sampled_from(Verdict)


@st.composite
def stories(draw: st.DrawFn) -> list[tuple[float, Verdict]]:
    """Verdicts at moments that never go back."""
    at, told = 0.0, []
    for verdict in draw(st.lists(VERDICTS, max_size=80)):
        at += draw(st.sampled_from([0.1, 0.5, 1.0, 3.0]))
        told.append((round(at, 1), verdict))
    return told


def threshold(**more: Any) -> Rule:
    given = {"kind": "threshold", "metric": "cpu", "bound": 90, "band": 10, "clear_seconds": 0, **more}
    return Rule(Threshold(**given))


def changes(rule: Rule, values: list[float], every: float = 1.0) -> list[tuple[float, bool]]:
    found = ((n * every, rule.see(n * every, value)) for n, value in enumerate(values))
    return [(at, change.firing) for at, change in found if change is not None]


# The latch -------------------------------------------------------------------------------------------------------


@FEW
@given(stories(), TIMES, TIMES)
def test_an_alert_fires_and_resolves_in_turn(story: list[tuple[float, Verdict]], wait: float, clear: float) -> None:
    latch = Latch(for_seconds=wait, clear_seconds=clear)
    found = [change for at, verdict in story if (change := latch.see(at, verdict)) is not None]
    assert found == [n % 2 == 0 for n in range(len(found))]


@FEW
@given(stories(), TIMES, TIMES)
def test_a_change_comes_only_after_nothing_else_was_seen_for_its_time(
    story: list[tuple[float, Verdict]], wait: float, clear: float
) -> None:
    latch = Latch(for_seconds=wait, clear_seconds=clear)
    for n, (at, verdict) in enumerate(story):
        change = latch.see(at, verdict)
        if change is None:
            continue
        lasts, wanted = (wait, Verdict.BAD) if change else (clear, Verdict.GOOD)
        last_other = max((t for t, v in story[: n + 1] if v is not wanted), default=-math.inf)
        first = min(t for t, v in story[: n + 1] if v is wanted and t > last_other)
        assert at - first >= lasts - 1e-5


@FEW
@given(st.lists(st.floats(80.001, 90), max_size=60), st.booleans())
def test_inside_the_band_nothing_ever_changes(values: list[float], firing: bool) -> None:
    rule = threshold()
    before = [95.0] if firing else [10.0]
    assert len(changes(rule, before + values)) == firing
    assert rule.firing is firing


@FEW
@given(st.lists(st.floats(80.001, 200), min_size=1, max_size=40), st.lists(st.floats(-50, 80), min_size=3, max_size=9))
def test_it_fires_once_and_resolves_once_however_much_it_trembles_in_between(
    high: list[float], low: list[float]
) -> None:
    told = changes(threshold(clear_seconds=2), [10.0, 95.0, *high, *low])
    assert told == [(1.0, True), (1.0 + len(high) + 3, False)]


@FEW
@given(stories(), st.integers(0, 80))
def test_another_run_goes_on_as_the_first_would_have(story: list[tuple[float, Verdict]], place: int) -> None:
    whole, first, second = (Latch(for_seconds=1, clear_seconds=3) for _ in range(3))
    expected = [whole.see(at, verdict) for at, verdict in story]
    found = [first.see(at, verdict) for at, verdict in story[:place]]
    second.load(first.dump())
    assert found + [second.see(at, verdict) for at, verdict in story[place:]] == expected


def test_time_in_which_nobody_looked_does_not_count() -> None:
    latch = Latch(for_seconds=10, clear_seconds=0)
    latch.see(0, Verdict.BAD)
    latch.lost()
    assert latch.see(60, Verdict.BAD) is None
    assert latch.see(70, Verdict.BAD) is True


@pytest.mark.parametrize(
    ("figure", "verdict"), [(90.1, "bad"), (90, "between"), (80.1, "between"), (80, "good"), (None, "between")]
)
def test_a_band_lies_on_the_right_side_of_its_bound(figure: float | None, verdict: str) -> None:
    assert Band(bound=90, width=10).judge(figure) is Verdict(verdict)
    mirrored = None if figure is None else -figure
    assert Band(bound=-90, width=10, above=False).judge(mirrored) is Verdict(verdict)


# Figures ---------------------------------------------------------------------------------------------------------


@FEW
@given(st.floats(1, 1000), st.integers(1, 3000))
def test_a_window_keeps_two_hundred_points_at_most_and_none_too_old(seconds: float, samples: int) -> None:
    window = Window(seconds)
    for n in range(samples):
        window.add(n / 10, float(n))
    assert 1 <= len(window.points) <= POINTS
    assert window.points[0][0] >= (samples - 1) / 10 - seconds


@FEW
@given(st.floats(-100, 100), st.floats(-100, 100))
def test_the_slope_of_a_line_is_its_own(slope: float, start: float) -> None:
    figure = Slope(10)
    for n in range(20):
        figure.learn(n, start + slope * n, odd=False)
    assert figure.of(20, start + slope * 20) == pytest.approx(slope, abs=1e-6)


def test_there_is_no_slope_before_half_a_window() -> None:
    figure = Slope(10)
    for n in range(5):
        assert figure.of(n, n * 5.0) is None
        figure.learn(n, n * 5.0, odd=False)
    assert figure.of(5, 25.0) == pytest.approx(5)


def rule_on_noise(**more: Any) -> Rule:
    rule = Rule(Unusual(kind="unusual", metric="orders", window_seconds=30, clear_seconds=0, band=2, **more))
    for n in range(30):
        assert rule.see(n, 100.0 + n % 5) is None
    return rule


def test_a_value_far_from_the_usual_fires_and_the_usual_one_resolves() -> None:
    rule = rule_on_noise()
    fired = rule.see(30, 180.0)
    assert fired is not None
    assert fired.firing
    assert fired.sentence == "orders is 52.6 spreads from its median, the bound is 5"
    resolved = rule.see(31, 101.0)
    assert resolved is not None
    assert not resolved.firing


def test_what_is_odd_does_not_become_the_usual_before_it_has_lasted_for_a_window() -> None:
    rule = rule_on_noise()
    told = [(n, change.firing) for n in range(30, 100) if (change := rule.see(n, 180.0 + n % 5)) is not None]
    assert told[0] == (30, True)
    assert [firing for _, firing in told] == [True, False]
    assert told[1][0] > 60


def test_only_the_side_that_was_asked_for_counts() -> None:
    assert rule_on_noise(direction="above").see(30, 20.0) is None
    assert rule_on_noise(direction="below").see(30, 20.0) is not None


def test_of_a_number_that_never_changes_nothing_is_unusual_unless_a_spread_is_given() -> None:
    still, told = Distance(30), Distance(30, least_spread=2)
    for n in range(20):
        still.learn(n, 5.0, odd=False)
        told.learn(n, 5.0, odd=False)
    assert still.of(20, 50.0) is None
    assert told.of(20, 15.0) == 5


def test_a_number_that_hardly_ever_changes_has_the_spread_of_its_few_changes() -> None:
    figure = Distance(30)
    for n in range(20):
        figure.learn(n, 1.0 if n == 7 else 0.0, odd=False)
    assert figure.of(20, 1.0) == pytest.approx(1 / (1.2533 * 0.05))


# Rules -----------------------------------------------------------------------------------------------------------


def test_an_alert_has_the_value_the_bound_and_a_sentence() -> None:
    rule = Rule(Threshold(kind="threshold", metric="cpu", bound=90, severity="critical"), "%")
    change = rule.see(0, 97.31)
    assert change is not None
    assert (change.name, change.severity, change.value, change.threshold) == ("cpu above 90", "critical", 97.31, 90)
    assert change.sentence == "cpu is 97.31 %, above 90 %"


def test_a_rate_fires_on_the_change_and_not_on_the_level() -> None:
    rule = Rule(Rate(kind="rate", metric="disk", bound=2, window_seconds=4, clear_seconds=0))
    told = changes(rule, [1000.0] * 10 + [1000.0 + 5 * n for n in range(8)] + [1035.0] * 10)
    assert [firing for _, firing in told] == [True, False]


def test_a_fall_is_a_rate_too() -> None:
    rule = Rule(Rate(kind="rate", metric="disk", direction="falling", bound=2, window_seconds=4))
    assert changes(rule, [100.0 - 5 * n for n in range(6)]) == [(2.0, True)]


@FEW
@given(st.lists(st.floats(-1e6, 1e6), max_size=60), st.integers(0, 60))
def test_a_rule_that_is_kept_in_between_says_the_same(values: list[float], place: int) -> None:
    def made() -> Rule:
        return Rule(Threshold(kind="threshold", metric="x", bound=0, band=100, for_seconds=2, clear_seconds=3))

    whole, first, second = made(), made(), made()
    expected = [whole.see(n, value) for n, value in enumerate(values)]
    found = [first.see(n, value) for n, value in enumerate(values[:place])]
    second.load(first.dump())
    assert found + [second.see(n + len(found), value) for n, value in enumerate(values[place:])] == expected
    assert second.fired == whole.fired


def test_one_failure_is_no_outage_and_one_answer_does_not_end_one() -> None:
    outage = Outage("shop")
    looks = [None, "refused", None, "refused", "refused", None, "refused", None, None]
    told = [(n, change.firing) for n, fault in enumerate(looks) if (change := outage.see(fault)) is not None]
    assert told == [(4, True), (8, False)]
    assert (outage.failures, outage.fired) == (4, 1)
