"""A job in memory lives as it does in the service, and each time alike."""

import asyncio
import tempfile
import threading
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from jobs.events import TERMINAL
from tailrace import Backoff, Cancelled, Context, FileId, JobFailed, Released, Retry, job
from tailrace_testing import After, NeverCame, Told, rehearse
from tests.worker.rig import Rig
from worker.job_type import JobType

WISHES = ("cancel_at", "release_at", "crash_at")


class Rows(BaseModel):
    n: int = 3


@job("rows", params=Rows, steps={"load": 1, "count": 9}, retry_on=ConnectionError, timeout_seconds=60)
def rows(ctx: Context, params: Rows) -> int:
    loaded = ctx.durable("load", list, range(params.n))
    with ctx.step("count") as step:
        for row in step.track(loaded, unit="rows"):
            ctx.item(f"row {row}", "succeeded")
            ctx.output("text").write(f"{row} ")
        ctx.artifact("rows.txt", str(loaded))
    return len(loaded)


def types(told: Told) -> list[str]:
    return [event.type for event in told.events]


# What is told ----------------------------------------------------------------------------------------------------


@job("heedful")
def heedful(ctx: Context) -> int:
    if ctx.load < 2:
        ctx.log("every detail")
    return ctx.load


def test_a_job_can_be_told_how_far_the_service_has_cut_down() -> None:
    assert [(told.result, len(told.logs)) for told in (rehearse(heedful), rehearse(heedful, load=3))] == [
        (0, 1),
        (3, 0),
    ]


def test_what_a_job_told_is_there_to_be_looked_at() -> None:
    told = rehearse(rows, {"n": 2})
    assert (told.state, told.result, told.error, told.attempt) == ("succeeded", 2, None, 1)
    assert told.text() == "0 1 "
    assert told.artifacts == {"rows.txt": b"[0, 1]"}
    assert {key: item["state"] for key, item in told.items.items()} == {"row 0": "succeeded", "row 1": "succeeded"}
    assert told.steps["count"]["done"] == 2
    assert [event.data["name"] for event in told.of("step.succeeded")] == ["load", "count"]
    assert told.job["params"] == {"n": 2}
    assert [event.seq for event in told.events] == list(range(1, len(told.events) + 1))


def test_without_params_a_job_takes_its_example_and_a_model_will_do_for_them() -> None:
    kind = job("thing", params=Rows, example={"n": 7})(lambda _ctx, params: params.n)
    assert rehearse(kind).result == 7
    assert rehearse(kind, Rows(n=8)).result == 8


@pytest.mark.parametrize("more", [{}, {"cancel_at": 9}, {"crash_at": 9}, {"release_at": 9}, {"crash_at": ["load"] * 3}])
def test_the_same_call_tells_the_same(more: dict[str, Any]) -> None:
    assert rehearse(rows, **more) == rehearse(rows, **more)


def test_errors_and_back_off_are_the_same_each_time_too() -> None:
    def fail(_ctx: Context) -> None:
        raise ConnectionError("gone")

    kind = job("thing", retry_on=ConnectionError, backoff=Backoff(first_seconds=10))(fail)
    told = rehearse(kind)
    assert told == rehearse(kind)
    assert [event.data["delay_seconds"] for event in told.of("job.retrying")] == [10, 20]
    assert told.error is not None
    assert told.error.message == "ConnectionError (ref 000003)"


def test_a_failed_job_can_raise_what_its_function_raised() -> None:
    def fail(ctx: Context) -> None:
        with ctx.step("a"), suppress(ValueError):
            raise ValueError
        raise KeyError("no such row")

    kind = job("thing")(fail)
    told = rehearse(kind)
    assert isinstance(told.exception, KeyError)
    with pytest.raises(KeyError, match="no such row") as caught:
        rehearse(kind, reraise=True)
    assert caught.traceback[-1].name == "fail"


@pytest.mark.parametrize("error", [KeyboardInterrupt(), pytest.fail.Exception("no")])
def test_what_ends_the_test_is_not_taken_for_the_jobs_own(error: BaseException) -> None:
    def work(_ctx: Context) -> None:
        raise error

    with pytest.raises(type(error)):
        rehearse(job("thing")(work))


def test_a_job_that_succeeds_in_the_end_raises_nothing() -> None:
    def work(ctx: Context) -> int:
        if ctx.attempt == 1:
            raise Retry(60)
        return ctx.attempt

    assert rehearse(job("thing")(work), reraise=True).result == 2


def test_params_that_do_not_fit_fail_it_as_they_do_in_the_service() -> None:
    told = rehearse(rows, {"n": "many"})
    assert told.error is not None
    assert told.error.code == "invalid"
    assert [fault["pointer"] for fault in (told.error.detail or {})["errors"]] == ["/n"]


def unmerged(names: list[str]) -> list[str]:
    """Without what the service may merge."""
    return [name for name in names if name not in {"job.progress", "step.progress"}]


def _fail(ctx: Context) -> None:
    with ctx.step("a"):
        ctx.output("text").write("half")
        raise JobFailed("no_rows", "There are none.")


def _cancelled_by_nobody(_ctx: Context) -> None:
    raise Cancelled


@pytest.mark.parametrize(
    "kind",
    [
        job("thing")(lambda ctx: [ctx.log("x"), ctx.durable("a", list), ctx.save("b", 1), ctx.artifact("c", "d")][1]),
        job("thing")(_fail),
        job("thing")(_cancelled_by_nobody),
        job("thing")(lambda _ctx: object()),
        job("thing", retry_on=ZeroDivisionError, backoff=Backoff(first_seconds=0))(lambda _ctx: 1 // 0),
    ],
)
def test_the_events_are_those_that_the_worker_writes(kind: JobType) -> None:
    rig = Rig(kind)
    while not rig.job.state.terminal:
        rig.run()
    told = rehearse(kind)
    assert unmerged(types(told)) == unmerged(rig.types)
    assert (told.state, told.result) == (rig.job.state, rig.job.result)
    assert (told.error and told.error.code) == (rig.job.error and rig.job.error.code)


def test_each_word_on_the_whole_job_is_told() -> None:
    def work(ctx: Context) -> None:
        for n in range(50):
            ctx.progress(n / 50, message=f"{n} of 50")

    told = rehearse(job("thing")(work), cancel_at=After("job.progress", 20))
    assert [event.data["message"] for event in told.of("job.progress")] == [f"{n} of 50" for n in range(20)]


# Files -----------------------------------------------------------------------------------------------------------


class Upload(BaseModel):
    file: FileId
    more: list[FileId] = []
    label: str = ""


@job("sizes", params=Upload)
def sizes(ctx: Context, params: Upload) -> Any:
    found = {}
    for file_id in [params.file, *params.more]:
        with ctx.open_file(file_id) as file:
            found[file.name] = len(file.read())
    return [found, params.label, ctx.file_path(params.file).suffix]


def test_a_param_may_be_the_name_of_a_file_where_it_is_an_upload() -> None:
    params = {"file": "a.csv", "more": ["b.csv"], "label": "a.csv"}
    told = rehearse(sizes, params, files={"a.csv": b"12", "b.csv": b"123"}, reraise=True)
    assert told.result == [{"a.csv": 2, "b.csv": 3}, "a.csv", ".csv"]


def test_a_file_that_was_not_given_is_not_found() -> None:
    told = rehearse(sizes, {"file": "1" * 26})
    assert told.error is not None
    assert told.error.code == "file_not_found"


def test_nothing_is_left_on_the_disk() -> None:
    before = set(Path(tempfile.gettempdir()).glob("tailrace-rehearsal-*"))
    seen: list[Path] = []

    def work(ctx: Context) -> None:
        (ctx.workdir / "scratch").write_text("x")
        seen.append(ctx.workdir)
        ctx.log("begun")

    rehearse(job("thing")(work), crash_at=After("log"))
    assert len(seen) == 2
    assert not [path for path in seen if path.exists()]
    assert set(Path(tempfile.gettempdir()).glob("tailrace-rehearsal-*")) <= before


# Crashes ---------------------------------------------------------------------------------------------------------


def test_a_run_whose_worker_dies_writes_nothing_more() -> None:
    def work(ctx: Context) -> str:
        try:
            with ctx.step("first"):
                ctx.output("text").write("half")
        finally:
            ctx.log("put away")
            ctx.save("late", 1)
            with suppress(BaseException):
                ctx.artifact("late.txt", "late")
        return f"{ctx.attempt} {ctx.saved('late')}"

    told = rehearse(job("thing")(work), crash_at=After("output.delta"))
    lost = types(told).index("job.stalled")
    assert types(told)[lost - 1 : lost + 4] == [
        "output.delta",
        "job.stalled",
        "job.retrying",
        "job.queued",
        "job.started",
    ]
    assert (told.logs, told.result, told.text()) == (["put away"], "2 1", "half")


def test_what_was_durable_is_not_run_again_after_a_crash() -> None:
    calls: list[str] = []

    def work(ctx: Context) -> list[Any]:
        return [ctx.durable(name, lambda name=name: calls.append(name)) for name in "abc"]

    told = rehearse(job("thing")(work), crash_at="c")
    assert (told.state, told.attempt) == ("succeeded", 2)
    assert calls == ["a", "b", "c"]
    assert [event.data["name"] for event in told.of("step.reused")] == ["a", "b"]


def test_a_job_that_takes_every_worker_with_it_is_poison() -> None:
    told = rehearse(rows, crash_at=["load"] * 3)
    assert told.error is not None
    assert (told.error.code, len(told.of("job.started"))) == ("poison", 3)


@pytest.mark.parametrize("at", range(1, 19))
def test_wherever_its_worker_dies_the_result_is_the_same(at: int) -> None:
    told = rehearse(rows, crash_at=at)
    assert (told.state, told.result, told.attempt) == ("succeeded", 3, 2)
    assert told.text() == "0 1 2 "
    assert len(told.items) == 3


# Cancels and releases ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", range(1, 19))
def test_wherever_it_is_cancelled_it_has_one_end(at: int) -> None:
    """Behind its last cancel point, that of event 13, it wins the race."""
    told = rehearse(rows, cancel_at=at)
    assert told.state == ("cancelled" if at <= 13 else "succeeded")
    assert told.job["cancel"].get("mode") == ("queued" if at == 1 else "cooperative" if at <= 13 else None)
    assert [kind for kind in types(told) if kind in TERMINAL] == types(told)[-1:]


def test_a_job_is_cancelled_between_two_attempts() -> None:
    def fail(_ctx: Context) -> None:
        raise Retry(3600)

    told = rehearse(job("thing")(fail), cancel_at=After("job.retrying"))
    assert (told.state, told.attempt) == ("cancelled", 1)


@pytest.mark.parametrize("at", range(1, 19))
def test_wherever_it_is_released_the_same_attempt_goes_on(at: int) -> None:
    told = rehearse(rows, release_at=at)
    assert (told.state, told.result, told.attempt) == ("succeeded", 3, 1)


def test_a_job_saves_when_its_worker_has_to_go() -> None:
    def work(ctx: Context) -> list[int]:
        done = ctx.saved("done", [])
        try:
            for n in range(len(done), 4):
                done.append(n)
                ctx.metric("n", n)
        except Released:
            ctx.save("done", done)
            raise
        return done

    told = rehearse(job("thing")(work), release_at=After("metric", value=1))
    assert told.result == [0, 1, 2, 3]
    assert [event.data["value"] for event in told.of("metric")] == [0, 1, 3]


def test_an_async_job_saves_where_it_awaits() -> None:
    async def work(ctx: Context) -> int:
        done: int = ctx.saved("done", 0)
        try:
            while done < 4:
                await asyncio.sleep(0)
                ctx.log(f"{done}")
                done += 1
        except asyncio.CancelledError:
            ctx.save("done", done)
            raise
        return done

    told = rehearse(job("thing")(work), release_at=After("log", 2))
    assert (told.result, told.attempt, told.logs) == (4, 1, ["0", "1", "2", "3"])


async def _stream(ctx: Context) -> AsyncIterator[str]:
    for n in range(3):
        yield f"{n} "
        await asyncio.sleep(0)
    ctx.cleanup(ctx.log, "gone")
    await asyncio.Event().wait()


def test_an_async_job_that_waits_for_ever_is_cancelled_where_it_awaits() -> None:
    told = rehearse(job("thing")(_stream), cancel_at=After("output.delta", 3))
    assert (told.state, told.text()) == ("cancelled", "0 1 2 ")


def test_what_is_to_happen_may_happen_more_than_once_and_in_any_order() -> None:
    told = rehearse(rows, crash_at=[After("item", 2), After("job.started", 1)], release_at="count", max_attempts=5)
    assert (told.state, told.attempt) == ("succeeded", 3)
    assert [kind for kind in types(told) if kind in {"job.released", "job.stalled"}] == [
        "job.released",
        "job.stalled",
        "job.stalled",
    ]


@pytest.mark.parametrize("wish", WISHES)
@pytest.mark.parametrize("at", ["cuont", 1000, After("item", 9), lambda event: event.type == "alert"])
def test_a_moment_that_never_comes_fails_the_test(wish: str, at: Any) -> None:
    arguments: dict[str, Any] = {wish: at}
    with pytest.raises(NeverCame, match=rf"{wish}=.* never came: <rows succeeded"):
        rehearse(rows, **arguments)


# Where it runs ---------------------------------------------------------------------------------------------------


def test_it_runs_in_any_thread() -> None:
    found: list[Told] = []
    thread = threading.Thread(target=lambda: found.append(rehearse(rows, cancel_at="count")))
    thread.start()
    thread.join()
    assert found[0] == rehearse(rows, cancel_at="count")


def test_threads_of_a_job_tell_their_events_one_after_the_other() -> None:
    def work(ctx: Context) -> None:
        threads = [threading.Thread(target=ctx.item, args=(str(n), "succeeded")) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    told = rehearse(job("thing")(work))
    assert [event.seq for event in told.events] == list(range(1, 12))
    assert len(told.items) == 8
