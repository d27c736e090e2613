"""The rungs before the kill: what a job that is to end meets, and where."""

import asyncio
import contextlib
import queue
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from jobs import events as ev
from jobs.clock import now_ms
from jobs.model import JobState
from tests.worker.rig import Rig, until
from worker import graces
from worker.context import Context
from worker.job import job
from worker.outcomes import Cancelled, Released

Work = Callable[[Context], Any]


class Course:
    """A job on its way in this very thread, cancelled as soon as it says that it has begun."""

    def __init__(self, function: Work, *, grace_seconds: float = 0.4) -> None:
        self.begun = threading.Event()
        self.rig = Rig(kind=job("thing")(function))
        self._grace = grace_seconds
        self._caller = threading.Thread(target=self._cancel, daemon=True)

    def run(self) -> "Course":
        begun.append(self.begun)
        self._caller.start()
        self.rig.run()
        self._caller.join()
        return self

    def _cancel(self) -> None:
        assert self.begun.wait(10)
        self.rig.cancel(grace_seconds=self._grace)

    @property
    def mode(self) -> str | None:
        found = self.rig.job.cancel
        return found.mode if found else None

    @property
    def rungs(self) -> list[str]:
        return [event.rung for event in self.rig.events(ev.CancelEscalated)]


#: Where the job that runs now says that it has begun.
begun: list[threading.Event] = []


def _begin() -> None:
    begun.pop().set()


def _sleep(_ctx: Context) -> None:
    _begin()
    time.sleep(600)


def _read(_ctx: Context) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        _begin()
        ours.recv(1)


def _await_a_process(_ctx: Context) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as process:
        _begin()
        try:
            process.wait()
        finally:
            process.kill()


def _spin(_ctx: Context) -> None:
    _begin()
    while True:
        with contextlib.suppress(Exception):
            while True:
                pass


def _await_a_queue(_ctx: Context) -> None:
    _begin()
    queue.Queue[int]().get()


def _track_what_never_comes(ctx: Context) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, ctx.step("wait") as step:
        _begin()
        for _ in step.track(iter(lambda: ours.recv(1), b"")):
            pass


def _yield_what_never_comes(_ctx: Context) -> Iterator[str]:
    _begin()
    yield "begun"
    time.sleep(600)
    yield "never"


@pytest.mark.parametrize(
    "function",
    [
        _sleep,
        _read,
        _await_a_process,
        _spin,
        _await_a_queue,
        _track_what_never_comes,
        _yield_what_never_comes,
    ],
)
def test_a_job_that_does_not_look_up_is_interrupted(function: Work) -> None:
    course = Course(function).run()
    assert course.rig.job.state is JobState.CANCELLED
    assert course.mode == "interrupted"
    assert course.rungs == ["cooperative", "interrupted"]


def test_a_job_that_looks_up_is_not_interrupted() -> None:
    def work(ctx: Context) -> None:
        _begin()
        while True:
            ctx.raise_if_cancelled()
            time.sleep(0.001)

    course = Course(work).run()
    assert (course.mode, course.rungs) == ("cooperative", ["cooperative"])


def test_an_interrupted_job_has_time_to_clean_up_and_tell() -> None:
    def work(ctx: Context) -> None:
        ctx.cleanup(ctx.log, "swept")
        _begin()
        try:
            time.sleep(600)
        finally:
            time.sleep(0.05)
            ctx.log("put away")
            ctx.artifact("half.txt", "what there is")

    course = Course(work).run()
    assert course.mode == "interrupted"
    assert [event.message for event in course.rig.events(ev.LogWritten)] == ["put away", "swept"]
    assert course.rig.files.artifacts == {"half.txt": b"what there is"}


def test_an_interrupt_that_is_caught_comes_once() -> None:
    def work(_ctx: Context) -> str:
        _begin()
        with contextlib.suppress(Cancelled):
            time.sleep(600)
        time.sleep(0.3)
        return "nevertheless"

    course = Course(work, grace_seconds=0.2).run()
    assert (course.rig.job.state, course.rig.job.result) == (JobState.SUCCEEDED, "nevertheless")
    assert course.rig.job.cancel is not None


def test_a_shield_holds_the_cancel_back_until_its_end() -> None:
    passed = []

    def work(ctx: Context) -> None:
        with ctx.shield():
            _begin()
            until(lambda: ctx._sink.verdict.found)
            ctx.raise_if_cancelled()
            time.sleep(0.2)
            passed.append("whole")
        passed.append("beyond")

    course = Course(work, grace_seconds=0.2).run()
    assert passed == ["whole"]
    assert (course.mode, course.rungs) == ("cooperative", ["cooperative"])


def test_a_shield_within_a_shield_ends_with_the_outer_one() -> None:
    def work(ctx: Context) -> None:
        with ctx.shield():
            with ctx.shield():
                _begin()
                until(lambda: ctx._sink.verdict.found)
            ctx.log("still here")

    course = Course(work).run()
    assert course.mode == "cooperative"
    assert len(course.rig.events(ev.LogWritten)) == 1


def test_events_are_whole_however_often_a_job_is_interrupted() -> None:
    """Interrupts that come while text is written must not lose any of it, nor count what was not told."""
    for _ in range(5):

        def work(ctx: Context) -> None:
            out = ctx.output("text")
            _begin()
            while True:
                with contextlib.suppress(Cancelled):
                    while True:
                        out.write("abc")

        course = Course(work, grace_seconds=0.1)
        watcher = threading.Thread(target=_give_up_on, args=(course,), daemon=True)
        watcher.start()
        course.run()
        (done,) = course.rig.events(ev.OutputDone)
        assert done.length == len(course.rig.text("text"))


def _give_up_on(course: Course) -> None:
    """The warden's part, without a process to kill: the run is over, and the job hears that at its next breath."""
    until(lambda: len(course.rungs) > 1)
    course.rig.decide(lambda job: [ev.JobCancelled(mode="killed")] if not job.state.terminal else [])


# Async ---------------------------------------------------------------------------------------------------------------


async def _await_for_ever(_ctx: Context) -> None:
    _begin()
    await asyncio.sleep(600)


async def _block_the_loop(_ctx: Context) -> None:
    _begin()
    time.sleep(600)  # noqa: ASYNC251 - what an author should not do


async def _stream(_ctx: Context) -> AsyncIterator[str]:
    yield "begun"
    _begin()
    await asyncio.sleep(600)


@pytest.mark.parametrize(
    ("function", "mode"),
    [(_await_for_ever, "cooperative"), (_stream, "cooperative"), (_block_the_loop, "interrupted")],
)
def test_an_async_job_is_cancelled_where_it_awaits(function: Work, mode: str) -> None:
    course = Course(function).run()
    assert course.rig.job.state is JobState.CANCELLED
    assert course.mode == mode


def test_a_step_whose_task_was_cancelled_failed_for_the_jobs_cancel() -> None:
    async def work(ctx: Context) -> None:
        with ctx.step("load"):
            await _await_for_ever(ctx)

    (failed,) = Course(work).run().rig.events(ev.StepFailed)
    assert (failed.name, failed.error) == ("load", Cancelled().failure())


# A worker that has to go ---------------------------------------------------------------------------------------------


def test_a_job_that_is_released_saves_and_goes_on_under_the_same_attempt() -> None:
    def work(ctx: Context) -> str:
        done = ctx.saved("done", 0)
        try:
            while done < 5:
                done += 1
                if done == 3 and ctx.saved("done") is None:
                    time.sleep(600)
        except Released:
            ctx.save("done", done)
            raise
        return f"{done} in attempt {ctx.attempt}"

    rig = Rig(kind=job("thing")(work))
    soon = graces.leave(now_ms(), 0.5)
    rig.leaving = lambda: soon
    first = rig.run()
    assert first is not None
    assert (first.state, first.released) == (JobState.QUEUED, True)
    rig.leaving = lambda: None
    second = rig.run()
    assert second is not None
    assert second.result == "5 in attempt 1"
    assert rig.events(ev.CancelEscalated) == []


def test_a_job_may_finish_although_it_was_told_to_go() -> None:
    def work(ctx: Context) -> str:
        until(lambda: ctx._sink.verdict.found)
        return "done"

    rig = Rig(kind=job("thing")(work))
    soon = graces.leave(now_ms(), 5)
    rig.leaving = lambda: graces.Leave(told_ms=now_ms(), until_ms=soon.until_ms)
    ended = rig.run()
    assert ended is not None
    assert ended.state is JobState.SUCCEEDED


# Time -----------------------------------------------------------------------------------------------------------------


def test_a_job_that_takes_too_long_is_interrupted_and_fails_as_timeout() -> None:
    def work(_ctx: Context) -> None:
        time.sleep(600)

    rig = Rig(kind=job("thing")(work), timeout_seconds=0.1)
    ended = rig.run()
    assert ended is not None
    assert ended.error is not None
    assert ended.error.code == "timeout"
    assert [event.rung for event in rig.events(ev.CancelEscalated)] == ["cooperative", "interrupted"]


def test_more_time_is_given_to_who_asks_for_it() -> None:
    def work(ctx: Context) -> None:
        before = ctx.deadline
        ctx.extend_timeout(60)
        assert before is not None
        assert ctx.deadline is not None
        assert (ctx.deadline - before).total_seconds() == 60
        time.sleep(0.5)
        ctx.raise_if_cancelled()

    rig = Rig(kind=job("thing")(work), timeout_seconds=0.3)
    ended = rig.run()
    assert ended is not None
    assert ended.state is JobState.SUCCEEDED
    (extended,) = rig.events(ev.JobExtended)
    assert extended.deadline > rig.records[1].time


def test_a_job_without_a_limit_needs_no_more_time() -> None:
    def work(ctx: Context) -> None:
        ctx.extend_timeout(60)
        assert ctx.deadline is None

    rig = Rig(kind=job("thing")(work))
    rig.run()
    assert rig.job.state is JobState.SUCCEEDED
    assert rig.events(ev.JobExtended) == []
