"""The processes that work on files: a file that crashes, hangs or floods one costs that process and itself alone."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from worker.catalogue.files import hand
from worker.catalogue.files.crew import Crew, Task

#: Holes: they take no disk, and a process some seconds to add up.
SLOW_BYTES = 4 << 30


@pytest.fixture
def crew() -> Iterator[Crew]:
    made = Crew(1, {"kind": "checksum"}, file_seconds=60)
    yield made
    made.end()


def task(folder: Path, number: int = 0, size: int = 3) -> Task:
    source = folder / f"in {number}"
    with source.open("wb") as file:
        file.truncate(size)
    return Task(number=number, source=source, target=folder / f"out {number}", name="a")


def answer_of(crew: Crew) -> dict[str, Any]:
    while True:
        for answer in crew.answers(0.5):
            return answer


def children() -> list[psutil.Process]:
    found = psutil.Process().children()
    return [child for child in found if any("files.hand" in word for word in child.cmdline())]


def test_a_process_answers_task_after_task_and_the_copy_is_gone(crew: Crew, tmp_path: Path) -> None:
    for number in range(3):
        crew.give(task(tmp_path, number))
        assert answer_of(crew)["number"] == number
        assert not crew.busy
    assert len(children()) == 1
    assert not list(tmp_path.iterdir())
    crew.end()
    assert not children()


def killed(number: signal.Signals) -> None:
    """Sends the signal to the process once it works on its file."""
    (child,) = children()
    while not any(file.path.endswith("in 0") for file in child.open_files()):
        time.sleep(0.005)
    child.send_signal(number)


def test_a_file_on_which_the_process_crashes_fails_and_the_next_is_done(crew: Crew, tmp_path: Path) -> None:
    crew.give(task(tmp_path, size=SLOW_BYTES))
    killed(signal.SIGSEGV)
    assert answer_of(crew)["code"] == "crashed"
    crew.give(task(tmp_path, 1))
    assert answer_of(crew)["state"] == "succeeded"


def test_a_process_that_somebody_killed_is_no_fault_of_the_file_unless_it_happens_again(
    crew: Crew, tmp_path: Path
) -> None:
    crew.give(task(tmp_path, size=SLOW_BYTES))
    killed(signal.SIGKILL)
    while not (list(crew.answers(0.5)) or children()):
        pass
    assert crew.busy
    killed(signal.SIGKILL)
    assert answer_of(crew)["code"] == "crashed"


def test_a_file_that_takes_too_long_fails(tmp_path: Path) -> None:
    crew = Crew(1, {"kind": "checksum"}, file_seconds=0.2)
    crew.give(task(tmp_path, size=SLOW_BYTES))
    assert answer_of(crew)["code"] == "too_slow"
    crew.end()
    assert not children()


def test_a_process_does_not_outlive_whoever_began_it(crew: Crew, tmp_path: Path) -> None:
    crew.give(task(tmp_path, size=SLOW_BYTES))
    (child,) = children()
    stdin = crew._hands[0]._process.stdin
    assert stdin is not None
    stdin.close()
    assert child.wait(10) == 0


def test_a_process_knows_no_secret(crew: Crew, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAILRACE_TOKEN", "a secret of the service")
    monkeypatch.setenv("TAILRACE_RUN", "mark")
    crew.give(task(tmp_path))
    (child,) = children()
    answer_of(crew)
    known = child.environ()
    assert "TAILRACE_TOKEN" not in known
    assert known["TAILRACE_RUN"] == "mark", "what sweeps after a job knows its processes by it"


def test_a_fault_that_nobody_foresaw_is_the_files_and_tells_no_path(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = {"number": 5, "source": str(tmp_path / "none"), "target": str(tmp_path / "out"), "name": "a"}
    answer = hand.answer({**given, "operation": {"kind": "checksum"}})
    assert (answer["number"], answer["state"], answer["code"]) == (5, "failed", "error")
    assert str(tmp_path) not in answer["error"]
    assert "Traceback" in capsys.readouterr().err


def test_memory_is_bounded_where_the_process_lives(crew: Crew, tmp_path: Path) -> None:
    crew.give(task(tmp_path))
    answer_of(crew)
    (child,) = children()
    assert child.rlimit(psutil.RLIMIT_DATA)[0] <= 2 << 30
    assert child.rlimit(psutil.RLIMIT_CORE)[0] == 0
    assert os.getpgid(child.pid) == os.getpgid(0)
