"""A child is begun once, waited for without a worker, and its end is given back by name."""

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel

from tailrace import ChildFailed, Context, JobFailed, Retry, job
from tailrace_testing import After, Event, Told, rehearse
from worker.alone import run_alone
from worker.job_type import JobType

CHILDREN: dict[str, Any] = {
    "double": lambda params: 2 * params["n"],
    "broken": JobFailed("no_rows", "The file has no rows."),
}


class Params(BaseModel):
    n: int


def made(function: Callable[[Context], Any], **more: Any) -> JobType:
    return job("thing", **more)(function)


def types(told: Told) -> list[str]:
    return [event.type for event in told.events]


def begun(told: Told) -> dict[str, set[str]]:
    """The ids of the children of each name."""
    found: dict[str, set[str]] = {}
    for event in told.of("step.started"):
        if "child" in event.data:
            found.setdefault(event.data["name"], set()).add(event.data["child"])
    return found


def two(ctx: Context) -> list[int]:
    with ctx.step("both"):
        first = ctx.child("double", {"n": 1}, name="first").result
        ctx.log(f"the first is {first}")
        second = ctx.child("double", Params(n=first), name="second", title="Once more").result
    return [first, second]


# A child that succeeds -------------------------------------------------------------------------------------------


def test_what_a_child_returns_is_its_parents_to_use() -> None:
    told = rehearse(made(two), children=CHILDREN)
    assert (told.state, told.result, told.attempt) == ("succeeded", [2, 4], 1)
    assert told.steps["second"]["title"] == "Once more"
    assert told.steps["second"]["parent"] == "both"
    assert [told.steps[name]["state"] for name in ("both", "first", "second")] == ["succeeded", "reused", "succeeded"]


def test_while_it_waits_no_run_holds_the_job_and_no_attempt_is_used_up() -> None:
    told = rehearse(made(two), children=CHILDREN, max_attempts=1, timeout_seconds=1)
    moves = [name for name in types(told) if name.startswith("job.")]
    assert moves[2:5] == ["job.scheduled", "job.queued", "job.started"]
    assert moves.count("job.started") == 3
    assert {event.data["child"] for event in told.of("job.scheduled")} == {
        *begun(told)["first"],
        *begun(told)["second"],
    }


def test_what_is_open_while_the_job_waits_is_not_told_as_failed() -> None:
    assert rehearse(made(two), children=CHILDREN).of("step.failed") == []


def test_the_same_call_tells_the_same() -> None:
    assert rehearse(made(two), children=CHILDREN) == rehearse(made(two), children=CHILDREN)


def test_a_child_that_was_rehearsed_itself_gives_its_artifacts_too() -> None:
    def child(ctx: Context) -> int:
        ctx.artifact("a.txt", "hello")
        return 7

    def parent(ctx: Context) -> Any:
        given = ctx.child("child")
        return [given.state, given.result, given.artifacts[0].name]

    assert rehearse(made(parent), children={"child": rehearse(made(child))}).result == ["succeeded", 7, "a.txt"]


# Crashes, drains, cancels ----------------------------------------------------------------------------------------


def moments() -> list[int]:
    """Every event of the job that a run of it tells."""
    told = rehearse(made(two), children=CHILDREN)
    return [event.seq for event in told.events if not event.type.startswith("job.")]


@pytest.mark.parametrize("wish", ["crash_at", "release_at"])
def test_whenever_its_worker_dies_or_goes_there_is_one_child_of_each_name(wish: str) -> None:
    assert len(moments()) > 10
    for moment in moments():
        told = rehearse(made(two), children=CHILDREN, **{wish: moment})
        assert (told.state, told.result) == ("succeeded", [2, 4]), f"{wish}={moment}\n{told}"
        assert {name: len(ids) for name, ids in begun(told).items()} == {"first": 1, "second": 1}, f"{wish}={moment}"


def test_whenever_it_is_cancelled_it_ends_and_so_does_its_child() -> None:
    found = [rehearse(made(two), children=CHILDREN, cancel_at=moment).state for moment in moments()]
    #: There is no cancel point behind the last child.
    assert set(found[:-2]) == {"cancelled"}
    assert set(found[-2:]) <= {"cancelled", "succeeded"}


def test_a_parent_that_waits_ends_at_once() -> None:
    told = rehearse(made(two), children=CHILDREN, cancel_at=After("job.scheduled", 2))
    assert types(told)[-2:] == ["job.scheduled", "job.cancelled"]
    assert told.job["cancel"]["mode"] == "queued"


# A child that does not -------------------------------------------------------------------------------------------


def failing(ctx: Context) -> Any:
    return ctx.child("broken", {"n": 1}).result


def test_a_child_that_fails_fails_a_parent_that_does_not_mind_it() -> None:
    told = rehearse(made(failing), children=CHILDREN)
    assert told.error is not None
    assert (told.state, told.error.code) == ("failed", "child_failed")
    (child,) = begun(told)["broken"]
    assert told.error.message == f"The child job broken ({child}) failed: The file has no rows."
    assert told.error.detail == {"job": child, "state": "failed", "code": "no_rows"}
    assert told.steps["broken"]["error"]["code"] == "child_failed"


def test_a_parent_can_go_on_without_its_child_and_hears_of_the_failure_in_each_run() -> None:
    def parent(ctx: Context) -> Any:
        try:
            ctx.child("broken")
        except ChildFailed as error:
            failed = [error.state, error.error.code]
        return [*failed, ctx.child("double", {"n": 4}).result]

    for more in ({}, {"release_at": After("step.started", 4)}):
        told = rehearse(made(parent), children=CHILDREN, **more)
        assert told.result == ["failed", "no_rows", 8]
        assert len(begun(told)["broken"]) == 1


def test_another_attempt_keeps_the_children_that_succeeded_and_begins_the_failed_ones_anew() -> None:
    ends = iter([JobFailed("busy", "Not now."), 5])

    def parent(ctx: Context) -> Any:
        return ctx.child("double", {"n": 1}).result + ctx.child("moody").result

    children = {**CHILDREN, "moody": lambda _params: next(ends)}
    told = rehearse(made(parent, retry_on=ChildFailed), children=children)
    assert (told.state, told.result, told.attempt) == ("succeeded", 7, 2)
    assert {name: len(ids) for name, ids in begun(told).items()} == {"double": 1, "moody": 2}


def test_what_cannot_be_begun_is_refused_before_anything_is_told() -> None:
    def parent(ctx: Context) -> Any:
        try:
            ctx.child("unheard_of")
        except ChildFailed as error:
            return [error.job_id, error.state, error.error.code]

    told = rehearse(made(parent), children=CHILDREN)
    assert told.result == [None, "refused", "type_not_found"]
    assert begun(told) == {}


@pytest.mark.parametrize("params", [{"n": object()}, {"n": {1j}}])
def test_params_that_are_no_json_are_the_authors_to_mend(params: dict[str, Any]) -> None:
    told = rehearse(made(lambda ctx: ctx.child("double", params)), children=CHILDREN)
    assert isinstance(told.exception, TypeError)


def test_a_name_is_good_for_one_child() -> None:
    def parent(ctx: Context) -> None:
        for _ in range(2):
            ctx.child("double", {"n": 1})

    assert isinstance(rehearse(made(parent), children=CHILDREN).exception, ValueError)


def test_a_run_without_a_service_has_no_children() -> None:
    ended = run_alone(made(failing))
    assert ended is not None
    assert ended.error is not None
    assert ended.error.code == "no_children"


# Retry, durable steps, progress ----------------------------------------------------------------------------------


def test_a_child_inside_a_durable_step_is_waited_for_as_well() -> None:
    def parent(ctx: Context) -> Any:
        return ctx.durable("all", lambda: [ctx.child("double", {"n": n}, name=f"child {n}").result for n in range(3)])

    told = rehearse(made(parent), children=CHILDREN)
    assert told.result == [0, 2, 4]
    assert told.of("step.reused", name="all") == []


def test_a_parent_that_asks_for_another_attempt_finds_its_child_again() -> None:
    def parent(ctx: Context) -> int:
        found: int = ctx.child("double", {"n": 1}).result
        if ctx.attempt == 1:
            raise Retry(0)
        return found

    told = rehearse(made(parent), children=CHILDREN)
    assert told.result == 2
    (reused,) = told.of("step.reused", name="double")
    assert reused.data["from_attempt"] == 1
    assert reused.data["seconds"] == told.of("step.succeeded", name="double")[0].data["seconds"]


def shares(told: Told) -> list[list[float] | None]:
    return [event.data.get("share") for event in told.of("job.scheduled")]


def fractions(events: list[Event]) -> list[float]:
    return [event.data["fraction"] for event in events]


def test_a_child_is_the_share_of_the_whole_that_its_declared_step_has() -> None:
    def parent(ctx: Context) -> None:
        with ctx.step("read"):
            pass
        ctx.child("double", {"n": 1}, name="count")

    told = rehearse(made(parent, steps={"read": 1, "count": 3}), children=CHILDREN)
    assert shares(told) == [[0.25, 1.0]]
    assert fractions(told.of("job.progress")) == sorted(fractions(told.of("job.progress")))


def test_without_declared_steps_a_childs_weight_is_what_it_adds_to_the_whole() -> None:
    def parent(ctx: Context) -> None:
        ctx.progress(0.2)
        ctx.child("double", {"n": 1}, name="first", weight=0.3)
        ctx.child("double", {"n": 1}, name="second", weight=0.6)
        ctx.child("double", {"n": 1}, name="last")

    told = rehearse(made(parent), children=CHILDREN)
    assert shares(told) == [[0.2, 0.5], [0.5, 1.0], None]
    assert fractions(told.of("job.progress")) == sorted(set(fractions(told.of("job.progress"))))
