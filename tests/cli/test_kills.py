"""What the soak does to processes, done to real ones of its own."""

import os
import random
import signal
import subprocess
from collections.abc import Iterator
from typing import Any

import psutil
import pytest

from cli.kills import STOPPED, Kills
from tests.service import wait_for


class Loaded(random.Random):
    """Dice that always choose one deed."""

    def __init__(self, *deed: str) -> None:
        super().__init__(7)
        self.deed = deed

    def choice(self, seq: Any) -> Any:
        assert self.deed in seq
        return self.deed


@pytest.fixture
def worker() -> Iterator[psutil.Process]:
    """Looks like a worker below an ``up`` of its own, with another process below it: these tests are not alone here."""
    script = "bash -c 'sleep 600 & exec -a celery sleep 600' & wait"
    up = subprocess.Popen(["bash", "-c", script], start_new_session=True)
    wait_for(lambda: _below(up.pid), what="the worker")
    yield _below(up.pid)[0]
    os.killpg(up.pid, signal.SIGKILL)
    up.wait()


def _below(up: int) -> list[psutil.Process]:
    return [child for child in psutil.Process(up).children() if child.cmdline()[:1] == ["celery"] and child.children()]


def stopped(process: psutil.Process) -> bool:
    return process.status() == psutil.STATUS_STOPPED


def test_a_whole_worker_is_held_still_with_all_that_is_below_it_until_its_time_has_come(worker: psutil.Process) -> None:
    now, family = [100.0], [worker, *worker.children()]
    kills = Kills(worker.ppid(), Loaded("stopped", "whole worker"), clock=lambda: now[0])
    kills.one()
    wait_for(lambda: all(map(stopped, family)), what="all to stand still")
    (fault,) = kills.faults
    assert fault.pids == {process.pid for process in family}
    shortest, longest = STOPPED["whole worker"]
    assert fault.since + shortest <= fault.until <= fault.since + longest
    kills.wake()
    assert all(map(stopped, family))
    now[0] = fault.until
    kills.wake()
    wait_for(lambda: not any(map(stopped, family)), what="all to go on")


def test_at_the_end_everybody_goes_on(worker: psutil.Process) -> None:
    kills = Kills(worker.ppid(), Loaded("stopped", "worker"))
    kills.one()
    wait_for(lambda: stopped(worker), what="the worker to stand still")
    kills.wake(everybody=True)
    wait_for(lambda: not stopped(worker), what="the worker to go on")


def test_who_is_not_there_is_not_killed(worker: psutil.Process) -> None:
    kills = Kills(worker.ppid(), Loaded("killed", "Redis"))
    kills.one()
    assert (kills.faults, worker.is_running()) == ([], True)
