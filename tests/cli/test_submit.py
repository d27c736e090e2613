"""``submit``, ``watch`` and ``cancel`` against a real service, as a person types them."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.cli.conftest import UNIT_SECONDS, Running, environment

pytestmark = pytest.mark.acceptance


class Shell:
    """Types commands at one service."""

    def __init__(self, url: str, up: Running) -> None:
        self.url, self.up = url, up

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "cli", *words],
            env=environment(TAILRACE_URL=self.url),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *words: str) -> tuple[int, str]:
        process = self.start(*words)
        told, _ = process.communicate(timeout=UNIT_SECONDS * 2)
        return process.returncode, told


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    folder = tmp_path_factory.mktemp("service")
    words = [sys.executable, "-P", "-m", "cli", "up", "--port", "0", "--data", str(folder / "data")]
    running = Running(words, environment(), folder)
    yield Shell(running.ready(), running)
    assert running.stop() == 0


def test_submit_follows_the_job_to_its_result(shell: Shell) -> None:
    code, told = shell.run("submit", "ticks", "n=3", "seconds=0.05")
    assert code == 0, told
    assert re.search(r"ticks \w+ succeeded", told)
    assert "| tick 3" in told


def test_params_may_stand_behind_options(shell: Shell) -> None:
    code, told = shell.run("submit", "ticks", "--no-watch", "--json", "n=1", "--label", "a=b", "seconds=0.05")
    assert code == 0, told
    job = json.loads(told)
    assert (job["params"], job["labels"]) == ({"n": 1, "seconds": 0.05}, {"a": "b"})


def test_a_file_is_uploaded_and_a_job_that_fails_gives_1(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "empty.csv").touch()
    code, told = shell.run("submit", "report", f"@{tmp_path / 'empty.csv'}")
    assert code == 1, told
    assert "The file is empty." in told


def test_params_that_do_not_fit_give_2_and_every_fault(shell: Shell) -> None:
    code, told = shell.run("submit", "ticks", "n=-1", "zzz=1")
    assert code == 2, told
    assert "/params/n: " in told
    assert "/params/zzz: " in told


def test_an_unknown_type_is_told_with_those_there_are(shell: Shell) -> None:
    code, told = shell.run("submit", "helo")
    assert code == 2
    assert "There are: agent, files, generate, hello, monitor, report, ticks, train." in told


def test_a_cancelled_job_gives_3_to_its_watcher(shell: Shell) -> None:
    _, job_id = shell.run("submit", "ticks", "n=1000", "seconds=1", "--no-watch")
    watcher = shell.start("watch", job_id.strip())
    assert watcher.stdout
    assert job_id.strip() in watcher.stdout.readline()
    assert shell.run("cancel", job_id.strip())[0] == 0
    told, _ = watcher.communicate(timeout=UNIT_SECONDS)
    assert watcher.returncode == 3, told


def test_json_lines_are_whole_from_the_first_event_to_the_end(shell: Shell) -> None:
    code, told = shell.run("submit", "ticks", "n=3", "seconds=0.05", "--json")
    assert code == 0, told
    events = [json.loads(line) for line in told.splitlines()]
    stored = [event for event in events if "seq" in event]
    starts = [event.get("from", event["seq"]) for event in stored]
    assert starts == [1, *(event["seq"] + 1 for event in stored[:-1])]
    assert stored[-1]["type"] == "job.succeeded"


def test_a_watcher_outlives_the_web_process(shell: Shell) -> None:
    watcher = shell.start("submit", "ticks", "n=20", "seconds=0.2")
    assert watcher.stdout
    while "tick 2" not in watcher.stdout.readline():
        pass
    web = [p for p in psutil.Process(shell.up.process.pid).children() if "gunicorn" in " ".join(p.cmdline())]
    os.kill(web[0].pid, signal.SIGKILL)
    told, _ = watcher.communicate(timeout=UNIT_SECONDS)
    assert watcher.returncode == 0, told
    ticks = re.findall(r"\| tick (\d+)", told)
    assert ticks == [str(n) for n in range(3, 21)]


def test_nobody_there_gives_4() -> None:
    shell = Shell("http://127.0.0.1:9", None)  # type: ignore[arg-type]
    assert shell.run("watch", "x")[0] == 4
