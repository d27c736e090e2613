"""The two small job types: one is done at once, the other takes its time and can be stopped in it."""

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jobs import events as ev
from worker.catalogue import hello_job, ticks_job
from worker.outcomes import JobFailed

Runner = Callable[..., Any]


def test_hello_greets_and_is_done(run: Runner) -> None:
    done = run(hello_job, name="Ada")
    assert done.result == {"greeting": "Hello, Ada!"}
    assert done.text == "Hello, Ada!"


def test_hello_needs_no_params(run: Runner) -> None:
    assert run(hello_job).result == {"greeting": "Hello, world!"}


def test_ticks_come_one_by_one_and_say_how_many_there_are(run: Runner) -> None:
    done = run(ticks_job, n=3, seconds=0)
    assert [event.text for event in done.of(ev.OutputAppended)] == ["tick 1\n", "tick 2\n", "tick 3\n"]
    assert done.result == {"ticks": 3}


@pytest.mark.alone
def test_ticks_keep_time(run: Runner) -> None:
    began = time.monotonic()
    run(ticks_job, n=4, seconds=0.1)
    assert 0.4 <= time.monotonic() - began < 0.7


@pytest.mark.parametrize("params", [{"n": 0}, {"n": "many"}, {"seconds": -1}, {"seconds": 1e9}, {"m": 3}])
def test_params_that_make_no_sense_are_refused(run: Runner, params: dict[str, Any]) -> None:
    with pytest.raises(JobFailed):
        run(ticks_job, **params)


def test_the_page_on_them_names_their_params() -> None:
    page = (Path(__file__).parents[3] / "docs" / "jobs" / "hello-and-ticks.md").read_text("utf-8")
    named = re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)
    assert named == [*hello_job.params.model_fields, *ticks_job.params.model_fields]
