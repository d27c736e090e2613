"""A child's end wakes its parent, a parent's ends its children: at once, whoever wrote it."""

from collections.abc import Callable
from typing import Any

import pytest

from jobs import decisions, keys
from jobs import events as ev
from jobs.errors import LogUnavailable
from jobs.head import Head
from jobs.index import Index
from jobs.model import JobState
from jobs.writer import Writer
from tests.jobs.conftest import Yard
from tests.jobs.kin import TYPES, claimed, family, parent_and_child, submitted, succeed, suspend, types


def test_a_parent_that_waits_holds_neither_a_lease_nor_a_place(yard: Yard) -> None:
    parent, child = parent_and_child(yard)
    yard.life.settle(suspend(yard, parent.id, child))

    assert yard.client.zscore(keys.LEASES, parent.id) is None
    assert yard.client.zscore(keys.places("type:t"), parent.id) is None
    assert yard.client.zscore(keys.SCHEDULED, parent.id) == yard.clock.now + decisions.LOOK_MS
    assert claimed(yard).id == child


#: Everything that ends a child, each written where it is.
ENDS: dict[str, Callable[[Yard, str], object]] = {
    "its worker": lambda yard, _child: yard.life.settle(succeed(yard, claimed(yard).id)),
    "its failure": lambda yard, _child: yard.life.decide(
        claimed(yard).id, lambda job: decisions.fail(job, ev.Failure(code="error", message="no"))
    ),
    "a cancel": lambda yard, child: yard.life.cancel(child),
    "the loss of its last worker": lambda yard, child: [
        (claimed(yard), yard.life.lose(child)) for _ in range(3) if not yard.life.head(child).state.terminal
    ],
}


@pytest.mark.parametrize("end", ENDS)
def test_whatever_ends_a_child_queues_its_parent_and_rings_for_it(yard: Yard, end: str) -> None:
    parent, child = family(yard)
    yard.bell.rings.clear()
    ENDS[end](yard, child)

    assert yard.life.head(child).state.terminal
    assert types(yard, parent)[-2:] == ["job.scheduled", "job.queued"]
    assert yard.bell.rings[-1] == "default"
    again = claimed(yard)
    assert (again.id, again.attempt) == (parent, 1)


def test_a_child_that_has_ended_before_its_parent_waits_wakes_it_all_the_same(yard: Yard) -> None:
    parent, child = parent_and_child(yard)
    yard.life.settle(succeed(yard, claimed(yard).id))
    assert yard.life.head(parent.id).state is JobState.RUNNING

    yard.life.settle(suspend(yard, parent.id, child))
    assert yard.life.head(parent.id).state is JobState.QUEUED


def test_of_an_end_and_a_wait_that_are_both_stored_before_either_is_filed_one_sees_the_other(yard: Yard) -> None:
    parent, child = parent_and_child(yard)
    ended = succeed(yard, claimed(yard).id)
    waits = suspend(yard, parent.id, child)
    yard.life.settle(ended)
    yard.life.settle(waits)

    assert types(yard, parent.id)[-2:] == ["job.scheduled", "job.queued"]


def test_the_end_of_a_child_that_nobody_waits_for_changes_nothing(yard: Yard) -> None:
    parent, _child = parent_and_child(yard)
    yard.life.settle(succeed(yard, claimed(yard).id))

    assert types(yard, parent.id)[-1] == "step.started"


def test_a_cancelled_parent_that_waits_ends_at_once_and_its_child_is_told(yard: Yard) -> None:
    parent, child = family(yard)
    claimed(yard)
    yard.life.cancel(parent, reason="enough")

    assert yard.life.head(parent).state is JobState.CANCELLED
    job = yard.life.load(child)
    assert job.state is JobState.CANCELLING
    assert job.cancel is not None
    assert (job.cancel.by, job.cancel.reason) == ("parent", "Its parent job has ended.")


def test_a_cancel_goes_down_to_the_children_of_children(yard: Yard) -> None:
    parent, child = family(yard)
    claimed(yard)
    grandchild = submitted(yard, parent=child, parent_step="part", depth=2)
    Writer(yard.log, child, yard.clock).write([ev.StepStarted(name="part", child=grandchild)])
    yard.life.settle(suspend(yard, child, grandchild))
    yard.life.cancel(parent)

    assert [yard.life.head(each).state for each in (parent, child, grandchild)] == [JobState.CANCELLED] * 3


def test_a_parent_that_fails_takes_its_child_along(yard: Yard) -> None:
    parent, child = parent_and_child(yard)
    yard.life.decide(parent.id, lambda job: decisions.fail(job, ev.Failure(code="error", message="no")))

    assert types(yard, child) == ["job.queued", "job.cancelled"]


def test_children_that_have_ended_are_let_be(yard: Yard) -> None:
    parent, child = family(yard)
    yard.life.settle(succeed(yard, claimed(yard).id))
    yard.life.settle(succeed(yard, claimed(yard).id))

    assert types(yard, child) == ["job.queued", "job.started", "job.succeeded"]
    assert types(yard, parent)[-1] == "job.succeeded"


def test_a_parent_that_cannot_be_reached_is_no_fault_of_its_childs(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    parent, _child = family(yard)
    job = claimed(yard)
    ended = succeed(yard, job.id)
    filing = Index.filing

    def away(self: Index, head: Head) -> Any:
        if head.id == parent:
            raise LogUnavailable(why="test")
        return filing(self, head)

    monkeypatch.setattr(Index, "filing", away)
    assert yard.life.settle(ended).state is JobState.SUCCEEDED
    assert yard.life.claim("default", TYPES, "w") is None
