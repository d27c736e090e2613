"""What one run has finished no later run does again."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel

from jobs import decisions
from jobs import events as ev
from jobs.clock import now_ms
from jobs.model import JobState
from tests.worker.rig import Rig, until
from worker.context import Context
from worker.job import job
from worker.keeping import MAX_BYTES

#: More than telling a step takes.
SECONDS = 0.02


def _rig(function: Callable[[Context], Any], **more: Any) -> Rig:
    return Rig(kind=job("thing", steps=("load", "count"))(function), **more)


def _lost(rig: Rig, ctx: Context) -> None:
    """The worker dies here: its lease is taken, and it hears of that."""
    rig.decide(lambda job: decisions.lose(job, since_ms=now_ms()))
    until(lambda: ctx._sink.verdict.over)
    ctx.raise_if_cancelled()


def worked() -> None:
    """Takes its time."""
    end = time.monotonic() + 2 * SECONDS
    while time.monotonic() < end:
        pass


def test_a_durable_step_is_not_run_again_and_says_so_with_the_seconds_that_it_took() -> None:
    calls: list[int] = []

    def load(n: int, *, more: int) -> dict[str, Any]:
        calls.append(n)
        worked()
        return {"rows": (n, more)}

    def work(ctx: Context) -> Any:
        rows = ctx.durable("load", load, 1, more=2)
        with ctx.step("count"):
            if ctx.attempt == 1:
                _lost(rig, ctx)
            return rows

    rig = _rig(work)
    assert rig.run() is None
    ended = rig.run()
    assert ended is not None
    assert ended.result == {"rows": [1, 2]}
    assert calls == [1]
    (first, *_) = rig.events(ev.StepSucceeded)
    assert [(e.name, e.from_attempt, e.seconds) for e in rig.events(ev.StepReused)] == [("load", 1, first.seconds)]
    assert first.seconds >= SECONDS
    assert (ended.steps["load"].state, ended.steps["load"].seconds) == ("reused", first.seconds)
    assert (ended.attempt, ended.progress.fraction) == (2, 1.0)


def test_what_it_returns_is_json_the_first_time_too() -> None:
    class Shape(BaseModel):
        sides: tuple[int, ...]

    def work(ctx: Context) -> Any:
        return [ctx.durable("a", lambda: (1, 2)), ctx.durable("b", lambda: Shape(sides=(3,))), ctx.durable("c", list)]

    rig = _rig(work)
    rig.run()
    assert rig.job.result == [[1, 2], {"sides": [3]}, []]


def test_its_success_and_its_result_are_stored_at_once() -> None:
    found: list[bool] = []

    def work(ctx: Context) -> None:
        ctx.durable("load", lambda: 1)
        found.append("step:load" in rig.log.kept(rig.job_id))
        found.append("step.succeeded" in rig.types)

    rig = _rig(work)
    rig.run()
    assert found == [True, True]


def test_a_step_that_failed_is_run_again() -> None:
    calls: list[int] = []

    def load() -> int:
        calls.append(1)
        if len(calls) == 1:
            raise OSError("gone")
        return 7

    kind = job("thing", retry_on=OSError)(lambda ctx: ctx.durable("load", load))
    rig = Rig(kind=kind)
    rig.run()
    assert rig.job.state is JobState.SCHEDULED
    rig.decide(decisions.promote)
    rig.run()
    assert rig.job.result == 7
    assert len(calls) == 2


def test_a_name_is_good_for_one_step() -> None:
    def work(ctx: Context) -> None:
        ctx.durable("load", lambda: 1)
        with pytest.raises(ValueError, match="already"):
            ctx.durable("load", lambda: 2)

    rig = _rig(work)
    rig.run()
    assert rig.job.state is JobState.SUCCEEDED


@pytest.mark.parametrize(("value", "kind"), [(object(), TypeError), ("x" * (MAX_BYTES + 1), ValueError)])
def test_what_cannot_be_kept_is_refused_in_the_authors_line(value: object, kind: type[Exception]) -> None:
    def work(ctx: Context) -> None:
        with pytest.raises(kind):
            ctx.durable("load", lambda: value)
        with pytest.raises(kind):
            ctx.save("state", value)

    rig = _rig(work)
    rig.run()
    assert rig.job.steps["load"].state == "failed"
    assert rig.log.kept(rig.job_id) == {}


def test_what_was_saved_is_found_by_this_run_and_by_the_next() -> None:
    def work(ctx: Context) -> Any:
        assert ctx.saved("epoch", 0) == (0 if ctx.attempt == 1 else 2)
        if ctx.attempt == 1:
            ctx.save("epoch", 1)
            ctx.save("epoch", 2)
            assert ctx.saved("epoch") == 2
            _lost(rig, ctx)
        return ctx.saved("epoch")

    rig = _rig(work)
    rig.run()
    rig.run()
    assert rig.job.result == 2
    assert rig.log.kept(rig.job_id) == {}


def test_a_run_that_is_over_keeps_nothing() -> None:
    def work(ctx: Context) -> None:
        rig.decide(lambda job: decisions.lose(job, since_ms=now_ms()))
        ctx.save("late", 1)

    rig = _rig(work)
    assert rig.run() is None
    assert rig.log.kept(rig.job_id) == {}


def test_an_async_step_is_durable_too() -> None:
    calls: list[int] = []

    async def load() -> int:
        calls.append(1)
        await asyncio.sleep(0)
        return 7

    async def work(ctx: Context) -> int:
        value: int = await ctx.durable("load", load)
        if ctx.attempt == 1:
            _lost(rig, ctx)
        return value

    rig = _rig(work)
    rig.run()
    rig.run()
    assert rig.job.result == 7
    assert calls == [1]


def test_what_is_yielded_is_output_and_what_is_returned_the_result() -> None:
    def work(_ctx: Context) -> Any:
        yield "one "
        yield {"two": 2}
        return 3

    rig = _rig(work)
    rig.run()
    assert rig.text("text") == 'one {"two":2}\n'
    assert rig.job.result == 3


def test_a_new_attempt_waits_longer_and_keeps_each_error() -> None:
    def work(ctx: Context) -> None:
        raise ConnectionError(str(ctx.attempt))

    rig = Rig(kind=job("thing", retry_on=ConnectionError)(work), max_attempts=3)
    for _ in range(3):
        rig.decide(decisions.promote)
        rig.run()
    job_now = rig.job
    pauses = [event.delay_seconds for event in rig.events(ev.JobRetrying)]
    assert job_now.state is JobState.FAILED
    assert 0.5 <= pauses[0] <= 1 <= pauses[1] <= 2
    assert [error.retryable for error in job_now.errors] == [True, True]
    assert job_now.error is not None
    assert job_now.error.message.startswith("ConnectionError")
