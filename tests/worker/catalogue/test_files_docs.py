"""The page on batches of files says what its code does."""

import re
from pathlib import Path
from typing import get_args

from worker.catalogue import files_job
from worker.catalogue.files import limits, pictures
from worker.catalogue.files.kinds import _ENDINGS
from worker.catalogue.files.params import Operation

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "jobs" / "files.md").read_text("utf-8")
ROOMS = [ROOT / "worker" / "catalogue" / room for room in ("files", "documents")]
CODE = "".join(path.read_text("utf-8") for room in ROOMS for path in room.glob("*.py"))
OUTSIDE = (ROOT / "worker" / "catalogue" / "outside.py").read_text("utf-8")


def column(head: str, number: int = 0) -> list[str]:
    """What stands in backquotes in a column of the table whose first head that is."""
    table = PAGE[PAGE.index(f"| {head} |") :].split("\n\n", maxsplit=1)[0]
    return [name for row in table.splitlines()[2:] for name in re.findall(r"`([^`]+)`", row.split("|")[number + 1])]


def test_the_params_are_those_of_the_code() -> None:
    assert column("param") == list(files_job.params.model_fields)


def test_the_operations_and_their_members_are_those_of_the_code() -> None:
    models = get_args(get_args(Operation)[0])
    assert column("kind") == [model.model_fields["kind"].default for model in models]
    assert column("kind", 2) == [name for model in models for name in model.model_fields if name != "kind"]


def test_the_steps_are_those_of_the_code() -> None:
    assert column("step") == [step.name for step in files_job.steps]


def test_why_a_file_fails_is_what_the_code_says() -> None:
    said = set(re.findall(r'(?:Refused|Unreadable|fault)\(\s*"(\w+)"|"code": "(\w+)"', CODE))
    codes = {one or other for one, other in said} | {f"broken_{kind}" for kind in _ENDINGS.values()}
    table = column("error")
    assert set(table) - {"__MACOSX", ".DS_Store", "Thumbs.db"} == codes
    assert len(table) == len(set(table))


def test_why_the_job_fails_is_what_the_code_says() -> None:
    assert set(column("code")) == set(re.findall(r'JobFailed\(\s*"(\w+)"', CODE + OUTSIDE))


def test_the_bounds_are_those_of_the_code() -> None:
    for number in (limits.MAX_FILES, limits.MAX_UPLOADS, limits.MAX_FOLDERS):
        assert f"{number:,}" in PAGE
    for size in (limits.MAX_FILE_BYTES, limits.MAX_BATCH_BYTES, limits.MAX_RESULTS_BYTES, limits.HAND_BYTES):
        assert f"{size >> 30} GiB" in PAGE
    assert f"{limits.MAX_RATIO} times" in PAGE
    assert f"{limits.RATIO_FROM_BYTES >> 20} MiB" in PAGE
    assert f"{pictures.MAX_PIXELS // 1_000_000} million pixels" in PAGE
    assert f"{limits.PART_FILES} files, {limits.PART_BYTES >> 20} MiB" in PAGE
