"""What is kept of a watch that goes on for days: bounded, and true all the same."""

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.catalogue.monitor.history import ALL_SPANS, MOST_SPANS, History, Span
from worker.catalogue.monitor.pace import keep_seconds, tell_seconds
from worker.catalogue.monitor.params import Params
from worker.catalogue.monitor.readings import Reading
from worker.catalogue.monitor.watching import Watching

DAY = 86_400


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.integers(1, 5000), st.floats(-1e6, 1e6)), min_size=1, max_size=200))
def test_least_mean_and_most_are_those_of_all_samples(steps: list[tuple[int, float]]) -> None:
    history, tick = History(["a"]), 0
    for step, value in steps:
        tick += step
        history.add(tick, "a", value)
    values = [value for _, value in steps]
    whole = history.whole("a")
    assert whole is not None
    assert (whole.count, whole.least, whole.most) == (len(values), min(values), max(values))
    assert whole.mean == pytest.approx(math.fsum(values) / len(values), abs=1e-3)
    assert len(history.spans["a"]) <= MOST_SPANS


def test_a_span_is_never_more_than_twice_its_share_and_time_goes_on_in_the_table() -> None:
    history = History(["a"])
    for tick in range(1, 6001):
        history.add(tick, "a", float(tick))
    rows = list(history.rows())
    assert MOST_SPANS / 2 <= len(rows) <= MOST_SPANS
    assert [at for at, _, _ in rows] == sorted(at for at, _, _ in rows)
    assert sum(span.count for _, _, span in rows) == 6000
    assert all(at <= span.least <= span.most < at + history.width for at, _, span in rows)


def test_many_metrics_share_what_there_is() -> None:
    names = [f"m{n}" for n in range(50)]
    history = History(names)
    for tick in range(1, 300):
        for name in names:
            history.add(tick, name, 1.0)
    assert sum(len(spans) for spans in history.spans.values()) <= ALL_SPANS


def test_what_is_kept_comes_back() -> None:
    history, again = History(["a", "b"]), History(["a", "b"])
    for tick in range(1, 900):
        history.add(tick, "a", float(tick))
    again.load(json.loads(json.dumps(history.dump())))
    assert again.spans == history.spans
    assert (again.width, again.last) == (history.width, history.last)
    assert again.whole("b") is None


@pytest.mark.parametrize(("days", "metrics", "most"), [(30, 1, 50_000), (1, 10, 60_000), (7, 6, 100_000)])
def test_days_of_a_watch_fit_into_one_log(days: int, metrics: int, most: int) -> None:
    at, told = 0.0, 0
    while at < days * DAY:
        at += max(0.1, tell_seconds(at, metrics, load=0))
        told += metrics
    assert told < most


def test_every_sample_is_told_at_first_and_fewer_where_the_service_has_cut_down() -> None:
    assert tell_seconds(1, 5, load=0) < 0.1
    assert tell_seconds(1, 5, load=2) == 1
    assert tell_seconds(700, 5, load=0) == 5
    assert tell_seconds(700, 5, load=2) == 25
    assert tell_seconds(100, 50, load=0) == 2.5
    assert keep_seconds(10) < keep_seconds(1000)


def test_all_that_the_largest_watch_keeps_is_less_than_may_be_kept() -> None:
    targets = [{"kind": "disk", "name": f"disk {n}"} for n in range(16)]
    rules = [
        {"kind": "unusual", "metric": f"disk {n % 16}", "name": f"rule {n}", "window_seconds": 10} for n in range(40)
    ]
    params = Params.model_validate({"targets": targets, "rules": rules, "interval_seconds": 0.1})
    watched = Watching(params)
    for tick in range(1, 150):
        readings = [
            Reading(target=target.name, values=dict.fromkeys(target.metrics(), 123_456.789 + tick))
            for target in params.targets
        ]
        watched.take(tick, tick / 10, readings)
    assert len(json.dumps(watched.dump())) < 1024 * 1024
    again = Watching(params)
    again.load(json.loads(json.dumps(watched.dump())))
    assert again.summary()["samples"] == 149


def test_two_spans_become_one_that_has_both() -> None:
    span = Span(1, 2.0, 2.0, 2.0)
    span.join(Span(3, 4.0, 6.0, 8.0))
    assert span == Span(4, 2.0, 5.0, 8.0)
