import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs import events as ev
from jobs.views import (
    FAILED_ITEMS,
    ITEM_STATES,
    OUTPUT_TAIL,
    RECENT_ITEMS,
    RESOLVED_ALERTS,
    SERIES_POINTS,
    Alerts,
    Items,
    Metric,
    Output,
    Step,
)
from tests.histories import texts

QUICK = settings(max_examples=60, deadline=None, derandomize=True)
TIME = "2023-11-14T22:13:20.000Z"


@QUICK
@given(st.lists(st.tuples(texts, st.integers(0, 40)), max_size=12), st.integers(1, 3000))
def test_an_output_keeps_the_tail_of_its_joined_pieces_also_where_they_overlap(
    pieces: list[tuple[str, int]], stretch: int
) -> None:
    output, whole = Output(name="a"), ""
    for text, back in pieces:
        piece = text * stretch
        offset = max(0, len(whole) - back)
        repeated = whole[offset:]
        output.append(offset, repeated + piece)
        whole += piece

    assert whole.endswith(output.text)
    assert output.length == len(whole)
    assert len(output.text) >= min(len(whole), OUTPUT_TAIL)
    assert len(output.text) <= OUTPUT_TAIL * 5 // 4
    assert output.truncated == (output.text != whole)


def test_a_piece_that_is_wholly_there_already_adds_nothing() -> None:
    output = Output(name="a")
    output.append(0, "abcdef")
    output.append(2, "cd")

    assert (output.text, output.length) == ("abcdef", 6)


def test_text_that_is_missing_before_a_piece_is_told() -> None:
    output = Output(name="a")
    output.append(0, "abc")
    output.append(10, "xyz")

    assert (output.text, output.length, output.truncated) == ("abcxyz", 13, True)


def test_an_output_that_was_reset_is_as_new() -> None:
    output = Output(name="a")
    output.append(5, "x" * 100_000)
    output.finish(100_005)
    output.reset()

    assert output == Output(name="a")


@QUICK
@given(st.integers(0, 3000), st.booleans())
def test_a_series_has_evenly_spaced_points_and_fewer_than_200(count: int, steps: bool) -> None:
    metric = Metric(name="loss")
    for n in range(count):
        metric.measure(ev.MetricMeasured(name="loss", value=n / 7, step=float(n) if steps else None))

    places = [place for place, _ in metric.series]
    assert len(places) < SERIES_POINTS
    assert places == [float(n) for n in range(0, count, metric.stride)]
    assert count < SERIES_POINTS or len(places) >= SERIES_POINTS // 2
    assert msgspec.json.encode(msgspec.json.decode(msgspec.json.encode(metric), type=Metric)) == msgspec.json.encode(
        metric
    )
    assert metric.value == (count - 1) / 7 if count else metric.value == 0.0


def test_items_are_all_counted_and_the_last_200_kept() -> None:
    items = Items()
    for n in range(500):
        items.add(ev.ItemFinished(key=str(n), state="failed" if n % 5 == 0 else "succeeded"), TIME)

    assert items.counts == {"failed": 100, "succeeded": 400}
    assert [item.key for item in items.recent] == [str(n) for n in range(500 - RECENT_ITEMS, 500)]


def test_of_the_items_kept_those_that_failed_stay_longest_but_never_crowd_out_the_others() -> None:
    items, failure = Items(), ev.Failure(code="bad", message="Bad.")
    for n in range(1000):
        items.add(ev.ItemFinished(key=str(n), state="failed", error=failure if n % 20 == 0 else None), TIME)
    failed = [item.key for item in items.recent if item.error]

    assert failed == [str(n) for n in range(0, 1000, 20)]
    for n in range(1000, 1400):
        items.add(ev.ItemFinished(key=str(n), state="failed", error=failure if n % 2 else None), TIME)
    failed = [item.key for item in items.recent if item.error]

    assert len(items.recent) == RECENT_ITEMS
    assert FAILED_ITEMS <= len(failed) <= 160
    assert failed == [str(n) for n in range(1401 - 2 * len(failed), 1400, 2)]


def test_states_of_items_beyond_twenty_are_counted_together() -> None:
    items = Items()
    for n in range(50):
        items.add(ev.ItemFinished(key="k", state=f"state {n}"), TIME)

    assert len(items.counts) == ITEM_STATES + 1
    assert items.counts["other"] == 50 - ITEM_STATES


def alert(name: str, *, firing: bool) -> ev.AlertChanged:
    return ev.AlertChanged(name=name, severity="warning", message="m", firing=firing)


def test_an_alert_fires_since_it_first_did_and_is_resolved_once() -> None:
    alerts = Alerts()
    alerts.change(alert("cpu", firing=True), "1")
    alerts.change(alert("cpu", firing=True), "2")
    assert [a.since for a in alerts.firing.values()] == ["1"]

    alerts.change(alert("cpu", firing=False), "3")
    assert not alerts.firing
    assert [(a.since, a.resolved_at) for a in alerts.resolved] == [("1", "3")]


def test_the_last_50_resolved_alerts_are_kept() -> None:
    alerts = Alerts()
    for n in range(80):
        alerts.change(alert(str(n), firing=True), TIME)
        alerts.change(alert(str(n), firing=False), TIME)

    assert [a.name for a in alerts.resolved] == [str(n) for n in range(80 - RESOLVED_ALERTS, 80)]


def test_the_fraction_of_a_step_is_what_is_done_of_the_total() -> None:
    step = Step(name="read")
    for done, total, fraction in [(1, 4, 0.25), (9, 4, 1.0), (-3, 4, 0.0), (1e308, 5e-324, 1.0)]:
        step.advance(ev.StepProgressed(name="read", done=float(done), total=float(total)))
        assert step.fraction == fraction
    step.advance(ev.StepProgressed(name="read", done=5.0, total=0.0))
    assert step.fraction == 1.0


def test_a_step_that_is_begun_again_forgets_how_it_ended() -> None:
    step = Step(name="read")
    step.start(ev.StepStarted(name="read", title="Read", weight=3.0), "1")
    step.end(ev.StepFailed(name="read", error=ev.Failure(code="error", message="no")), "2")
    assert (step.state, step.finished_at) == ("failed", "2")

    step.start(ev.StepStarted(name="read"), "3")
    assert (step.state, step.finished_at, step.error, step.title, step.weight) == ("running", None, None, "Read", 3.0)


# Another run -----------------------------------------------------------------------------------------------------


def test_a_run_that_sets_in_at_a_step_takes_the_place_of_what_was_measured_from_there_on() -> None:
    loss = Metric(name="loss")
    for step in range(6):
        loss.measure(ev.MetricMeasured(name="loss", value=1.0, step=step))
    loss.rewind = True
    loss.measure(ev.MetricMeasured(name="loss", value=0.5, step=4))
    assert loss.series == [(0, 1.0), (1, 1.0), (2, 1.0), (3, 1.0), (4, 0.5)]


def test_a_run_that_names_no_step_begins_its_series_anew() -> None:
    rate = Metric(name="rate")
    for value in (1.0, 2.0, 3.0):
        rate.measure(ev.MetricMeasured(name="rate", value=value))
    rate.rewind = True
    rate.measure(ev.MetricMeasured(name="rate", value=9.0))
    assert rate.series == [(0, 9.0)]


def test_alerts_of_a_run_that_is_over_fire_no_more() -> None:
    alerts = Alerts()
    alerts.change(ev.AlertChanged(name="cpu", severity="warning", message="busy", firing=True), "10:00")
    alerts.calm("10:05")
    assert not alerts.firing
    assert [(alert.firing, alert.resolved_at) for alert in alerts.resolved] == [(False, "10:05")]
