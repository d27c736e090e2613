"""Parents and children in a yard: made, claimed and suspended as workers do it."""

from functools import partial
from typing import Any

from jobs import decisions
from jobs import events as ev
from jobs.catalogue import TypeEntry
from jobs.files import new_id
from jobs.model import Job
from jobs.writer import Writer
from tests.jobs.conftest import Yard

TYPES = {"t": TypeEntry(name="t", title="T", params_schema={})}


def submitted(yard: Yard, **more: Any) -> str:
    job_id = new_id()
    yard.clock.now += 1
    yard.life.submit(job_id, ev.Request(**({"type": "t", "params": {}} | more)))
    return job_id


def claimed(yard: Yard) -> Job:
    job = yard.life.claim("default", TYPES, "w")
    assert job is not None
    return job


def parent_and_child(yard: Yard) -> tuple[Job, str]:
    """A parent that runs and has just made its child."""
    submitted(yard)
    parent, child = claimed(yard), new_id()
    Writer(yard.log, parent.id, yard.clock).write([ev.StepStarted(name="part", child=child)])
    yard.life.submit(child, ev.Request(type="t", params={}, parent=parent.id, parent_step="part", depth=1))
    return parent, child


def suspend(yard: Yard, parent: str, child: str) -> Job:
    """The end of the parent's run as its publisher writes it, not yet filed."""
    wish = partial(decisions.wait, child=child, now_ms=yard.clock.now)
    return Writer(yard.log, parent, yard.clock).decide(wish)


def family(yard: Yard) -> tuple[str, str]:
    """A parent that waits for its child."""
    parent, child = parent_and_child(yard)
    yard.life.settle(suspend(yard, parent.id, child))
    return parent.id, child


def succeed(yard: Yard, job_id: str) -> Job:
    """The end of a job that runs, not yet filed."""
    return Writer(yard.log, job_id, yard.clock).write([ev.JobSucceeded(result=1)])


def types(yard: Yard, job_id: str) -> list[str]:
    return [entry.type for entry in yard.log.read(job_id, 0).entries]
