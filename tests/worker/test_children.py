"""A real worker with one place: parents and their children share it, and come through the loss of either."""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from jobs.model import JobState
from tests.service import wait_for
from tests.worker.floor import OWN, Floor, floor, lines
from worker.children import MAX_DEPTH

pytestmark = pytest.mark.acceptance


@pytest.fixture(scope="module")
def one_place() -> Iterator[Floor]:
    with floor() as made:
        made.worker(TAILRACE_JOBS="jobs_of_a_family", PYTHONPATH=str(OWN))
        yield made


def child_of(made: Floor, parent: str) -> str:
    """The child that a parent waits for."""
    return made.wait(parent, lambda head: head.waits_for is not None, what="waiting").waits_for or ""


def told(made: Floor, job_id: str, kind: str) -> list[dict[str, Any]]:
    return [msgspec.json.decode(record.data) for record in made.records(job_id) if record.type == kind]


def test_a_parent_and_its_children_take_turns_in_the_one_place(one_place: Floor) -> None:
    parent = one_place.submit("whole", seconds=1.2)
    child = child_of(one_place, parent)
    one_place.running(child)
    wait_for(lambda: told(one_place, parent, "step.progress"), what="the child's progress in the parent's log")
    ended = one_place.ended(parent)

    assert (ended.state, ended.attempt) == (JobState.SUCCEEDED, 1)
    assert [(made, artifacts) for _, made, artifacts in ended.result] == [(i, ["part.txt"]) for i, _, _ in ended.result]
    first, second = (one_place.job(child_id) for child_id, _, _ in ended.result)
    assert first.id == child
    assert (first.request.parent, first.request.parent_step, first.request.labels) == (parent, "part 0", {"part": "0"})
    assert (first.finished_at or "") <= (second.started_at or "")
    assert {word["message"] for word in told(one_place, parent, "step.progress")} == {"Working"}
    fractions = [word["fraction"] for word in told(one_place, parent, "job.progress")]
    assert fractions == sorted(fractions)
    assert any(0 < fraction < 0.5 for fraction in fractions)
    assert one_place.types(parent).count("job.scheduled") == 2


def test_a_child_that_fails_or_is_cancelled_is_its_parents_to_mind(one_place: Floor) -> None:
    assert one_place.ended(one_place.submit("forgiving", fails=True)).result[1:] == ["failed", "no_good"]
    parent = one_place.submit("forgiving", seconds=60)
    child = child_of(one_place, parent)
    one_place.running(child)
    one_place.cancel(child)
    assert one_place.ended(parent).result == [child, "cancelled", "cancelled"]

    ended = one_place.ended(one_place.submit("whole", fails=True))
    assert ended.error is not None
    assert (ended.state, ended.error.code) == (JobState.FAILED, "child_failed")


def test_a_cancelled_parent_takes_its_child_along(one_place: Floor) -> None:
    parent = one_place.submit("whole", seconds=60)
    child = child_of(one_place, parent)
    one_place.running(child)
    one_place.cancel(parent)
    assert one_place.head(parent).state is JobState.CANCELLED
    assert one_place.ended(child).state is JobState.CANCELLED
    assert one_place.types(parent)[-2:] == ["job.scheduled", "job.cancelled"]


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"child": "unheard"}, "type_not_found"),
        ({"child": "part", "params": {"seconds": "long", "more": 1}}, "invalid_params"),
        ({"child": "part", "params": {"file": "01j9zc3k2v8r5n7m4q6w0x1y2e"}}, "invalid_params"),
        ({"child": "part", "labels": {"a b": "c"}}, "invalid_params"),
        ({"child": "part", "marks": 70_000}, "too_large"),
    ],
)
def test_a_child_that_cannot_be_is_refused_before_there_is_one(one_place: Floor, asked: Any, code: str) -> None:
    parent = one_place.submit("asking", **asked)
    assert one_place.ended(parent).result == [None, "refused", code]
    newest = one_place.parts.lifecycle.heads(one_place.parts.index.newest(None, 50))
    assert parent not in {head.parent for head in newest}


def test_children_of_children_end_somewhere(one_place: Floor) -> None:
    assert one_place.ended(one_place.submit("endless")).result == MAX_DEPTH


def test_a_parent_that_dies_before_and_behind_its_child_has_one_child(one_place: Floor, tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    ended = one_place.ended(one_place.submit("fragile", marks=str(marks)))
    assert (ended.state, ended.attempt) == (JobState.SUCCEEDED, 3)
    assert lines(marks) == [f"{ended.result} 1"]


def test_a_child_that_dies_goes_on_in_its_next_attempt_and_its_parent_waits(one_place: Floor) -> None:
    parent = one_place.submit("whole", parts=1, seconds=0.3)
    child = child_of(one_place, parent)
    one_place.child(one_place.running(child)).send_signal(signal.SIGKILL)
    ended = one_place.ended(parent)
    assert (ended.attempt, ended.result[0][0]) == (1, child)
    assert one_place.job(child).attempt == 2
