"""A child's progress is told in its parent's log: seldom, only while that waits, and never at the child's cost."""

from functools import partial

from jobs import decisions
from jobs import events as ev
from jobs.errors import LogUnavailable
from jobs.memory_log import MemoryLog
from jobs.model import Job
from jobs.writer import Writer, load
from tests.histories import BEGIN
from worker.upward import EVERY_SECONDS, Upward

PARENT, CHILD = "01j9zc3k2v8r5n7m4q6w0x1y2e", "01j9zc3k2v8r5n7m4q6w0x1y2f"
STARTED = ev.JobStarted(worker="w", attempt=1)


class World:
    """A parent that has begun a child, and the child; *now* is the clock of what is told upward."""

    def __init__(self) -> None:
        self.log, self.now = MemoryLog(), 0.0
        self.upward = Upward(self.log, lambda: BEGIN, PARENT, monotonic=lambda: self.now)
        for job_id in (PARENT, CHILD):
            self.writer(job_id).create([ev.JobQueued(request=ev.Request(type="t", params={})), STARTED])
        self.writer(PARENT).write([ev.StepStarted(name="part", child=CHILD)])

    def writer(self, job_id: str) -> Writer:
        return Writer(self.log, job_id, lambda: BEGIN)

    def wait(self) -> None:
        self.writer(PARENT).decide(partial(decisions.wait, child=CHILD, now_ms=BEGIN, share=(0.0, 0.5)))

    def child(self, *events: ev.AnyEvent) -> None:
        """The child tells *events*, and what follows from them is told upward."""
        self.upward(self.writer(CHILD).write(events))

    @property
    def parent(self) -> Job:
        return load(self.log, PARENT)


def test_a_parent_that_waits_is_told_how_far_its_child_is_and_what_it_does() -> None:
    world = World()
    world.wait()
    world.child(ev.StepStarted(name="read", title="Reading"), ev.JobProgressed(fraction=0.5))
    step = world.parent.steps["part"]
    assert (step.fraction, step.message, world.parent.progress.fraction) == (0.5, "Reading", 0.25)

    world.now += EVERY_SECONDS
    world.child(ev.JobProgressed(fraction=0.5, message="Half of it"))
    assert world.parent.steps["part"].message == "Half of it"


def test_it_is_told_at_most_so_often_and_the_last_word_comes_later() -> None:
    world = World()
    world.wait()
    for n in range(1, 10):
        world.child(ev.JobProgressed(fraction=n / 10))
    assert world.parent.steps["part"].fraction == 0.1
    world.now += EVERY_SECONDS
    world.upward(load(world.log, CHILD))
    assert world.parent.steps["part"].fraction == 0.9


def test_what_is_no_news_is_not_told() -> None:
    world = World()
    world.wait()
    world.child(ev.JobProgressed(fraction=0.5))
    seq = world.parent.seq
    for n in range(3):
        world.now += EVERY_SECONDS
        world.child(ev.LogWritten(level="info", message=str(n)))
    assert world.parent.seq == seq


def test_nothing_is_written_while_nobody_waits() -> None:
    world = World()
    world.child(ev.JobProgressed(fraction=0.5))
    assert world.parent.seq == 3

    world.wait()
    world.now += EVERY_SECONDS
    world.upward(load(world.log, CHILD))
    assert world.parent.steps["part"].fraction == 0.5


def test_a_parent_that_is_gone_or_out_of_reach_is_no_trouble() -> None:
    world = World()
    world.wait()
    child = world.writer(CHILD).write([ev.JobProgressed(fraction=0.5)])
    seq = world.parent.seq

    def away(*_: object) -> list[bytes | None]:
        raise LogUnavailable(why="test")

    for broken in (away, lambda *_: [None]):
        world.now += EVERY_SECONDS
        world.log.heads = broken  # type: ignore[method-assign]
        world.upward(child)
    assert world.parent.seq == seq
