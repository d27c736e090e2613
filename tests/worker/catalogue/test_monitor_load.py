"""A real worker's watch over the whole machine, whose processors are loaded meanwhile."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any

import pytest

from jobs.clock import from_rfc3339, now_ms
from tests.service import UNIT, Service, running_service, wait_for

pytestmark = [pytest.mark.acceptance, pytest.mark.alone]

#: Samples that say what the machine does now: two seconds of them.
BEFORE = 20
#: Samples under load after the alert: five seconds, in which it could flap.
STEADY = 50
#: Where so many percent are in use already a load makes no difference that could be told.
BUSY = 70


@contextmanager
def loaded() -> Iterator[int]:
    """Every processor is busy; when that began, in ms since 1970."""
    began = now_ms()
    burning = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(os.cpu_count() or 1)]
    try:
        yield began
    finally:
        for process in burning:
            process.kill()
            process.wait()


def usual(service: Service) -> float:
    """The share of the processors that is in use as it is."""
    job = service.submit("monitor", targets=[{"kind": "cpu"}], interval_seconds=0.1, duration_seconds=BEFORE / 10)
    series = service.wait(job["id"])["metrics"]["cpu"]["series"]
    return median(value for _, value in series)


def told(service: Service, job_id: str, kind: str) -> list[dict[str, Any]]:
    return [event for event in service.events(job_id) if event["type"] == kind]


def test_a_load_on_all_processors_fires_within_three_seconds_and_resolves_once(
    record_testsuite_property: Callable[[str, object], None],
) -> None:
    with running_service(TAILRACE_CONCURRENCY="1") as service:
        now = usual(service)
        if now > BUSY:
            pytest.skip(f"{now:.0f} % of the processors are in use already")
        held = {"bound": (now + 100) / 2, "band": 10, "for_seconds": 1, "clear_seconds": 2}
        rule = {"kind": "threshold", "metric": "cpu", **held}
        watch = {"targets": [{"kind": "cpu"}], "rules": [rule], "interval_seconds": 0.1, "duration_seconds": 20}
        job = service.submit("monitor", **watch)["id"]
        wait_for(lambda: told(service, job, "metric"), what="the first sample")
        with loaded() as began:
            wait_for(lambda: told(service, job, "alert"), what="the alert")
            so_far = len(told(service, job, "metric"))
            wait_for(lambda: len(told(service, job, "metric")) > so_far + STEADY, what="what follows")
            ended = now_ms()
        service.wait(job, "succeeded", seconds=60)
        fired, resolved = told(service, job, "alert")
    after, until = from_rfc3339(fired["time"]) - began, from_rfc3339(resolved["time"]) - ended
    for name, figure in {"usual": now, "bound": held["bound"], "fired_ms": after, "resolved_ms": until}.items():
        record_testsuite_property(f"monitor under load: {name}", figure)
    assert (fired["data"]["firing"], resolved["data"]["firing"]) == (True, False)
    assert 0 < after <= 3000 * UNIT
    assert until > 0
