"""A service that also carries the acceptance tests' own job types."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.service import Service, running_service, wait_for

HERE = str(Path(__file__).parent)
JOBS = {"TAILRACE_JOBS": "worker.catalogue,jobs_for_tests", "PYTHONPATH": HERE}


@pytest.fixture(scope="session")
def wide_service() -> Iterator[Service]:
    """One web process and two workers; for tests that break nothing."""
    with running_service(worker=2, **JOBS) as running:
        yield running


@pytest.fixture(scope="module")
def paused(wide_service: Service) -> Iterator[tuple[Service, str]]:
    """A job that neither ends nor says anything for as long as these tests take."""
    job_id = str(wide_service.submit("steady", count=2, pause=600)["id"])
    wait_for(lambda: len(wide_service.events(job_id)) >= 3, 20, what="its first item")
    yield wide_service, job_id
    wide_service.client.post(f"/v1/jobs/{job_id}/cancel", json={"grace_seconds": 0})
    wide_service.wait(job_id)
