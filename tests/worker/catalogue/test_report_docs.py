"""The page on the report says what its code does."""

import re
from pathlib import Path

from worker.catalogue import report_job
from worker.catalogue.report import limits
from worker.catalogue.tables import limits as of_tables
from worker.catalogue.texts.limits import MAX_TEXT_BYTES

ROOT = Path(__file__).parents[3]
REPORT = (ROOT / "docs" / "jobs" / "report.md").read_text("utf-8")


def first_cells(page: str, head: str) -> list[str]:
    """What stands in backquotes in the first column of the table that begins so."""
    table = page[page.index(f"| {head} |") :].split("\n\n", maxsplit=1)[0]
    return [name for row in table.splitlines()[2:] for name in re.findall(r"`([^`]+)`", row.split("|")[1])]


def test_the_params_are_those_of_the_code() -> None:
    assert first_cells(REPORT, "param") == list(report_job.params.model_fields)


def test_the_steps_are_those_of_the_code() -> None:
    assert first_cells(REPORT, "step") == [step.name for step in report_job.steps]


def test_the_failures_are_those_of_the_code() -> None:
    rooms = [ROOT / "worker" / "catalogue" / room for room in ("report", "tables", "texts")]
    code = "".join(path.read_text("utf-8") for room in rooms for path in room.rglob("*.py"))
    raised = set(re.findall(r'JobFailed\(\s*"(\w+)"', code))
    assert set(first_cells(REPORT, "code")) == raised


def test_the_bounds_are_those_of_the_code() -> None:
    for bound in (
        of_tables.MAX_SHEET_CELLS,
        limits.MAX_FILES,
        limits.MAX_TABLES,
        of_tables.MAX_COLUMNS,
        of_tables.MAX_ROWS,
        of_tables.MAX_CELLS,
        limits.MAX_ROWS_COMPARED,
    ):
        assert f"{bound:,}" in REPORT
    assert f"{MAX_TEXT_BYTES >> 30} GiB" in REPORT
    for mebibytes in (of_tables.MAX_WORKBOOK_BYTES, of_tables.MAX_PART_BYTES, of_tables.MAX_JSON_BYTES):
        assert f"{mebibytes >> 20} MiB" in REPORT


def test_every_sample_says_where_it_is_from_and_under_which_licence() -> None:
    page = (ROOT / "examples" / "data" / "README.md").read_text("utf-8")
    for sample in (ROOT / "examples" / "data").glob("*.csv"):
        assert f"`{sample.name}`" in page
        head = sample.read_text("utf-8").splitlines()[0].split(",")
        assert all(f"`{name}`" in page for name in head)
    assert "CC0" in page
