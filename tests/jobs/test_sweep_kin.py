"""What a crash left between a parent and its child is put right by the sweep."""

from jobs import decisions, keys
from jobs.model import JobState
from tests.jobs.conftest import Yard
from tests.jobs.kin import claimed, family, parent_and_child, succeed, suspend, types


def test_a_parent_whose_child_ended_without_a_word_goes_on_when_it_is_looked_after(yard: Yard) -> None:
    parent, _child = family(yard)
    yard.life.file(yard.life.head(succeed(yard, claimed(yard).id).id))
    yard.sweep.run()
    assert yard.life.head(parent).state is JobState.SCHEDULED

    yard.clock.now += decisions.LOOK_MS
    yard.sweep.run()
    assert types(yard, parent)[-1] == "job.queued"
    assert claimed(yard).attempt == 1


def test_a_parent_whose_child_is_gone_goes_on_too(yard: Yard) -> None:
    parent, child = family(yard)
    yard.life.delete([child])
    yard.clock.now += decisions.LOOK_MS
    yard.sweep.run()

    assert yard.life.head(parent).state is JobState.QUEUED


def test_a_parent_whose_child_lives_is_looked_after_again_and_nothing_is_told(yard: Yard) -> None:
    parent, _child = family(yard)
    before = types(yard, parent)
    for _ in range(3):
        yard.clock.now += decisions.LOOK_MS
        yard.sweep.run()

    assert types(yard, parent) == before
    assert yard.client.zscore(keys.SCHEDULED, parent) is not None


def test_a_parent_whose_run_died_before_it_was_filed_is_found_by_its_head(yard: Yard) -> None:
    parent, child = parent_and_child(yard)
    suspend(yard, parent.id, child)
    yard.sweep.run()

    assert yard.client.zscore(keys.LEASES, parent.id) is None
    assert yard.client.zscore(keys.SCHEDULED, parent.id) is not None


def test_a_child_whose_parent_has_ended_is_cancelled(yard: Yard) -> None:
    parent, child = parent_and_child(yard)
    yard.life.file(yard.life.head(succeed(yard, parent.id).id))
    yard.sweep.run()

    job = yard.life.load(child)
    assert job.state is JobState.CANCELLED
    assert job.cancel is not None
    assert job.cancel.reason == "Its parent job has ended."


def test_a_child_whose_parent_is_gone_is_cancelled(yard: Yard) -> None:
    parent, child = family(yard)
    yard.life.delete([parent])
    yard.sweep.run()

    assert yard.life.head(child).state is JobState.CANCELLED


def test_a_child_whose_parent_lives_is_let_be(yard: Yard) -> None:
    parent, child = parent_and_child(yard)
    yard.sweep.run()
    yard.life.settle(suspend(yard, parent.id, child))
    yard.sweep.run()

    assert yard.life.head(child).state is JobState.QUEUED
