import re
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from app.relay import calm
from app.relay import merge as merging
from app.relay.merge import CALM, PROGRESS, merge
from app.relay.neighbours import MANY_LINES
from cli.picture import folded
from jobs import events as ev
from jobs.eventlog import Cursor, Entry, Record
from jobs.model import Job
from tests.app.relay.runs import BEGUN, FAILURE, data, entries_of, logs_of_runs, spans, told, told_all
from tests.histories import entry_of, fold_all, histories

MANY = settings(max_examples=150, deadline=None, derandomize=True)
any_log = logs_of_runs() | histories()


def picture(job: Job, *without: str) -> Any:
    """The job, less what merging thins out."""
    view = msgspec.to_builtins(job)
    for metric in view["metrics"].values():
        for name in ("series", "count", "stride"):
            del metric[name]
    return {name: value for name, value in view.items() if name not in without}


# What stays true --------------------------------------------------------------------------------------------------


@MANY
@given(any_log, st.data())
def test_what_is_merged_folds_to_the_same_job(log: list[Record], drawn: st.DataObject) -> None:
    cut = drawn.draw(st.integers(1, len(log)))
    merged = merge([entry_of(record) for record in log[cut:]])
    job = fold_all([*log[:cut], *told_all(merged)])

    assert picture(job) == picture(fold_all(log))


@MANY
@given(logs_of_runs())
def test_lines_that_are_left_out_are_counted_and_all_else_is_as_without(log: list[Record]) -> None:
    merged = merge([entry_of(record) for record in log], logs=True)
    lines = [data(one) for one in merged if one.type == "log"]
    written = [data(entry_of(record)) for record in log if record.type == "log"]

    assert sum(line.get("fields", {"left_out": 1})["left_out"] for line in lines) == len(written)
    assert [line for line in lines if line["level"] == "warning"] == [
        line for line in written if line["level"] == "warning"
    ]
    assert picture(fold_all(told_all(merged)), "log") == picture(fold_all(log), "log")


@MANY
@given(any_log, st.booleans(), st.data())
def test_a_reader_may_go_on_unmerged_from_any_frame(log: list[Record], logs: bool, drawn: st.DataObject) -> None:
    merged = merge([entry_of(record) for record in log], logs=logs)
    cut = drawn.draw(st.integers(1, len(merged)))
    seq = merged[cut - 1].cursor.seq
    job = fold_all([*told_all(merged[:cut]), *log[seq:]])

    without = ["log"] if logs else []
    assert picture(job, *without) == picture(fold_all(log), *without)


@MANY
@given(any_log, st.booleans())
def test_ranges_cover_every_event_once_and_in_order(log: list[Record], logs: bool) -> None:
    ranges = spans(merge([entry_of(record) for record in log], logs=logs))

    assert (ranges[0][0], ranges[-1][1]) == (1, len(log))
    assert all(first <= last for first, last in ranges)
    assert all(before[1] + 1 == after[0] for before, after in pairwise(ranges))


@MANY
@given(any_log, st.booleans())
def test_what_is_not_calm_passes_byte_for_byte_and_in_order(log: list[Record], logs: bool) -> None:
    entries = [entry_of(record) for record in log]
    merged = merge(entries, logs=logs)

    assert [bare(one) for one in merged if one.type not in CALM] == [one for one in entries if one.type not in CALM]
    assert {bare(one) for one in merged if one.type in PROGRESS} <= set(entries)


def bare(entry: Entry) -> Entry:
    return replace(entry, envelope=re.sub(rb'^(\{"id":"[^"]*",)"from":\d+,', rb"\1", entry.envelope))


@MANY
@given(any_log, st.booleans(), st.data())
def test_what_is_merged_may_be_merged_again_and_with_more(log: list[Record], logs: bool, drawn: st.DataObject) -> None:
    entries = [entry_of(record) for record in log]
    merged = merge(entries, logs=logs)
    assert merge(merged, logs=logs) is merged

    cut = drawn.draw(st.integers(0, len(entries)))
    in_two = merge(merge(entries[:cut], logs=logs) + entries[cut:], logs=logs)
    assert spans(in_two)[0][0] == 1
    assert all(before[1] + 1 == after[0] for before, after in pairwise(spans(in_two)))
    assert picture(fold_all(told_all(in_two)), "log") == picture(fold_all(log), "log")


@MANY
@given(st.lists(logs_of_runs(), min_size=2, max_size=3), st.randoms(use_true_random=False))
def test_many_jobs_in_one_stream_are_each_merged_by_themselves(logs: list[list[Record]], dice: Any) -> None:
    renamed = {f"job{n}": [replace(one, job=f"job{n}") for one in log] for n, log in enumerate(logs)}
    waiting = {name: list(log) for name, log in renamed.items()}
    stream: list[Entry] = []
    while any(waiting.values()):
        name = dice.choice([name for name, log in waiting.items() if log])
        for _ in range(dice.randrange(1, 6)):
            if waiting[name]:
                stream.append(replace(entry_of(waiting[name].pop(0)), cursor=Cursor("stream", len(stream) + 1)))
    merged = merge(stream)

    assert [one.cursor.seq for one in merged] == sorted(one.cursor.seq for one in merged)
    for name, log in renamed.items():
        mine = [one for one in merged if told(one).job == name]
        ranges = spans(mine)
        assert (ranges[0][0], ranges[-1][1]) == (1, len(log))
        assert all(before[1] + 1 == after[0] for before, after in pairwise(ranges))
        assert picture(fold_all(told_all(mine))) == picture(fold_all(log))


@MANY
@given(any_log)
def test_the_command_line_folds_merged_events_as_it_does_others(log: list[Record]) -> None:
    job: Job | None = None
    for entry in merge([entry_of(record) for record in log]):
        job = folded(job, entry.envelope)

    assert job is not None
    assert job.cursor == Cursor.parse(log[-1].id)


# What is outdated -------------------------------------------------------------------------------------------------

STEP = ev.StepStarted(name="a")


def job_at(fraction: float, message: str | None = None) -> ev.JobProgressed:
    return ev.JobProgressed(fraction=fraction, message=message)


def step_at(done: float | None, name: str = "a", **more: Any) -> ev.StepProgressed:
    return ev.StepProgressed(name=name, done=done, **more)


def metric(value: float, name: str = "loss", unit: str | None = None) -> ev.MetricMeasured:
    return ev.MetricMeasured(name=name, value=value, unit=unit)


@pytest.mark.parametrize(
    ("events", "ranges"),
    [
        ([job_at(0.1), job_at(0.2), job_at(0.3)], [(1, 3)]),
        ([job_at(0.1, "x"), job_at(0.2), job_at(0.3)], [(1, 1), (2, 3)]),
        ([job_at(0.1, "x"), job_at(0.2, "y"), job_at(0.3)], [(1, 2), (3, 3)]),
        ([job_at(0.1, "x"), job_at(0.2, "")], [(1, 2)]),
        ([job_at(0.3), job_at(0.2)], [(1, 1), (2, 2)]),
        ([step_at(1), step_at(1, "b"), step_at(2), step_at(2, "b")], [(1, 3), (4, 4)]),
        ([step_at(1, message="x"), step_at(2), step_at(3)], [(1, 1), (2, 3)]),
        ([step_at(1, message="x"), step_at(2, message="")], [(1, 1), (2, 2)]),
        ([step_at(1, unit="rows"), step_at(2)], [(1, 1), (2, 2)]),
        ([step_at(1, unit="rows"), step_at(2, unit="rows")], [(1, 2)]),
        ([step_at(1, total=4.0), step_at(2)], [(1, 1), (2, 2)]),
        ([step_at(1, total=4.0), step_at(2, fraction=0.5)], [(1, 2)]),
        ([step_at(None, fraction=0.2), step_at(0, total=4.0)], [(1, 2)]),
        ([step_at(1, fraction=0.2), step_at(0, total=0.0)], [(1, 1), (2, 2)]),
        ([metric(1), metric(2, "acc"), metric(3), metric(4, "acc"), metric(5)], [(1, 4), (5, 5)]),
        ([metric(1, unit="s"), metric(2), metric(3)], [(1, 1), (2, 3)]),
        ([metric(1), ev.ItemFinished(key="k", state="done"), metric(2)], [(1, 2), (3, 3)]),
    ],
)
def test_progress_goes_where_the_next_says_all_of_it(events: list[ev.AnyEvent], ranges: list[tuple[int, int]]) -> None:
    assert spans(merge(entries_of(events))) == ranges


BARS: list[ev.AnyEvent] = [
    BEGUN[1],
    ev.JobReleased(),
    ev.JobStalled(),
    ev.JobRetrying(error=FAILURE, delay_seconds=1.0, next_attempt=2),
    ev.JobSucceeded(),
    ev.JobFailed(error=FAILURE),
    ev.JobCancelled(mode="killed"),
]
STEP_BARS: list[ev.AnyEvent] = [
    STEP,
    ev.StepSucceeded(name="a", seconds=1.0),
    ev.StepFailed(name="a", error=FAILURE),
    ev.StepSkipped(name="a", reason="x"),
    ev.StepReused(name="a", from_attempt=1),
]


@pytest.mark.parametrize("progress", [job_at(0.5), step_at(1), metric(1)], ids=lambda event: event.type)
@pytest.mark.parametrize("bar", BARS, ids=lambda event: event.type)
def test_nothing_is_carried_over_the_begin_or_the_end_of_a_run(bar: ev.AnyEvent, progress: ev.AnyEvent) -> None:
    entries = entries_of([progress, bar, progress])
    assert merge(entries) is entries


@pytest.mark.parametrize("bar", STEP_BARS, ids=lambda event: event.type)
def test_progress_of_a_step_is_not_carried_over_what_happens_to_that_step(bar: ev.AnyEvent) -> None:
    entries = entries_of([step_at(1), step_at(1, "b"), metric(1), bar, step_at(2), step_at(2, "b"), metric(2)])

    assert [one.cursor.seq for one in merge(entries)] == [1, 4, 5, 6, 7]


@pytest.mark.parametrize(
    "changed", [{"job": "another"}, {"attempt": 2}, {"id": "0newer-2"}], ids=["job", "attempt", "epoch"]
)
@pytest.mark.parametrize("event", [job_at(0.5), step_at(1), metric(1)], ids=lambda event: event.type)
def test_what_another_job_attempt_or_epoch_tells_outdates_nothing(event: ev.AnyEvent, changed: dict[str, Any]) -> None:
    entries = entries_of([event]) + entries_of([event], first=2, **changed)
    assert merge(entries) is entries


def test_one_jobs_begin_is_no_bar_to_another_job() -> None:
    entries = entries_of([metric(1)]) + entries_of([STEP, BEGUN[1]], job="another") + entries_of([metric(2)], first=2)

    assert spans(merge(entries)) == [(1, 1), (2, 2), (1, 2)]


def test_a_newer_version_says_more_than_can_be_merged() -> None:
    newer = ev.Unknown(type="metric", data={"name": "loss", "value": 1.0, "since": "then"})
    bold = ev.Unknown(type="output.delta", data={"name": "t", "offset": 1, "text": "", "bold": True})
    text = [ev.OutputAppended(name="t", offset=0, text="a"), bold, ev.OutputAppended(name="t", offset=1, text="b")]
    entries = entries_of([newer, metric(1), *text])

    assert merge(entries) is entries


def test_a_frame_that_stood_for_others_may_come_to_stand_for_more() -> None:
    once = merge(entries_of([metric(1), metric(2, "acc"), metric(3, "acc")]))
    twice = merge([*once, *entries_of([metric(4)], first=4)])

    assert (spans(once), spans(twice)) == ([(1, 1), (2, 3)], [(1, 3), (4, 4)])
    assert [one.envelope.count(b'"from"') for one in twice] == [1, 0]
    assert bare(twice[0]) == entries_of([metric(3, "acc")], first=3)[0]


# Cheap where there is nothing to do -------------------------------------------------------------------------------


def test_what_cannot_be_merged_is_not_even_read(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = [*sorted(PROGRESS), "output.delta", *sorted(set(ev.EVENTS) - CALM) * 2, *["log"] * MANY_LINES]
    entries = [Entry(Cursor("k3f9ab", seq), kind, b"{}") for seq, kind in enumerate(kinds, 1)]
    for module, name in ((calm, "_decoders"), (calm, "_heads"), (merging, "_of_steps")):
        monkeypatch.setattr(module, name, None)

    assert merge(entries, logs=True) is entries
    assert merge(tuple(entries), logs=True) == entries


def test_a_calm_event_of_another_shape_stays() -> None:
    odd = [Entry(Cursor("k3f9ab", seq), kind, b"[]") for seq, kind in enumerate(sorted(CALM) * 30, 1)]
    assert merge(odd, logs=True) is odd
