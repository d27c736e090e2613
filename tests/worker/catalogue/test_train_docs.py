"""The page on the training says what its code does."""

import re
from pathlib import Path

from tests.worker.catalogue.test_report_docs import first_cells
from worker.catalogue import train_job
from worker.catalogue.train import limits

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "jobs" / "train.md").read_text("utf-8")


def test_the_params_are_those_of_the_code() -> None:
    assert first_cells(PAGE, "param") == list(train_job.params.model_fields)


def test_the_steps_are_those_of_the_code() -> None:
    assert first_cells(PAGE, "step") == [step.name for step in train_job.steps]


def test_the_failures_are_those_of_the_code() -> None:
    code = "".join(path.read_text("utf-8") for path in (ROOT / "worker" / "catalogue" / "train").glob("*.py"))
    assert set(first_cells(PAGE, "code")) == set(re.findall(r'JobFailed\(\s*"(\w+)"', code))


def test_the_bounds_are_those_of_the_code() -> None:
    told = (limits.MAX_ROWS, limits.MAX_CELLS, limits.JUDGED_ROWS, limits.TEST_ROWS, limits.MAX_WORDS)
    for bound in (
        *told,
        limits.MAX_CATEGORIES,
        limits.MAX_CLASSES,
        limits.MAX_LEAVES,
        limits.MAX_TREES,
        limits.MIN_ROWS,
    ):
        assert f"{bound:,}" in PAGE
    assert f"{limits.MAX_KEPT_BYTES / 1e6:g} MB" in PAGE
