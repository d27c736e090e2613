import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator

import psutil
import pytest

from tests.service import ROOT, wait_for
from tests.worker.floor import alive
from worker import processes
from worker.processes import MARK, Life

SLEEP = "import time; time.sleep(600)"
#: Begins one process in its own group, one in a session of its own, and says who they are.
FAMILY = f"""
import subprocess, sys, time
pids = [subprocess.Popen([sys.executable, "-c", {SLEEP!r}], start_new_session=own).pid for own in (False, True)]
print(*pids, flush=True)
time.sleep(600)
"""


def job(number: int) -> str:
    """A mark of this test run alone: the end of a run looks at every process of the machine."""
    return f"job-{number}-{os.getpid()}"


Begin = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def begin() -> Iterator[Begin]:
    begun: list[subprocess.Popen[str]] = []

    def make(code: str = SLEEP, mark: str = "none") -> "subprocess.Popen[str]":
        env = {**os.environ, MARK: mark}
        process = subprocess.Popen(
            [sys.executable, "-c", code], env=env, stdout=subprocess.PIPE, text=True, process_group=0
        )
        begun.append(process)
        return process

    yield make
    for process in begun:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def test_a_process_runs_is_stopped_or_gone(begin: Begin) -> None:
    process = begin()
    since = processes.born(process.pid)
    assert processes.life(process.pid, since) is Life.RUNNING
    processes.hold(process.pid, since)
    wait_for(lambda: processes.life(process.pid, since) is Life.STOPPED)
    processes.resume(process.pid, since)
    wait_for(lambda: processes.life(process.pid, since) is Life.RUNNING)
    process.kill()
    wait_for(lambda: processes.life(process.pid, since) is Life.GONE)


def test_a_later_process_with_the_same_pid_is_not_taken_for_the_one_that_is_gone(begin: Begin) -> None:
    process = begin()
    earlier = processes.born(process.pid) - 60
    assert processes.life(process.pid, earlier) is Life.GONE
    processes.hold(process.pid, earlier)
    assert processes.life(process.pid, earlier + 60) is Life.RUNNING


def _family(begin: Begin, mark: str) -> tuple["subprocess.Popen[str]", list[int]]:
    process = begin(FAMILY, mark)
    assert process.stdout is not None
    return process, [process.pid, *map(int, process.stdout.readline().split())]


def test_the_end_takes_the_group_and_those_in_sessions_of_their_own(begin: Begin) -> None:
    process, family = _family(begin, job(1))
    assert processes.end(process.pid, processes.born(process.pid), job(1), seconds=5)
    assert not any(alive(pid) for pid in family)


def test_the_end_finds_what_a_dead_process_left_behind(begin: Begin) -> None:
    process, family = _family(begin, job(2))
    since = processes.born(process.pid)
    process.kill()
    process.wait()
    assert [alive(pid) for pid in family] == [False, True, True]
    assert processes.end(process.pid, since, job(2), seconds=5)
    assert not any(alive(pid) for pid in family)


def test_the_end_of_a_stopped_process_is_the_same(begin: Begin) -> None:
    process = begin()
    os.kill(process.pid, signal.SIGSTOP)
    assert processes.end(process.pid, processes.born(process.pid), "x", seconds=5)
    assert not alive(process.pid)


def test_the_end_of_one_run_spares_all_others(begin: Begin) -> None:
    one, other = begin(mark=job(3)), begin(mark=job(4))
    assert processes.end(one.pid, processes.born(one.pid), job(3), seconds=5)
    assert alive(other.pid)
    assert psutil.pid_exists(os.getpid())


def test_a_process_may_end_what_it_began_and_go_on() -> None:
    code = f"""
import os, subprocess, sys
from worker import processes
os.environ[processes.MARK] = {job(5)!r}
begun = subprocess.Popen([sys.executable, "-c", {SLEEP!r}], start_new_session=True)
processes.end_own({job(5)!r})
print(begun.wait(5))
"""
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == str(-signal.SIGKILL)
