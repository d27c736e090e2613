"""Each way out of an author's function ends its job as the table in worker/runner.py says."""

import logging
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from pydantic import BaseModel

from jobs import decisions
from jobs import events as ev
from jobs.clock import from_rfc3339, now_ms
from jobs.model import Job, JobState
from jobs.writer import Writer
from tests.worker.rig import Rig, until
from worker.context import Context
from worker.endings import MAX_RESULT_BYTES
from worker.job import job
from worker.outcomes import Cancelled, JobFailed, Retry


def _rig(function: Callable[..., Any], *, steps: Any = (), **given: Any) -> Rig:
    return Rig(job("thing", steps=steps)(function), **given)


def test_a_function_that_returns_succeeds_with_its_result() -> None:
    rig = _rig(lambda _ctx: {"rows": 3})
    ended = rig.run()
    assert ended is not None
    assert (ended.state, ended.result) == (JobState.SUCCEEDED, {"rows": 3})
    assert rig.types == ["job.queued", "job.started", "job.succeeded"]


def test_params_that_do_not_fit_fail_the_job_as_invalid() -> None:
    class Params(BaseModel):
        n: int

    rig = Rig(job("thing", params=Params)(lambda _ctx, params: params.n), params={"n": "many"})
    rig.run()
    assert rig.job.error is not None
    assert rig.job.error.code == "invalid"


def test_a_foreseen_failure_is_shown_as_its_author_put_it() -> None:
    def fail(_ctx: Context) -> None:
        raise JobFailed("no_rows", "The file has no rows.", detail={"rows": 0})

    rig = _rig(fail)
    rig.run()
    assert rig.job.error == ev.Failure(code="no_rows", message="The file has no rows.", detail={"rows": 0})


@pytest.mark.parametrize("detail", [{"a": object()}, {"a": "x" * 70_000}, ["a", "list"], {"a": {1j}}, {1: 2}])
def test_a_failure_is_told_whatever_its_author_put_into_its_detail(detail: Any) -> None:
    def fail(_ctx: Context) -> None:
        raise JobFailed("broken\udcff", "It is broken.\udcff", detail=detail)

    rig = _rig(fail)
    rig.run()
    assert rig.job.state is JobState.FAILED
    assert rig.job.error is not None
    assert (rig.job.error.code, rig.job.error.message) == ("broken?", "It is broken.?")


def test_whatever_an_author_passes_is_told_in_the_shape_that_readers_expect() -> None:
    def work(ctx: Context) -> None:
        odd: Any = 3
        ctx.metric(odd, odd, unit=odd)
        ctx.log(odd, x=object())
        ctx.item(odd, odd, {"code": odd, "message": odd, "detail": [1]})
        ctx.alert(odd, message=odd)
        with ctx.step(odd, title=odd, weight=odd) as step:
            step.progress(odd, odd, unit=odd, message=odd)
            step.summary(odd)

    rig = _rig(work)
    rig.run()
    assert rig.job.error is None
    assert rig.events(ev.Unknown) == []


def test_a_retryable_failure_gets_another_attempt_while_one_is_left() -> None:
    def fail(_ctx: Context) -> None:
        raise JobFailed("busy", "The other side is busy.", retryable=True)

    rig = _rig(fail, max_attempts=2)
    first = rig.run()
    assert first is not None
    assert first.state is JobState.SCHEDULED
    assert 0.5 <= rig.events(ev.JobRetrying)[0].delay_seconds <= 1
    rig.decide(decisions.promote)
    second = rig.run()
    assert second is not None
    assert (second.state, second.attempt) == (JobState.FAILED, 2)


def test_a_retry_waits_for_its_delay_and_fails_where_no_attempt_is_left() -> None:
    def again(_ctx: Context) -> None:
        raise Retry(delay_seconds=5)

    rig = _rig(again)
    ended = rig.run()
    assert ended is not None
    assert ended.state is JobState.SCHEDULED
    assert rig.events(ev.JobRetrying)[0].delay_seconds == 5
    last = _rig(again, max_attempts=1)
    last.run()
    assert last.job.error is not None
    assert last.job.error.code == "retry"


def test_an_unforeseen_error_is_told_as_type_step_and_reference_and_its_text_goes_to_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def break_off(ctx: Context) -> None:
        with ctx.step("a"), ctx.step("b"):
            raise ValueError("/home/secret/token=42")

    rig = _rig(break_off)
    with caplog.at_level(logging.ERROR):
        rig.run()
    assert rig.job.error is not None
    code, message = rig.job.error.code, rig.job.error.message
    assert code == "error"
    assert message.startswith("ValueError in step b (ref ")
    assert not any(b"secret" in bytes(record.data) for record in rig.records)
    ref = message.split("ref ")[1].rstrip(")")
    assert sum(ref in line for line in caplog.messages) == 1
    assert "token=42" in caplog.text
    assert [event.error.message for event in rig.events(ev.StepFailed)] == [message, message]


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit()])
def test_an_author_cannot_end_the_worker_by_any_exception(error: BaseException) -> None:
    def leave(_ctx: Context) -> None:
        raise error

    rig = _rig(leave)
    rig.run()
    assert rig.job.error is not None
    assert rig.job.error.message.startswith(type(error).__name__)


def test_a_sys_exit_in_the_author_s_code_is_a_failed_job() -> None:
    rig = _rig(lambda _ctx: sys.exit("bye"))
    rig.run()
    assert rig.job.state is JobState.FAILED


def test_running_out_of_memory_fails_the_job_as_memory() -> None:
    rig = _rig(lambda _ctx: bytearray(1 << 60))
    rig.run()
    assert rig.job.error is not None
    assert rig.job.error.code == "memory"


@pytest.mark.parametrize("result", [object(), {"a": {1j}}, "x" * MAX_RESULT_BYTES, {(1, 2): 3}])
def test_a_result_that_no_event_can_carry_fails_the_job_as_invalid_result(result: object) -> None:
    rig = _rig(lambda _ctx: result)
    rig.run()
    assert rig.job.error is not None
    assert rig.job.error.code == "invalid_result"


def test_a_result_that_contains_itself_fails_the_job_as_invalid_result() -> None:
    loop: list[Any] = []
    loop.append(loop)
    rig = _rig(lambda _ctx: loop)
    rig.run()
    assert rig.job.error is not None
    assert rig.job.error.code == "invalid_result"


def test_a_model_and_a_number_of_numpy_are_results_too() -> None:
    class Result(BaseModel):
        n: int

    numpy = pytest.importorskip("numpy")
    rig = _rig(lambda _ctx: Result(n=3))
    rig.run()
    assert rig.job.result == {"n": 3}
    rig = _rig(lambda _ctx: {"n": numpy.int64(3), "all": numpy.arange(2)})
    rig.run()
    assert rig.job.result == {"n": 3, "all": [0, 1]}


def _spin(ctx: Context) -> None:
    while True:
        ctx.raise_if_cancelled()
        time.sleep(0.001)


def _cancelling(rig: Rig) -> Job:
    """Runs *rig* in this thread while another cancels it as soon as it runs."""

    def cancel() -> None:
        until(lambda: rig.job.state is JobState.RUNNING)
        rig.cancel()

    wish = threading.Thread(target=cancel)
    wish.start()
    ended = rig.run()
    wish.join()
    assert ended is not None
    return ended


def test_a_cancel_ends_the_job_at_its_next_cancel_point_within_200_ms() -> None:
    rig = _rig(_spin)
    ended = _cancelling(rig)
    assert ended.state is JobState.CANCELLED
    assert ended.cancel is not None
    assert (ended.cancel.mode, ended.cancel.reason) == ("cooperative", "enough")
    times = {record.type: from_rfc3339(record.time) for record in rig.records}
    assert times["job.cancelled"] - times["job.cancelling"] < 250


def test_open_steps_and_outputs_are_closed_before_a_cancelled_job_ends() -> None:
    def work(ctx: Context) -> None:
        ctx.output("text").write("half a sen")
        with ctx.step("a"):
            _spin(ctx)

    rig = _rig(work)
    _cancelling(rig)
    closing = [name for name in rig.types if name in ("step.failed", "output.done", "job.cancelled")]
    assert closing == ["step.failed", "output.done", "job.cancelled"]
    assert rig.types[-1] == "job.cancelled"
    assert rig.events(ev.StepFailed)[0].error.code == "cancelled"


def test_a_cleanup_that_fails_on_the_way_out_of_a_cancel_is_still_a_cancelled_job() -> None:
    def work(ctx: Context) -> None:
        try:
            _spin(ctx)
        finally:
            raise OSError("cannot remove it")

    assert _cancelling(_rig(work)).state is JobState.CANCELLED


def test_except_exception_does_not_swallow_a_cancel() -> None:
    def work(ctx: Context) -> None:
        while True:
            try:
                _spin(ctx)
            except Exception:  # noqa: BLE001, S112
                continue

    assert _cancelling(_rig(work)).state is JobState.CANCELLED


def test_a_finish_that_wins_the_race_against_a_cancel_succeeds_and_the_wish_stays_told() -> None:
    def work(ctx: Context) -> str:
        try:
            _spin(ctx)
        except Cancelled:
            return "done anyway"
        return ""

    ended = _cancelling(_rig(work))
    assert (ended.state, ended.result) == (JobState.SUCCEEDED, "done anyway")
    assert ended.cancel is not None


def test_a_job_that_is_being_cancelled_is_not_tried_again() -> None:
    def work(ctx: Context) -> None:
        with suppress(Cancelled):
            _spin(ctx)
        raise Retry

    assert _cancelling(_rig(work)).state in (JobState.FAILED, JobState.CANCELLED)


def test_an_author_who_raises_cancelled_unasked_has_a_failed_job() -> None:
    def work(_ctx: Context) -> None:
        raise Cancelled

    rig = _rig(work)
    rig.run()
    assert rig.job.state is JobState.FAILED


def test_an_attempt_that_takes_too_long_fails_as_timeout() -> None:
    rig = _rig(_spin, timeout_seconds=0.2)
    rig.run()
    assert rig.job.error is not None
    assert rig.job.error.code == "timeout"


def test_a_run_whose_job_was_given_to_another_writes_nothing_more() -> None:
    seen: list[str] = []

    def work(ctx: Context) -> None:
        rig.decide(lambda job: decisions.lose(job, since_ms=now_ms()))
        rig.claim()
        try:
            while True:
                ctx.output("text").write("zombie")
                time.sleep(0.001)
        finally:
            seen.append("ended")

    rig = _rig(work)
    assert rig.run() is None
    assert seen == ["ended"]
    assert rig.job.state is JobState.RUNNING
    at = rig.types.index("job.stalled")
    assert rig.types[at:] == ["job.stalled", "job.retrying", "job.queued", "job.started"]


def test_a_new_attempt_takes_back_what_the_one_before_had_written() -> None:
    def work(ctx: Context) -> None:
        ctx.output("text").write("once upon")
        if ctx.attempt == 1:
            raise Retry(0)

    rig = _rig(work)
    rig.run()
    rig.run()
    resets = rig.events(ev.OutputReset)
    assert [(event.name, event.reason) for event in resets] == [("text", "attempt 2 starts over")]
    assert rig.job.outputs["text"].text == "once upon"
    assert rig.job.outputs["text"].done


def test_the_workdir_is_gone_before_the_last_event_whatever_happened() -> None:
    def work(ctx: Context) -> None:
        (ctx.workdir / "scratch").write_text("x")
        raise ValueError

    rig = _rig(work)
    rig.run()
    assert not rig.workdir.exists()


def test_what_a_job_left_running_is_swept_where_it_did_not_return() -> None:
    swept: list[int] = []
    rig = _rig(lambda _ctx: 1 / 0, sweep=lambda: swept.append(1))
    rig.run()
    assert swept == [1]


def test_an_event_too_large_is_refused_where_it_is_made() -> None:
    def work(ctx: Context) -> None:
        ctx.log("much", field="x" * 70_000)

    rig = _rig(work)
    rig.run()
    assert rig.job.error is not None
    assert rig.job.error.code == "invalid_event"
    assert "65536" in rig.job.error.message


def test_a_stranger_s_run_cannot_be_ended_by_this_one() -> None:
    """The fence holds at the very last append too."""

    def work(_ctx: Context) -> str:
        rig.decide(lambda job: decisions.lose(job, since_ms=now_ms()))
        Writer(rig.log, rig.job_id, now_ms).decide(lambda job: decisions.start(job, worker="other", steps=None))
        return "mine"

    rig = _rig(work)
    assert rig.run() is None
    assert rig.job.worker == "other"
    assert rig.job.state is JobState.RUNNING


def test_a_step_that_a_job_never_left_is_not_the_next_job_s_to_stand_in() -> None:
    def leaves_open(ctx: Context) -> None:
        ctx.step("open").__enter__()

    def work(ctx: Context) -> None:
        with ctx.step("own"):
            pass

    _rig(leaves_open).run()
    rig = _rig(work)
    rig.run()
    (started,) = rig.events(ev.StepStarted)
    assert started.parent is None
