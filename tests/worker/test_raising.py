"""A job in one of several threads is interrupted where its Python code stands."""

import contextlib
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from jobs import events as ev
from jobs.model import JobState
from tests.worker.rig import Rig
from worker.context import Context
from worker.interrupt import whole
from worker.job import job
from worker.outcomes import Cancelled, TimedOut
from worker.raising import BySetting

Work = Callable[[Context], Any]


class Course:
    """A job in a thread of its own, cancelled once it says that it has begun."""

    def __init__(self, work: Callable[[Context, threading.Event], Any], **given: Any) -> None:
        self.begun = threading.Event()
        self.rig = Rig(kind=job("thing")(lambda ctx: work(ctx, self.begun)), interrupter=BySetting, **given)

    def run(self, *, grace_seconds: float = 0.2) -> "Course":
        thread = threading.Thread(target=self.rig.run)
        thread.start()
        assert self.begun.wait(10)
        if self.rig.timeout_seconds is None:
            self.rig.cancel(grace_seconds=grace_seconds)
        thread.join(20)
        assert not thread.is_alive()
        return self

    @property
    def rungs(self) -> list[str]:
        return [event.rung for event in self.rig.events(ev.CancelEscalated)]

    @property
    def mode(self) -> str | None:
        return self.rig.job.cancel.mode if self.rig.job.cancel else None


def _spin() -> None:
    while True:
        with contextlib.suppress(Exception):
            while True:
                pass


def test_code_that_does_not_look_up_is_interrupted() -> None:
    def work(_ctx: Context, begun: threading.Event) -> None:
        begun.set()
        _spin()

    course = Course(work).run()
    assert (course.rig.job.state, course.mode) == (JobState.CANCELLED, "interrupted")
    assert course.rungs == ["cooperative", "interrupted"]


def test_a_timeout_is_raised_as_one() -> None:
    caught: list[BaseException] = []

    def work(_ctx: Context, begun: threading.Event) -> None:
        begun.set()
        try:
            _spin()
        except TimedOut as error:
            caught.append(error)
            raise

    course = Course(work, timeout_seconds=0.1).run()
    assert course.rig.job.error is not None
    assert course.rig.job.error.code == "timeout"
    assert [type(error).__name__ for error in caught] == ["TimedOut"]


def test_a_sleep_goes_on_to_its_end_and_the_code_behind_it_does_not() -> None:
    passed: list[str] = []

    def work(_ctx: Context, begun: threading.Event) -> None:
        begun.set()
        time.sleep(0.5)
        passed.append("behind it")

    assert Course(work).run().mode == "interrupted"
    assert passed == []


def test_it_is_raised_once() -> None:
    caught: list[BaseException] = []

    def work(_ctx: Context, begun: threading.Event) -> str:
        begun.set()
        try:
            _spin()
        except Cancelled as error:
            caught.append(error)
        end = time.monotonic() + 0.2
        while time.monotonic() < end:
            pass
        return "in spite of all"

    course = Course(work).run()
    assert course.rig.job.state is JobState.SUCCEEDED
    assert len(caught) == 1


def test_it_waits_for_a_shield_and_for_what_is_whole() -> None:
    done: list[str] = []

    @whole
    def together() -> None:
        for _ in range(20):
            time.sleep(0.01)
        done.append("together")

    def work(ctx: Context, begun: threading.Event) -> None:
        begun.set()
        with ctx.shield():
            end = time.monotonic() + 0.3
            while time.monotonic() < end:
                pass
            done.append("shielded")

    def other(_ctx: Context, begun: threading.Event) -> None:
        begun.set()
        together()
        _spin()

    assert Course(work).run().mode == "cooperative"
    assert Course(other).run().mode == "interrupted"
    assert done == ["shielded", "together"]


@pytest.mark.parametrize("grace_seconds", [0.0, 0.002, 0.02])
def test_a_job_that_ends_just_then_leaves_its_thread_unharmed(grace_seconds: float) -> None:
    """The thread runs another job next: nothing may be left hanging over it."""
    harmed: list[BaseException] = []

    def run(course: Course) -> None:
        try:
            course.rig.run()
            for _ in range(1000):
                pass
        except BaseException as error:  # noqa: BLE001 - what is looked for
            harmed.append(error)

    def work(ctx: Context, begun: threading.Event) -> None:
        begun.set()
        end = time.monotonic() + grace_seconds / 2
        while time.monotonic() < end:
            ctx.metric("m", 1)

    for _ in range(20):
        course = Course(work)
        thread = threading.Thread(target=run, args=(course,))
        thread.start()
        course.begun.wait(10)
        course.rig.cancel(grace_seconds=grace_seconds)
        thread.join(20)
        assert course.rig.job.state.terminal
        told = course.rig.records
        assert [record.seq for record in told] == list(range(1, len(told) + 1))
    assert harmed == []
