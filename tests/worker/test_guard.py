"""A worker's warden is there from its first moment to its last."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from jobs.catalogue import WorkerEntry
from jobs.clock import now_ms, rfc3339
from tests.service import UNIT, wait_for
from worker.forsaken import FORSAKEN_SECONDS, PREFIX
from worker.graces import leave
from worker.guard import Guard
from worker.registry import Registry

pytestmark = pytest.mark.acceptance


@pytest.fixture
def guard(redis_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Guard]:
    """Of the test itself, as if it were a worker."""
    monkeypatch.setenv("REDIS_URL", redis_url)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    entry = WorkerEntry(id="w", types=[], queues=[], concurrency=1, started_at=rfc3339(now_ms()))
    made = Guard(entry, [])
    yield made
    made.end()


def test_a_warden_that_is_told_to_end_before_it_can_listen_ends_in_order(guard: Guard) -> None:
    """The supervisor tells it so when its worker dies, however young both are; jobs are to be seen to first."""
    guard._process.terminate()
    guard.drain(leave(now_ms(), 0))
    assert guard._process.wait(20 * UNIT) == 0


def test_what_was_left_by_others_is_cleared_while_the_worker_lives(guard: Guard, tmp_path: Path) -> None:
    """A worker that was killed is back within a second: too early to find its own folder forsaken."""
    os.kill(guard._process.pid, signal.SIGSTOP)
    left = tmp_path / f"{PREFIX}left"
    left.mkdir()
    crew = guard.registry.crew()
    Registry(left).create(msgspec.structs.replace(crew, born=crew.born - 60))
    os.utime(left / "worker.json", (0, time.time() - FORSAKEN_SECONDS - 60))
    os.kill(guard._process.pid, signal.SIGCONT)
    wait_for(lambda: not left.exists(), what="the folder to go")
    assert guard.registry.folder.exists()
