import os
import time
from pathlib import Path

import msgspec

from jobs.catalogue import WorkerEntry
from worker.forsaken import FORSAKEN_SECONDS, PREFIX, clear_forsaken
from worker.graces import Leave
from worker.processes import born
from worker.registry import Crew, Registry, Run

RUN = Run(job="j1", run=4, pid=7, born=1.5)
CREW = Crew(
    worker=WorkerEntry(id="w", types=["a"], queues=["default"], concurrency=1, started_at="2026-01-01T00:00:00.000Z"),
    types=[],
    pid=os.getpid(),
    born=born(os.getpid()),
)


def _registry(folder: Path) -> Registry:
    registry = Registry(folder)
    registry.create(CREW)
    return registry


def test_what_a_child_notes_another_process_reads(tmp_path: Path) -> None:
    _registry(tmp_path).enter(RUN)
    assert Registry(tmp_path).runs() == [RUN]
    assert Registry(tmp_path).crew() == CREW


def test_a_run_that_is_struck_out_leaves_no_file_and_no_workdir(tmp_path: Path) -> None:
    registry = _registry(tmp_path)
    workdir = registry.enter(RUN)
    assert not workdir.exists(), "it is made where somebody asks for it"
    (workdir / "deep").mkdir(parents=True)
    (workdir / "deep" / "file").write_text("x")
    registry.leave(RUN)
    assert registry.runs() == []
    assert not registry.has(RUN)
    assert not workdir.exists()
    registry.leave(RUN)


def test_a_draft_is_not_a_run(tmp_path: Path) -> None:
    registry = _registry(tmp_path)
    (tmp_path / "runs" / ".j1-4").write_text("{")
    assert registry.runs() == []


def test_a_worker_goes_on_until_it_is_told_to_stop(tmp_path: Path) -> None:
    registry = _registry(tmp_path)
    assert registry.drained() is None
    registry.drain(Leave(told_ms=23, until_ms=123))
    assert registry.drained() == 123
    assert registry.leaving() == (23, 123)


def test_told_to_stop_again_a_worker_takes_no_more_time_but_may_take_less(tmp_path: Path) -> None:
    registry = _registry(tmp_path)
    for told, until in ((23, 123), (50, 150), (60, 70), (65, 75)):
        registry.drain(Leave(told_ms=told, until_ms=until))
    assert registry.leaving() == (60, 70)


def test_a_folder_that_somebody_cleared_takes_runs_again(tmp_path: Path) -> None:
    registry = _registry(tmp_path)
    (tmp_path / "runs").rmdir()
    (tmp_path / "work").rmdir()
    assert registry.runs() == []
    registry.enter(RUN)
    assert registry.runs() == [RUN]


def test_nobody_else_can_look_into_a_job_s_workdir(tmp_path: Path) -> None:
    assert _registry(tmp_path).enter(RUN).parent.stat().st_mode & 0o077 == 0


def test_what_a_worker_left_that_was_killed_with_its_warden_is_cleared_by_the_next(tmp_path: Path) -> None:
    dead = msgspec.structs.replace(CREW, born=CREW.born - 60)
    crews = {"dead": dead, "just-dead": dead, "alive": CREW}
    for name, crew in crews.items():
        folder = tmp_path / f"{PREFIX}{name}"
        folder.mkdir()
        Registry(folder).create(crew)
        if name != "just-dead":
            os.utime(folder / "worker.json", (0, time.time() - FORSAKEN_SECONDS - 60))
    clear_forsaken(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{PREFIX}alive", f"{PREFIX}just-dead"]


def test_how_far_the_service_has_cut_down_is_told_to_the_jobs_and_forgotten_when_it_is_over(tmp_path: Path) -> None:
    registry = _registry(tmp_path)
    assert Registry(tmp_path).load() == 0
    for load in (2, 4, 4, 0, 0):
        registry.burden(load)
        assert Registry(tmp_path).load() == load
    assert not list(tmp_path.glob("*load*"))


def test_a_registry_that_is_gone_takes_no_note_of_the_load(tmp_path: Path) -> None:
    registry = Registry(tmp_path / "gone")
    registry.burden(3)
    assert registry.load() == 0
    assert not registry.folder.exists()
