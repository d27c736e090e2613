"""Every file in examples/ is run as its reader would run it, against real processes."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest

from tests.rehearsal import job_types, try_out
from tests.service import Service, running_service, wait_for

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
JOBS = {"TAILRACE_JOBS": "worker.catalogue,my_jobs", "PYTHONPATH": str(EXAMPLES)}

pytestmark = pytest.mark.acceptance


@pytest.fixture(scope="module")
def own_service() -> Iterator[Service]:
    """A service that carries the example's job types, and whose processes the tests may kill."""
    with running_service(**JOBS) as running:
        wait_for(lambda: httpx.get(f"{running.url}/readyz").is_success, what="the service to be ready")
        yield running


class Watching:
    """``examples/watch_job.py`` as its user sees it: line by line."""

    def __init__(self, service: Service, *words: str, notes: Path) -> None:
        self._notes = notes
        with notes.open("w") as errors:
            self._process = subprocess.Popen(
                [sys.executable, str(EXAMPLES / "watch_job.py"), *words],
                env={**os.environ, "TAILRACE_URL": service.url},
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        assert self._process.stdout is not None
        self._lines = self._process.stdout

    def events(self, most: int | None = None) -> list[dict[str, Any]]:
        """The next *most* envelopes that it printed, or all up to its end."""
        return [json.loads(line.partition(" ")[2]) for line in islice(self._lines, most)]

    def ended(self) -> int:
        """Its exit code."""
        with self._lines:
            return self._process.wait(60)

    @property
    def notes(self) -> str:
        return self._notes.read_text()


def kill_web(service: Service) -> None:
    """SIGKILL, and no time for a word to anybody."""
    web = next(process for process in reversed(service.processes) if process.name.startswith("web"))
    family = web.children()
    web.kill()
    for process in family:
        process.kill()


def my_jobs() -> ModuleType:
    spec = importlib.util.spec_from_file_location("my_jobs", EXAMPLES / "my_jobs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_example_is_run_by_a_test() -> None:
    assert {path.name for path in EXAMPLES.iterdir() if path.is_file() and path.suffix in {".py", ".sh"}} == {
        "curl.sh",
        "my_jobs.py",
        "test_my_jobs.py",
        "watch_job.py",
    }


def test_every_job_of_the_tutorial_runs_without_a_service() -> None:
    for kind in job_types(my_jobs()):
        told = try_out(kind)
        assert told.state == "succeeded", told


def test_the_tutorials_own_tests_are_run_as_their_author_runs_them() -> None:
    words = ["-m", "pytest", "-q", "-p", "no:cacheprovider", str(EXAMPLES / "test_my_jobs.py")]
    env = {**os.environ, "PYTHONPATH": str(EXAMPLES)}
    done = subprocess.run(
        [sys.executable, *words], cwd=EXAMPLES.parent, env=env, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout


def test_the_tutorial_is_carried_by_a_worker(own_service: Service) -> None:
    job = own_service.submit("squares", n=4, pause_seconds=0)

    ended = own_service.wait(job["id"])

    assert (ended["state"], ended["result"]) == ("succeeded", {"sum": 30})
    assert [artifact["name"] for artifact in ended["artifacts"]] == ["sum.txt"]


def test_the_client_watches_a_job_to_its_end(own_service: Service, tmp_path: Path) -> None:
    watching = Watching(own_service, "squares", '{"n": 3, "pause_seconds": 0}', notes=tmp_path / "notes")
    events = watching.events()

    assert watching.ended() == 0, watching.notes
    assert [event["type"] for event in events if "seq" in event][-1] == "job.succeeded"
    assert events[-1]["type"] == "stream.end"


def test_the_client_tells_by_its_exit_code_that_the_job_did_not_succeed(own_service: Service, tmp_path: Path) -> None:
    watching = Watching(own_service, "ticks", '{"n": 1000, "seconds": 0.1}', notes=tmp_path / "notes")
    (opened,) = watching.events(1)
    httpx.post(f"{own_service.url}/v1/jobs/{opened['job']}/cancel")

    assert watching.events()[-1]["type"] == "stream.end"
    assert watching.ended() == 1


def test_the_client_misses_nothing_when_the_web_process_dies(own_service: Service, tmp_path: Path) -> None:
    watching = Watching(own_service, "ticks", '{"n": 40, "seconds": 0.1}', notes=tmp_path / "notes")
    events = watching.events(12)
    kill_web(own_service)
    own_service.web()
    events += watching.events()

    assert watching.ended() == 0, watching.notes
    assert "coming back after" in watching.notes
    assert not [event for event in events if event["type"] in {"stream.gap", "stream.snapshot"}]
    numbers = [event["seq"] for event in events if "seq" in event]
    assert numbers == list(range(1, len(numbers) + 1))


def test_the_story_in_curl_submits_watches_and_cancels(own_service: Service) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not on PATH")
    env = {**os.environ, "TAILRACE_URL": own_service.url}
    done = subprocess.run(
        ["sh", str(EXAMPLES / "curl.sh")], env=env, capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == 0, done.stderr
    assert "event: job.succeeded" in done.stdout
    assert done.stdout.splitlines()[-2:] == ["cancel: 202", "state: cancelled"]
