"""Bars of tqdm in a job are told as the progress of steps."""

import io
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest
import tqdm.auto
from tqdm import tqdm as imported_before
from tqdm import trange

from jobs import events as ev
from jobs.model import JobState
from tests.service import ROOT
from tests.worker.rig import Rig
from worker.context import Context
from worker.job import job

Work = Callable[[Context], Any]


def run(function: Work) -> Rig:
    rig = Rig(kind=job("thing")(function))
    rig.run()
    return rig


def test_a_bar_inside_a_step_is_that_steps_progress() -> None:
    def work(ctx: Context) -> None:
        with ctx.step("read"):
            for _ in imported_before(range(30), desc="Rows", unit="rows"):
                pass

    rig = run(work)
    assert [step for step in rig.types if step.startswith("step.") and step != "step.progress"] == [
        "step.started",
        "step.succeeded",
    ]
    last = rig.events(ev.StepProgressed)[-1]
    assert (last.name, last.done, last.total, last.unit, last.fraction) == ("read", 30, 30, "rows", 1.0)
    assert "Rows" in {event.message for event in rig.events(ev.StepProgressed)}


@pytest.mark.parametrize("kind", [imported_before, tqdm.auto.tqdm, tqdm.asyncio.tqdm_asyncio])
def test_a_bar_outside_any_step_is_a_step_of_its_own(kind: Any) -> None:
    rig = run(lambda _ctx: sum(kind(range(5), desc="Adding: ")))
    step = rig.job.steps["Adding"]
    assert (step.state, step.done, step.total) == ("succeeded", 5, 5)


def test_a_bar_without_a_name_is_called_progress() -> None:
    assert run(lambda _ctx: list(trange(3))).job.steps["progress"].state == "succeeded"


def test_a_bar_inside_another_is_not_told_but_one_in_a_step_inside_is() -> None:
    def work(ctx: Context) -> None:
        for n in trange(2, desc="outer"):
            for _ in trange(3, desc="inner"):
                pass
            with ctx.step(f"part {n}"):
                list(trange(4, desc="within"))

    steps = run(work).job.steps
    assert set(steps) == {"outer", "part 0", "part 1"}
    assert (steps["outer"].done, steps["part 1"].done) == (2, 4)


def test_a_bar_moved_by_hand_tells_its_postfix() -> None:
    def work(_ctx: Context) -> None:
        with imported_before(total=10, desc="train", unit="B", unit_scale=2) as bar:
            bar.update(4)
            bar.set_postfix(loss=0.5)

    rig = run(work)
    last = rig.events(ev.StepProgressed)[-1]
    assert (last.done, last.total, last.unit) == (8, 20, "B")
    assert rig.job.steps["train"].message == "train, loss=0.5"


def test_a_bar_is_a_cancel_point() -> None:
    begun = threading.Event()

    def work(_ctx: Context) -> None:
        for _ in imported_before(iter(int, 1), desc="for ever"):
            begun.set()

    rig = Rig(kind=job("thing")(work))
    caller = threading.Thread(target=lambda: begun.wait(10) and rig.cancel(grace_seconds=10))
    caller.start()
    rig.run()
    caller.join()
    assert rig.job.cancel is not None
    assert rig.job.cancel.mode == "cooperative"
    assert rig.job.steps["for ever"].state == "failed"
    assert list(trange(2, file=io.StringIO())) == [0, 1]


def test_a_step_that_a_bar_made_fails_with_what_was_raised() -> None:
    def work(_ctx: Context) -> None:
        with imported_before(total=3, desc="half") as bar:
            bar.update()
            raise ValueError

    rig = run(work)
    assert rig.job.steps["half"].state == "failed"
    assert rig.job.state is not JobState.SUCCEEDED


def test_a_bar_left_open_ends_with_its_job() -> None:
    kept: list[Any] = []

    def work(_ctx: Context) -> None:
        kept.append(imported_before(total=3, desc="open"))

    rig = run(work)
    kept.pop().close()
    assert rig.job.steps["open"].state == "succeeded"


def test_nothing_is_drawn_on_the_workers_output_but_a_file_of_its_own_is(capfd: pytest.CaptureFixture[str]) -> None:
    own = io.StringIO()

    def work(_ctx: Context) -> None:
        list(trange(3, desc="quiet"))
        list(trange(3, desc="loud", file=own))
        list(trange(3, desc="none", disable=True))

    steps = run(work).job.steps
    assert set(steps) == {"quiet", "loud"}
    assert "quiet" not in "".join(capfd.readouterr())
    assert "loud" in own.getvalue()


def test_bars_outside_a_job_are_what_they_were(capfd: pytest.CaptureFixture[str]) -> None:
    run(lambda _ctx: list(trange(3)))
    list(trange(3, desc="mine"))
    assert "mine" in capfd.readouterr().err


def test_a_job_may_be_the_first_to_import_tqdm() -> None:
    code = """
import sys
from tests.worker.rig import Rig
from worker.job import job

def work(ctx):
    import tqdm
    sum(tqdm.tqdm(range(7), desc="late"))

assert "tqdm" not in sys.modules
for _ in range(2):
    rig = Rig(kind=job("thing")(work))
    rig.run()
    print(rig.job.state.value, round(rig.job.steps["late"].done))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["succeeded", "7"] * 2
