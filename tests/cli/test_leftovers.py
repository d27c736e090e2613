"""What jobs leave behind is found, whoever has begun it and wherever it went."""

import os
import subprocess
from pathlib import Path

import msgspec
import psutil
import pytest

from cli import leftovers
from worker import forsaken, processes


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leftovers, "PATIENCE_SECONDS", 0.3)


def test_the_command_line_knows_the_names_that_workers_give() -> None:
    assert (processes.MARK, f"{forsaken.PREFIX}*") == (leftovers.RUN_MARK, leftovers.WORKER_FOLDERS)


def test_a_process_that_carries_the_mark_of_a_run_is_found(tmp_path: Path) -> None:
    environ = {**os.environ, processes.MARK: "j1-17"}
    other = subprocess.Popen(["sleep", "600"], env=environ, start_new_session=True)
    found = leftovers.left_behind({"j1"}, tmp_path)
    nobodys = leftovers.left_behind({"j2"}, tmp_path)
    other.kill()
    other.wait()
    assert [f"process {other.pid} of run j1-17" in fault for fault in found] == [True]
    assert [nobodys, leftovers.left_behind({"j1"}, tmp_path)] == [[], []]


def test_a_workdir_of_a_worker_that_lives_is_found(tmp_path: Path) -> None:
    folder = tmp_path / f"{forsaken.PREFIX}x"
    (folder / "work" / "j1-17").mkdir(parents=True)
    crew = {"pid": os.getpid(), "born": psutil.Process().create_time()}
    (folder / "worker.json").write_bytes(msgspec.json.encode(crew))
    assert ["j1-17" in fault for fault in leftovers.left_behind({"j1"}, tmp_path)] == [True]
    #: With nobody left to clear it, it is the next worker's.
    (folder / "worker.json").write_bytes(msgspec.json.encode({**crew, "born": 0.0}))
    assert leftovers.left_behind({"j1"}, tmp_path) == []
