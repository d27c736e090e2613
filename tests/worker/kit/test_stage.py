"""Time in memory: deadlines, pauses and the rungs come when the clock is moved, and at no other time."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from tailrace import Backoff, Cancelled, Context, JobFailed, TimedOut, job
from tailrace_testing import After, Clock, Told, rehearse


def timed(work: Callable[[Context, Clock], Any], **more: Any) -> tuple[Told, Clock]:
    clock = Clock()
    return rehearse(job("thing", timeout_seconds=60)(lambda ctx: work(ctx, clock)), clock=clock, **more), clock


def test_a_job_that_takes_too_long_learns_of_it_at_its_next_cancel_point() -> None:
    def work(ctx: Context, clock: Clock) -> None:
        for n in range(100):
            clock.advance(0.7)
            ctx.metric("n", n)

    told, _ = timed(work)
    assert told.error is not None
    assert told.error.code == "timeout"
    assert len(told.of("metric")) == 85
    assert [event.data["rung"] for event in told.of("job.cancel_escalated")] == ["cooperative"]


def test_a_sleep_is_interrupted_by_a_timeout() -> None:
    def work(ctx: Context, clock: Clock) -> None:
        ctx.cleanup(ctx.log, "put away")
        clock.sleep(3600)

    told, clock = timed(work)
    assert told.error is not None
    assert (told.error.code, told.logs) == ("timeout", ["put away"])
    assert [event.data["rung"] for event in told.of("job.cancel_escalated")] == ["cooperative", "interrupted"]
    assert clock.time() == pytest.approx(Clock().time() + 61, abs=0.1)


def test_a_job_that_goes_on_regardless_is_killed() -> None:
    def work(ctx: Context, clock: Clock) -> None:
        with suppress(BaseException):
            clock.sleep(3600)
        try:
            clock.sleep(3600)
        finally:
            ctx.log("not told any more")

    told, _ = timed(work)
    assert told.error is not None
    assert (told.error.code, told.logs) == ("timeout", [])
    assert "killed" in told.error.message


def test_a_job_that_is_cancelled_in_its_sleep_is_interrupted_and_one_that_is_shielded_is_not() -> None:
    def work(ctx: Context, clock: Clock) -> None:
        with ctx.shield():
            ctx.log("begun")
            clock.sleep(3)
            ctx.log("whole")
        ctx.log("beyond")

    told, _ = timed(work, cancel_at=After("log"))
    assert (told.job["cancel"]["mode"], told.logs) == ("cooperative", ["begun", "whole"])
    told, _ = timed(work, cancel_at=After("log"), grace_seconds=2)
    assert (told.job["cancel"]["mode"], told.logs) == ("killed", ["begun"])


def test_more_time_is_given_to_a_job_that_asks_for_it() -> None:
    def work(ctx: Context, clock: Clock) -> float:
        ctx.extend_timeout(60)
        clock.sleep(100)
        ctx.raise_if_cancelled()
        assert ctx.deadline is not None
        return ctx.deadline.timestamp() - clock.time()

    told, _ = timed(work)
    assert told.result == pytest.approx(20, abs=0.1)


def test_the_pause_before_another_attempt_takes_no_time() -> None:
    clock = Clock()

    def work(ctx: Context) -> int:
        if ctx.attempt == 1:
            raise JobFailed("busy", "Busy.", retryable=True)
        return ctx.attempt

    told = rehearse(job("thing", backoff=Backoff(first_seconds=86400, longest_seconds=86400))(work), clock=clock)
    assert told.result == 2
    assert clock.time() == pytest.approx(Clock().time() + 86400, abs=1)


def test_a_slower_clock_has_every_row_told() -> None:
    def work(ctx: Context) -> None:
        with ctx.step("count") as step:
            for _ in step.track(range(20)):
                pass

    kind = job("thing")(work)
    assert len(rehearse(kind).of("step.progress")) < 5
    assert len(rehearse(kind, clock=Clock(tick_seconds=0.1)).of("step.progress")) > 20


def test_the_verdicts_of_an_author_are_those_of_the_service() -> None:
    met: list[type[BaseException]] = []

    def work(ctx: Context, clock: Clock) -> None:
        try:
            clock.advance(61)
            ctx.raise_if_cancelled()
        except Cancelled as error:
            met.append(type(error))
            raise

    timed(work)
    assert met == [TimedOut]
