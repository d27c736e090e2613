"""A batch from its first file to its manifest: what is broken fails alone, and nothing that was told is done twice."""

import csv
import io
import json
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tailrace_testing import After, Told, rehearse
from tests.worker.catalogue.batches import EVIL_TAR, bomb, pdf, thousand, zipped
from tests.worker.catalogue.test_files_crew import children
from worker.catalogue import files_job
from worker.catalogue.files import limits
from worker.catalogue.files.crew import Crew, Task

TEXT = {"kind": "text"}


@pytest.fixture(autouse=True)
def _leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever becomes of a job, no process of it is left, and no file but what it has kept."""
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    yield
    assert not children()
    assert not list(place.iterdir())


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that processes were given, in all runs."""
    names: list[str] = []
    give = Crew.give

    def noted(crew: Crew, task: Task) -> None:
        names.append(task.name)
        give(crew, task)

    monkeypatch.setattr(Crew, "give", noted)
    return names


def batch(archive: bytes, operation: dict[str, Any] | None = None, **more: Any) -> Told:
    params = {"archive": "a.zip", "operation": operation or TEXT, "parallel": 1}
    return rehearse(files_job, params, files={"a.zip": archive}, **more)


def results(told: Told) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(told.artifacts["results.zip"])) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def manifest(told: Told) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(told.artifacts["manifest.json"])["files"]
    return found


def test_of_a_thousand_files_fifty_are_broken_and_fail_alone() -> None:
    files, broken = thousand()
    assert (len(files), len(broken)) == (1000, 50)
    params = {"archive": "a.zip", "operation": TEXT, "parallel": 2}
    told = rehearse(files_job, params, files={"a.zip": zipped(files)}, reraise=True)
    assert told.state == "succeeded"
    assert (told.result["succeeded"], told.result["failed"], told.result["skipped"]) == (950, 50, 0)
    assert told.job["items"]["counts"] == {"succeeded": 950, "failed": 50}
    assert len(results(told)) == 950
    failed = {event.data["key"]: event.data["error"] for event in told.of("item", state="failed")}
    assert set(failed) == broken
    codes = Counter(error["code"] for error in failed.values())
    assert (
        codes == {"broken_pdf": 20, "broken_docx": 10, "broken_html": 10, "broken_plain": 10} == told.result["errors"]
    )
    rows = list(csv.DictReader(io.StringIO(told.artifacts["manifest.csv"].decode())))
    assert [row["path"] for row in rows] == list(files) == [row["path"] for row in manifest(told)]
    assert Counter(row["state"] for row in rows) == {"succeeded": 950, "failed": 50}
    assert results(told)["batch 01/1.txt"] == b"Sheet 1\n"


def test_a_bomb_is_one_failed_item() -> None:
    told = batch(bomb(), {"kind": "checksum"})
    assert told.result["errors"] == {"bomb": 1}
    assert told.items["zeros.bin"]["error"]["code"] == "bomb"


def test_a_tar_that_reaches_for_other_folders_gives_what_is_good_in_it(tmp_path: Path) -> None:
    told = batch(EVIL_TAR, {"kind": "checksum"}, reraise=True)
    assert told.result["errors"] == {"duplicate_name": 1, "link": 2, "no_file": 2, "unsafe_path": 2}
    assert set(results(told)) == {"SHA256SUMS"}
    assert not list(tmp_path.rglob("escaped*"))


def some(count: int = 30) -> bytes:
    files = {f"{n:02}.txt": f"Text {n}\n".encode() * (n + 1) for n in range(count)}
    return zipped({**files, "05.txt": bytes(40), "17.pdf": pdf("Seventeen"), "18.bin": bytes(40)})


@pytest.fixture(scope="module")
def undisturbed() -> Told:
    return batch(some(), reraise=True)


def alike(one: Told, other: Told) -> None:
    assert one.result == other.result
    assert one.artifacts == other.artifacts
    assert one.job["items"]["counts"] == other.job["items"]["counts"]
    assert last_items(one) == last_items(other)


def last_items(told: Told) -> dict[str, Any]:
    """What the last run told of each item."""
    return {event.data["key"]: event.data for event in told.of("item") if event.attempt == told.attempt}


def test_a_worker_that_dies_at_five_moments_costs_nothing_that_was_told(
    undisturbed: Told, given: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PART_FILES", 4)
    moments = ["gather", After("item", 3), After("item", 9), After("item", 22), "pack"]
    told = batch(some(), crash_at=moments, max_attempts=6, reraise=True)
    told_of = [{e.data["key"] for e in told.of("item") if e.attempt == attempt} for attempt in range(1, 7)]
    alike(told, undisturbed)
    assert told.attempt == 6
    counts = Counter(given)
    first_told = {key: n for n, keys in reversed(list(enumerate(told_of))) for key in keys}
    assert all(counts[key] <= first_told[key] + 1 for key in counts)
    assert sum(counts.values()) < 2 * len(counts), "what was told was not done again"
    assert all(told_of[n] <= told_of[n + 1] for n in range(1, 5)), "what was told is told by every later run"


def test_a_deploy_goes_on_with_the_same_attempt(undisturbed: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PART_FILES", 4)
    told = batch(some(), release_at=After("item", 9), reraise=True)
    assert told.attempt == 1
    assert told.result == undisturbed.result
    assert told.artifacts == undisturbed.artifacts
    assert "done by an earlier run" in told.steps["work"]["summary"]


@pytest.mark.parametrize("moment", [2, "gather", "work", After("item", 7), "pack"])
def test_a_cancel_at_any_moment_leaves_neither_process_nor_file(moment: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PART_FILES", 4)
    told = batch(some(), cancel_at=moment)
    assert told.state == "cancelled"


def test_uploads_keep_their_names_and_two_of_one_name_are_told_apart() -> None:
    params = {"files": ["a.txt", "./a.txt"], "operation": {"kind": "checksum"}}
    told = rehearse(files_job, params, files={"a.txt": b"1", "./a.txt": b"2"}, reraise=True)
    assert [row["path"] for row in manifest(told)] == ["a.txt", "a (2).txt"]
    assert results(told)["SHA256SUMS"].decode().count("\n") == 2


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"archive": "a.zip", "source": "https://example.org/"},
        {"files": ["a.zip", "a.zip"]},
        {"archive": "a.zip", "operation": {"kind": "shell"}},
        {"archive": "a.zip", "operation": {"kind": "text", "width": 5}},
        {"archive": "a.zip", "parallel": 99},
    ],
)
def test_params_that_make_no_sense_are_refused(params: dict[str, Any]) -> None:
    told = rehearse(files_job, params, files={"a.zip": zipped({"a": b""})})
    assert told.error is not None
    assert told.error.code == "invalid"


@pytest.mark.parametrize(
    ("archive", "code"),
    [(zipped({}), "no_files"), (b"none", "unknown_archive"), (zipped({"a": b"1"})[:40], "broken_archive")],
    ids=["empty", "none", "broken"],
)
def test_an_archive_that_cannot_be_used_is_a_clear_failure(archive: bytes, code: str) -> None:
    told = batch(archive)
    assert told.error is not None
    assert told.error.code == code


def test_under_load_items_are_told_shortly_and_the_manifest_says_all() -> None:
    told = batch(zipped({"a.txt": b"a"}), load=3)
    assert told.items["a.txt"].get("fields") is None
    assert manifest(told)[0]["characters"] == 1


def test_the_whole_jobs_progress_comes_from_its_files(undisturbed: Told) -> None:
    assert undisturbed.job["progress"]["fraction"] == 1
    assert undisturbed.steps["work"]["done"] == undisturbed.steps["work"]["total"] == 32
