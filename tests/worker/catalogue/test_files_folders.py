"""A folder of the worker's machine: only below a root, and never through a link."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tailrace_testing import After, Told, rehearse
from worker.catalogue import files_job
from worker.catalogue.files import folders, limits
from worker.outcomes import JobFailed


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = tmp_path / "root"
    (made / "in" / "deep").mkdir(parents=True)
    (made / "in" / "a.txt").write_text("a")
    (made / "in" / "deep" / "b.txt").write_text("b")
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "key.txt").write_text("key")
    monkeypatch.setenv(folders.ROOTS, f" {made} ,relative")
    return made


def run(source: Path | str, **more: Any) -> Told:
    return rehearse(files_job, {"source": str(source), "operation": {"kind": "text"}, "parallel": 1}, **more)


def test_every_file_below_a_folder_is_taken(root: Path) -> None:
    told = run(root / "in", reraise=True)
    assert list(told.items) == ["a.txt", "deep/b.txt"]
    assert run(f"file://{root}/in/deep/", reraise=True).result["succeeded"] == 1


@pytest.mark.parametrize("source", ["{}/../secret", "{}/in/../../secret", "/", "/etc", "{}x", "/no/such/folder"])
def test_a_folder_elsewhere_is_refused_whether_there_is_one_or_not(source: str, root: Path) -> None:
    told = run(source.format(root))
    assert told.error is not None
    assert told.error.code == "forbidden_folder"
    assert str(root) not in told.error.message


def test_no_folder_is_allowed_unless_the_operator_says_so(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(folders.ROOTS)
    with pytest.raises(JobFailed, match=folders.ROOTS):
        folders.permitted(str(root))


def test_a_link_out_of_the_root_is_no_way_out(root: Path) -> None:
    (root / "way").symlink_to(root.parent / "secret")
    (root / "in" / "key.txt").symlink_to(root.parent / "secret" / "key.txt")
    (root / "in" / "all").symlink_to(root.parent / "secret")
    os.mkfifo(root / "in" / "pipe")
    assert run(root / "way").error is not None
    told = run(root / "in", reraise=True)
    assert told.result["succeeded"] == 2
    codes = {key: item["error"]["code"] for key, item in told.items.items() if item["state"] == "failed"}
    assert codes == {"all": "link", "key.txt": "link", "pipe": "no_file"}


def test_a_folder_that_became_a_link_after_it_was_listed_is_no_way_out(root: Path) -> None:
    def swap(event: Any) -> bool:
        if event.type == "step.started" and event.data["name"] == "work":
            (root / "in" / "deep" / "b.txt").unlink()
            (root / "in" / "deep").rmdir()
            (root / "in" / "deep").symlink_to(root.parent / "secret")
            (root.parent / "secret" / "b.txt").write_text("key")
        return event.type == "step.started" and event.data["name"] == "work"

    told = run(root / "in", release_at=swap, reraise=True)
    assert told.items["deep/b.txt"]["error"]["code"] == "link"


def test_a_later_run_works_on_the_list_of_the_first(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PART_FILES", 1)

    def arrive(event: Any) -> bool:
        found = After("item", 1)(event)
        if found:
            (root / "in" / "0.txt").write_text("new")
        return found

    told = run(root / "in", crash_at=arrive, reraise=True)
    paths = [row["path"] for row in json.loads(told.artifacts["manifest.json"])["files"]]
    assert paths == ["a.txt", "deep/b.txt"]


def test_a_name_that_is_no_utf8_is_refused_alone(root: Path) -> None:
    Path(os.fsdecode(os.fsencode(root / "in") + b"/\xff.txt")).write_text("x")
    told = run(root / "in", reraise=True)
    assert told.result["errors"] == {"unsafe_path": 1}
    assert told.result["succeeded"] == 2
