import sys
from pathlib import Path

import pytest

from jobs.errors import SettingsError
from worker.collect import ROOT, collect, root_first

TYPE = """
from tailrace import job

@job({name!r}, queue={queue!r})
def {name}(ctx): ...
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    return tmp_path


def _write(folder: Path, module: str, *types: str, queue: str = "default") -> str:
    (folder / f"{module}.py").write_text("".join(TYPE.format(name=name, queue=queue) for name in types))
    return module


def test_job_types_are_found_in_modules_from_anywhere(folder: Path) -> None:
    first, second = _write(folder, "collected_1", "one", "two"), _write(folder, "collected_2", "three")
    assert sorted(collect([first, second])) == ["one", "three", "two"]


def test_a_type_that_is_only_passed_on_counts_once(folder: Path) -> None:
    first = _write(folder, "collected_3", "one")
    (folder / "collected_4.py").write_text("from collected_3 import one")
    assert list(collect([first, "collected_4"])) == ["one"]


def test_two_types_of_one_name_stop_the_start(folder: Path) -> None:
    modules = [_write(folder, "collected_5", "one"), _write(folder, "collected_6", "one")]
    with pytest.raises(SettingsError, match="TAILRACE_JOBS: two job types are called 'one'"):
        collect(modules)


def test_a_module_that_is_not_there_stops_the_start_with_its_name() -> None:
    with pytest.raises(SettingsError, match="there is no module 'no_such_module'"):
        collect(["no_such_module"])


def test_a_module_that_breaks_stops_the_start_and_keeps_its_cause(folder: Path) -> None:
    (folder / "collected_7.py").write_text("import no_such_library")
    with pytest.raises(SettingsError, match="'collected_7' cannot be imported") as caught:
        collect(["collected_7"])
    assert isinstance(caught.value.__cause__, ModuleNotFoundError)


def test_a_module_without_a_job_type_stops_the_start(folder: Path) -> None:
    (folder / "collected_8.py").write_text("")
    with pytest.raises(SettingsError, match="has no job type"):
        collect(["collected_8"])


def test_a_worker_for_some_queues_carries_only_their_types(folder: Path) -> None:
    modules = [_write(folder, "collected_9", "one"), _write(folder, "collected_10", "two", queue="gpu")]
    assert list(collect(modules, ["gpu"])) == ["two"]
    with pytest.raises(SettingsError, match="TAILRACE_QUEUES"):
        collect(modules, ["io"])


def test_our_own_packages_stand_before_a_user_s() -> None:
    path = root_first(["/user", str(ROOT), "", "/site-packages"], "/here")
    assert path == [str(ROOT), "/user", "/site-packages", "/here"]
