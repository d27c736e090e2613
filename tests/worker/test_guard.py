"""A worker's warden is there from its first moment to its last."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.catalogue import WorkerEntry
from jobs.clock import now_ms, rfc3339
from tests.service import UNIT
from worker.guard import Guard

pytestmark = pytest.mark.acceptance


@pytest.fixture
def guard(redis_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Guard]:
    """Of the test itself, as if it were a worker."""
    monkeypatch.setenv("REDIS_URL", redis_url)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    entry = WorkerEntry(id="w", types=[], queues=[], concurrency=1, started_at=rfc3339(now_ms()))
    made = Guard(entry, [])
    yield made
    made.end()


def test_a_warden_that_is_told_to_end_before_it_can_listen_ends_in_order(guard: Guard) -> None:
    """The supervisor tells it so when its worker dies, however young both are; jobs are to be seen to first."""
    guard._process.terminate()
    assert guard._process.wait(20 * UNIT) == 0
