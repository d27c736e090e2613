"""What a job prints and logs becomes its log, and nobody else's."""

import asyncio
import contextlib
import io
import logging
import os
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tqdm import trange

from jobs import events as ev
from jobs.model import JobState
from tests.worker.rig import Rig
from worker.context import Context
from worker.job import job
from worker.listener import LINE_CHARACTERS, Lines
from worker.outcomes import JobFailed

Work = Callable[[Context], Any]


def heard(function: Work, *, capture: bool = True) -> list[ev.LogWritten]:
    rig = Rig(kind=job("thing", capture=capture)(function))
    rig.run()
    assert rig.job.state is JobState.SUCCEEDED, rig.job.error
    return rig.events(ev.LogWritten)


def messages(function: Work) -> list[str]:
    return [event.message for event in heard(function)]


@contextlib.contextmanager
def console() -> Iterator[io.StringIO]:
    """A console of the worker's own, and the root's only one. No fixture: pytest puts its own there for each phase."""
    root, stream = logging.getLogger(), io.StringIO()
    before, level = root.handlers[:], root.level
    out, err = sys.stdout, sys.stderr
    sys.stdout = sys.stderr = stream
    root.handlers[:] = [logging.StreamHandler(stream)]
    root.setLevel(logging.INFO)
    try:
        yield stream
    finally:
        sys.stdout, sys.stderr = out, err
        root.handlers[:] = before
        root.setLevel(level)


# Printed -------------------------------------------------------------------------------------------------------


def test_printed_lines_are_log_events_and_an_unfinished_one_comes_at_the_end() -> None:
    def work(_ctx: Context) -> None:
        print("one\ntwo", end=" ")  # noqa: T201
        print("and a half\n\n   \nlast", end="")  # noqa: T201

    assert messages(work) == ["one", "two and a half", "last"]


def test_standard_error_is_told_as_warnings() -> None:
    def work(_ctx: Context) -> None:
        print("fine")  # noqa: T201
        print("careful", file=sys.stderr)  # noqa: T201

    assert [(event.message, event.level) for event in heard(work)] == [("fine", "info"), ("careful", "warning")]


def test_a_line_written_over_is_told_as_it_stood_last() -> None:
    def work(_ctx: Context) -> None:
        for percent in range(0, 101, 10):
            sys.stdout.write(f"{percent} %\r")
        sys.stdout.write("\nand windows\r")
        sys.stdout.write("\n")

    assert messages(work) == ["100 %", "and windows"]


def test_a_line_without_end_fills_no_memory() -> None:
    told: list[str] = []
    lines = Lines(told.append)
    for _ in range(100):
        lines.write("x" * 1000)
        assert len(lines._rest) <= LINE_CHARACTERS
    lines.write("\nnext\n")
    assert [len(told[0]), told[1:]] == [LINE_CHARACTERS, ["next"]]


def test_what_was_printed_before_a_failure_is_told_too() -> None:
    def work(_ctx: Context) -> None:
        print("the last words", end="")  # noqa: T201
        raise JobFailed("no", "No.")

    rig = Rig(kind=job("thing", capture=True)(work))
    rig.run()
    assert [event.message for event in rig.events(ev.LogWritten)] == ["the last words"]
    assert rig.types.index("log") < rig.types.index("job.failed")


def test_a_job_that_does_not_ask_for_it_prints_where_it_always_did() -> None:
    with console() as shown:
        assert heard(lambda _ctx: print("plain"), capture=False) == []  # noqa: T201
    assert shown.getvalue() == "plain\n"


def test_what_is_heard_does_not_reach_the_workers_own_output() -> None:
    def work(_ctx: Context) -> None:
        print("printed")  # noqa: T201
        logging.getLogger("theirs").info("logged")

    with console() as shown:
        assert messages(work) == ["printed", "logged"]
        assert shown.getvalue() == ""
        print("after")  # noqa: T201
    assert shown.getvalue() == "after\n"


def test_a_stream_that_is_heard_is_still_a_stream() -> None:
    def work(_ctx: Context) -> None:
        sys.stdout.writelines(["a\n", "b\n"])
        sys.stdout.flush()
        assert not sys.stdout.isatty()
        assert sys.stdout.encoding
        with pytest.raises(TypeError):
            sys.stdout.write(5)  # type: ignore[arg-type]

    assert messages(work) == ["a", "b"]


# Logged --------------------------------------------------------------------------------------------------------


def test_log_records_keep_their_level_and_the_name_of_their_logger() -> None:
    def work(_ctx: Context) -> None:
        log = logging.getLogger("theirs.deep")
        log.setLevel(logging.DEBUG)
        log.debug("a %s", 1)
        log.warning("b")
        log.critical("c")

    with console():
        told = [(event.level, event.message, event.fields) for event in heard(work)]
    named = {"logger": "theirs.deep"}
    assert told == [("debug", "a 1", named), ("warning", "b", named), ("error", "c", named)]


def test_a_traceback_stays_in_the_workers_log() -> None:
    def work(_ctx: Context) -> None:
        try:
            {}["secret"]  # type: ignore[var-annotated]
        except KeyError:
            logging.getLogger("theirs").exception("it went wrong")

    with console() as shown:
        (event,) = heard(work)
    assert event.fields == {"logger": "theirs", "error": "KeyError"}
    assert "secret" in shown.getvalue()


def test_what_the_machinery_logs_is_not_told() -> None:
    def work(_ctx: Context) -> None:
        for name in ("worker.blame", "jobs.sweep", "celery.app", "kombu"):
            logging.getLogger(name).error("%s: between us", name)
        logging.getLogger("worker.catalogue.report").info("for all")
        logging.getLogger("workers").info("a namesake")

    with console() as shown:
        assert messages(work) == ["for all", "a namesake"]
    assert shown.getvalue().count("between us") == 4


def test_a_file_that_the_author_logs_to_gets_its_lines_still() -> None:
    theirs = io.StringIO()
    log = logging.getLogger("theirs.filed")
    log.addHandler(logging.StreamHandler(theirs))
    log.propagate = False

    assert messages(lambda _ctx: log.warning("kept")) == ["kept"]
    assert theirs.getvalue() == "kept\n"


def test_a_record_that_cannot_be_formatted_harms_nobody() -> None:
    class Broken:
        def __str__(self) -> str:
            raise RuntimeError

    def work(_ctx: Context) -> None:
        log = logging.getLogger("theirs.broken")
        log.propagate = False
        log.warning("%d and %d", 1)  # noqa: PLE1206 - the slip that this is about
        log.warning(Broken())
        print("\ud800 goes on")  # noqa: T201

    assert messages(work) == ["%d and %d", "? goes on"]


# Whose it is ---------------------------------------------------------------------------------------------------


def test_jobs_in_one_process_do_not_mix() -> None:
    both = threading.Barrier(2)

    def work(name: str) -> Work:
        def function(_ctx: Context) -> None:
            both.wait(10)
            for n in range(50):
                sys.stdout.write(f"{name}")
                sys.stdout.write(f"{n}\n")
            both.wait(10)

        return function

    told: dict[str, list[str]] = {}
    threads = [threading.Thread(target=lambda n=n: told.update({n: messages(work(n))})) for n in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told == {name: [f"{name}{n}" for n in range(50)] for name in ("a", "b")}


def test_a_thread_that_inherits_nothing_writes_where_it_wrote_before() -> None:
    def work(_ctx: Context) -> None:
        thread = threading.Thread(target=lambda: print("elsewhere"))  # noqa: T201
        thread.start()
        thread.join()

    with console() as shown:
        assert messages(work) == []
    assert shown.getvalue() == "elsewhere\n"


def test_a_process_forked_from_the_job_s_writes_where_it_wrote_before(capfd: pytest.CaptureFixture[str]) -> None:
    """Nobody publishes there, and whoever held a lock at the fork will not let go of it."""

    def work(_ctx: Context) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if child == 0:
            print("in the child", flush=True)  # noqa: T201
            list(trange(3, desc="bar of the child"))
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0

    assert messages(work) == []
    shown = capfd.readouterr()
    assert "in the child" in shown.out
    assert "bar of the child" in shown.err


def test_tasks_of_an_async_job_are_heard() -> None:
    async def work(_ctx: Context) -> None:
        await asyncio.gather(asyncio.to_thread(print, "in a thread"), asyncio.create_task(_say("in a task")))

    assert sorted(messages(work)) == ["in a task", "in a thread"]


async def _say(text: str) -> None:
    print(text)  # noqa: T201
