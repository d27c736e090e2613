"""A service that also carries the acceptance tests' own job types."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.service import Service, running_service

HERE = str(Path(__file__).parent)
JOBS = {"TAILRACE_JOBS": "worker.catalogue,jobs_for_tests", "PYTHONPATH": HERE}


@pytest.fixture(scope="session")
def wide_service() -> Iterator[Service]:
    """One web process and two workers; for tests that break nothing."""
    with running_service(worker=2, **JOBS) as running:
        yield running
