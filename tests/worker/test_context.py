import hashlib
import math
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from jobs import events as ev
from tailrace_testing import rehearse
from tests.worker.rig import UPLOAD, FilesInMemory, Rig
from worker.context import Context
from worker.job import job
from worker.outcomes import Retry


def _run(function: Callable[[Context], Any], **given: Any) -> Rig:
    rig = Rig(job("thing", steps=given.pop("steps", ()))(function), **given)
    rig.run()
    return rig


def _whole(function: Callable[[Context], Any], **given: Any) -> Rig:
    rig = _run(function, **given)
    assert rig.job.error is None
    return rig


def test_a_step_is_begun_advanced_and_ended() -> None:
    def work(ctx: Context) -> None:
        with ctx.step("read", title="Read the data") as step:
            step.progress(5, 10, unit="rows", message="half way")
            step.summary("10 rows")

    rig = _whole(work)
    begun, progress, ended = rig.events(ev.StepStarted, ev.StepProgressed, ev.StepSucceeded)
    assert (begun.name, begun.title) == ("read", "Read the data")
    assert (progress.done, progress.total, progress.unit, progress.fraction) == (5, 10, "rows", 0.5)
    assert progress.message == "half way"
    assert ended.summary == "10 rows"
    assert ended.seconds >= 0


def test_a_step_inside_another_names_it_as_its_parent() -> None:
    def work(ctx: Context) -> None:
        with ctx.step("a"), ctx.step("b"):
            pass
        with ctx.step("c"):
            pass

    assert [event.parent for event in _whole(work).events(ev.StepStarted)] == [None, "a", None]


def test_a_step_that_raised_has_failed_and_the_job_may_go_on() -> None:
    def work(ctx: Context) -> str:
        with suppress(ZeroDivisionError), ctx.step("a"):
            _ = 1 / 0
        return "went on"

    rig = _whole(work)
    assert rig.events(ev.StepFailed)[0].error.message.startswith("ZeroDivisionError in step a")
    assert rig.job.result == "went on"


def test_a_step_that_turns_out_not_to_be_needed_is_skipped_with_its_reason() -> None:
    def work(ctx: Context) -> None:
        with ctx.step("dates") as step:
            step.skip("no date column")
        ctx.skip_step("charts", "nothing to draw")

    rig = _whole(work, steps=["dates", "charts"])
    assert [(event.name, event.reason) for event in rig.events(ev.StepSkipped)] == [
        ("dates", "no date column"),
        ("charts", "nothing to draw"),
    ]
    assert rig.events(ev.JobProgressed)[-1].fraction == 1.0


def test_a_step_left_open_is_closed_with_its_job() -> None:
    rig = _whole(lambda ctx: ctx.step("a").__enter__() and None)
    assert [event.name for event in rig.events(ev.StepSucceeded)] == ["a"]


def test_track_gives_every_row_on_and_tells_the_last_count() -> None:
    def work(ctx: Context) -> list[int]:
        with ctx.step("a") as step:
            return [row * 2 for row in step.track([1, 2, 3], unit="rows")]

    rig = _whole(work)
    last = rig.events(ev.StepProgressed)[-1]
    assert rig.job.result == [2, 4, 6]
    assert (last.done, last.total, last.unit, last.fraction) == (3, 3, "rows", 1.0)


def test_track_over_what_has_no_length_counts_without_a_fraction_unless_told_the_total() -> None:
    def work(ctx: Context) -> None:
        with ctx.step("a") as step:
            list(step.track(iter("abc")))
        with ctx.step("b") as step:
            list(step.track(iter("abc"), total=6))

    rig = _whole(work)
    told = {event.name: (event.done, event.total, event.fraction) for event in rig.events(ev.StepProgressed)}
    assert told == {"a": (3, None, None), "b": (3, 6, 0.5)}


def test_track_left_early_tells_how_far_it_came() -> None:
    def work(ctx: Context) -> None:
        with ctx.step("a") as step:
            for row in step.track(range(10)):
                if row == 4:
                    break

    assert _whole(work).events(ev.StepProgressed)[-1].done == 4


def test_an_output_ends_with_its_length_and_the_hash_of_its_utf_8() -> None:
    text = "财务报表 — naïve\u2028😀 " * 20_000

    def work(ctx: Context) -> None:
        ctx.output("text").write(text)

    rig = _whole(work)
    done = rig.events(ev.OutputDone)[0]
    assert rig.text("text") == text
    assert (done.length, done.sha256) == (len(text), hashlib.sha256(text.encode()).hexdigest())


def test_what_utf_8_cannot_carry_is_replaced_and_never_breaks_the_log() -> None:
    def work(ctx: Context) -> None:
        ctx.output("text").write("a\udcffb\x00")
        ctx.log("\ud800")
        ctx.item("key\udcff", "succeeded", name="\udcff")

    rig = _whole(work)
    assert rig.text("text") == "a?b\x00"
    assert len(rig.events(ev.ItemFinished)) == 1


def test_nothing_is_written_to_an_output_that_is_done() -> None:
    def work(ctx: Context) -> None:
        ctx.output("text").done()
        ctx.output("text").write("more")

    assert _run(work).job.error is not None


def test_facts_are_told_as_they_were_when_they_were_told() -> None:
    fields = {"size": 1}

    def work(ctx: Context) -> None:
        ctx.log("done", level="warning", **fields, tags={"a"}, path=Path("x"))
        ctx.item("a.csv", "failed", "broken", **fields)
        fields["size"] = 2
        ctx.metric("loss", 0.12, step=3, unit="nats")
        ctx.alert("cpu", message="hot", value=0.97, threshold=0.9, firing=True)

    log, item, metric, alert = _whole(work).events(ev.LogWritten, ev.ItemFinished, ev.MetricMeasured, ev.AlertChanged)
    assert (log.level, log.fields) == ("warning", {"size": 1, "tags": ["a"], "path": "x"})
    assert (item.key, item.state, item.error.message, item.fields) == ("a.csv", "failed", "broken", {"size": 1})
    assert (metric.value, metric.step, metric.unit) == (0.12, 3, "nats")
    assert (alert.severity, alert.value, alert.firing) == ("warning", 0.97, True)


def test_a_number_that_json_does_not_have_is_a_warning_and_not_the_end_of_the_job() -> None:
    rig = _whole(lambda ctx: ctx.metric("loss", math.nan))
    assert rig.events(ev.LogWritten)[0].message == "loss is nan"


def test_the_text_of_an_error_given_to_an_item_is_not_told() -> None:
    rig = _whole(lambda ctx: ctx.item("a", "failed", OSError("/secret")))
    error = rig.events(ev.ItemFinished)[0].error
    assert error.message.startswith("OSError (ref ")


def test_the_whole_job_s_progress_is_its_author_s_where_no_steps_are_declared() -> None:
    rig = _whole(lambda ctx: ctx.progress(0.5, message="half way"))
    assert rig.events(ev.JobProgressed)[-1].fraction == 0.5
    assert rig.events(ev.JobProgressed)[-1].message == "half way"
    declared = _run(lambda ctx: ctx.progress(0.5), steps=["a"])
    assert declared.job.error is not None


@pytest.mark.parametrize("data", [b"<svg/>", "<svg/>"])
def test_an_artifact_is_kept_and_told(data: bytes | str) -> None:
    files = FilesInMemory()
    rig = _whole(lambda ctx: ctx.artifact("chart.svg", data).name, files=files)
    assert files.artifacts == {"chart.svg": b"<svg/>"}
    assert rig.events(ev.ArtifactReady)[0].media_type == "image/svg+xml"
    assert rig.job.result == "chart.svg"


def test_an_artifact_from_a_path_is_read_piece_by_piece() -> None:
    def work(ctx: Context) -> None:
        path = ctx.workdir / "big.bin"
        path.write_bytes(b"x" * 1_000_000)
        ctx.artifact("big.bin", path)

    assert _whole(work).events(ev.ArtifactReady)[0].bytes == 1_000_000


def test_an_uploaded_file_is_local_seekable_and_keeps_its_name() -> None:
    def work(ctx: Context) -> list[object]:
        with ctx.open_file(UPLOAD) as file:
            first = file.readline()
            file.seek(0)
            return [file.name, first == file.readline(), ctx.file_path(UPLOAD).read_bytes() == b"a\nb\n"]

    rig = _whole(work, files=FilesInMemory(uploads={UPLOAD: ("data.csv", b"a\nb\n")}))
    assert rig.job.result == ["data.csv", True, True]


def test_an_upload_that_is_gone_is_a_clear_failure() -> None:
    rig = _run(lambda ctx: ctx.file_path("1" * 26).name)
    assert rig.job.error is not None
    assert rig.job.error.code == "file_not_found"


def test_a_context_says_which_attempt_it_is_and_until_when() -> None:
    rig = _whole(lambda ctx: [ctx.job_id, ctx.attempt, ctx.deadline is None, ctx.load])
    assert rig.job.result == [rig.job_id, 1, True, 0]
    rig = _whole(lambda ctx: ctx.deadline, timeout_seconds=60)
    assert rig.job.result is not None


def test_a_saved_file_is_there_for_later_runs_and_nobody_is_told_of_it() -> None:
    def work(ctx: Context) -> object:
        found = ctx.saved_file("part")
        if found is None:
            ctx.save_file("part", b"data")
            raise Retry(0)
        ctx.drop_file("part")
        return [found.read_bytes().decode(), found.is_relative_to(ctx.workdir), ctx.saved_file("part") is None]

    told = rehearse(job("thing")(work))
    assert told.result == ["data", True, True]
    assert told.artifacts == {}


def test_a_workdir_is_made_for_whoever_asks_for_it_and_for_nobody_after_the_end(tmp_path: Path) -> None:
    contexts: list[Context] = []

    def work(ctx: Context) -> None:
        contexts.append(ctx)
        seen.append(rig.workdir.exists())
        assert ctx.workdir == rig.workdir
        seen.append(rig.workdir.stat().st_mode & 0o077 == 0)

    seen = list[bool]()
    rig = Rig(job("thing")(work), workdir=tmp_path / "one")
    rig.run()
    assert seen == [False, True]

    quiet = Rig(job("thing")(contexts.append), workdir=tmp_path / "two")
    quiet.run()
    assert not contexts[1].workdir.exists()
