"""An Excel workbook is read as people lay it out, and whatever is odd in it gives a report or a clear failure."""

import io
import json
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from tests.worker.catalogue.books import workbook
from worker.catalogue import report_job
from worker.catalogue.tables.grid import layout_of, notes_below
from worker.outcomes import JobFailed

Upload = Callable[..., Path]
Runner = Callable[..., Any]
HEAD = ["date", "shop", "sales"]
ROWS = [[date(2024, n % 12 + 1, n % 28 + 1), f"s{n % 3}", 100 + n * 7 % 31] for n in range(36)]
SALES = [HEAD, *ROWS]
NOTHING = workbook(("empty", []))


def columns(run: Any) -> dict[str, str]:
    found = json.loads(run.artifacts["figures.json"])["columns"]
    return {column["column"]["name"]: column["column"]["kind"] for column in found}


def test_the_first_sheet_with_a_table_is_read_and_the_others_are_named(brief: Runner, upload: Upload) -> None:
    data = workbook(
        ("cover", [["Sales of 2024"]]), ("secret", SALES[:9]), ("data", SALES), ("more", SALES), hidden=["secret"]
    )
    done = brief(report_job, upload(data, "sales.xlsx"))
    assert (done.result["rows"], done.result["columns"]) == (36, 3)
    assert columns(done) == {"date": "date", "shop": "category", "sales": "number"}
    assert "The sheet “data” was read" in done.text
    assert "Not read: “cover” and “more”." in done.text
    assert "Hidden, and not read: “secret”." in done.text


def test_a_sheet_is_chosen_by_its_name_though_it_is_hidden(brief: Runner, upload: Upload) -> None:
    data = workbook(("data", SALES), ("Old", SALES[:20]), hidden=["Old"])
    assert brief(report_job, upload(data, "s.xlsx"), sheet="old").result["rows"] == 19
    with pytest.raises(JobFailed) as failed:
        brief(report_job, upload(data, "s.xlsx"), sheet="new")
    assert failed.value.code == "no_such_sheet"
    assert "“data” and “Old”" in failed.value.message


def test_titles_merged_cells_and_notes_around_a_table_are_no_rows_of_it(brief: Runner, upload: Upload) -> None:
    rows = [
        ["Sales by region", None, None, None],
        [],
        ["region", "2023", None, "2024"],
        [None, "Q1", "Q2", "Q1"],
        *[[("north", "south")[n % 2], 10 + n, 20 + n * 7 % 5, 30 + n] for n in range(8)],
        [],
        ["Source: the shops’ own figures"],
    ]
    data = workbook(("s", rows), merged=["A1:D1", "A3:A4", "B3:C3"])
    done = brief(report_job, upload(data, "s.xlsx"))
    assert list(columns(done)) == ["region", "2023 Q1", "2023 Q2", "2024 Q1"]
    assert done.result["rows"] == 8
    assert "Above the header stands: “Sales by region”." in done.text
    assert "1 row below the table with one cell only were taken for notes." in done.text


def test_a_merged_name_counts_for_all_its_rows_but_a_merged_number_only_once(brief: Runner, upload: Upload) -> None:
    rows = [
        ["shop", "sales", "bonus"],
        *[["north" if n == 0 else None, n * n % 17, 50 if n == 0 else None] for n in range(6)],
    ]
    done = brief(report_job, upload(workbook(("s", rows), merged=["A2:A7", "C2:C7"]), "s.xlsx"))
    found = {c["column"]["name"]: c for c in json.loads(done.artifacts["figures.json"])["columns"]}
    assert found["shop"]["present"] == 6
    assert found["bonus"]["present"] == 1


def test_an_anomaly_is_told_with_the_row_of_its_sheet(brief: Runner, upload: Upload) -> None:
    rows = [["Title"], [], ["id", "amount"], *[[f"k{n}", 10 + n * 7 % 5] for n in range(40)]]
    rows[23][1] = 99_999
    done = brief(report_job, upload(workbook(("s", rows)), "s.xlsx"))
    assert done.result["anomalies"]["top"][0]["line"] == 24


def test_dates_that_are_only_numbers_and_formulas_that_failed_are_told(brief: Runner, upload: Upload) -> None:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = book.add_worksheet("s")
    sheet.write_row(0, 0, ["order date", "share", "on"])
    for n in range(1, 31):
        sheet.write_row(n, 0, [45_291 + n, n / 7, n % 2 == 0])
    sheet.write_formula(5, 1, "=1/0", None, "#DIV/0!")
    book.close()
    done = brief(report_job, upload(out.getvalue(), "s.xlsx"))
    assert columns(done) == {"order date": "date", "share": "number", "on": "category"}
    assert done.result["period"]["first"] == "1 Jan 2024"
    assert "1 formula gave an error and count as missing." in done.text
    assert done.result["missing_cells"] == 1


def test_all_sheets_with_the_same_columns_become_one_table(brief: Runner, upload: Upload) -> None:
    data = workbook(("north", SALES[:13]), ("south", [HEAD, *ROWS[12:20]]), ("notes", [["a", "b"], ["x", 1], ["y", 2]]))
    done = brief(report_job, upload(data, "s.xlsx"), sheet="*")
    assert (done.result["rows"], done.result["columns"]) == (20, 4)
    assert done.result["more_tables"][0]["rows"] == 2
    assert {"table-2-figures.json", "report.html"} <= set(done.artifacts)


def changed(name: str, text: bytes) -> bytes:
    """A workbook one of whose parts says something else."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook(("s", SALES)))) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for info in old.infolist():
            new.writestr(info.filename, text if info.filename == name else old.read(info))
    return out.getvalue()


def encrypted() -> bytes:
    """As much as is looked at of a workbook with a password: a compound file whose directory names its package."""
    head = bytearray(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504))
    head[30:32], head[48:52] = (9).to_bytes(2, "little"), (0).to_bytes(4, "little")
    return (
        bytes(head)
        + "Root Entry".encode("utf-16-le").ljust(128, b"\0")
        + "EncryptedPackage".encode("utf-16-le").ljust(896, b"\0")
    )


FAR_APART = b"""<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>
<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData></worksheet>"""
SHEET = "xl/worksheets/sheet1.xml"
REFUSED = {
    "no sheet with anything": (NOTHING, "no_rows"),
    "only a header": (workbook(("s", [HEAD])), "no_rows"),
    "only hidden sheets but one without a table": (workbook(("a", []), ("b", SALES), hidden=["b"]), "no_rows"),
    "a password": (encrypted(), "protected_workbook"),
    "another ZIP archive": (
        changed("xl/workbook.xml", b"").replace(b"xl/workbook.xml", b"xl/notebook.xml"),
        "not_a_table",
    ),
    "half of it": (workbook(("s", SALES))[:3000], "not_a_table"),
    "a workbook that is no XML": (changed("xl/workbook.xml", b"<oops"), "broken_workbook"),
    "a sheet that is no XML": (changed(SHEET, b'<worksheet><sheetData><row><c r="A1"><v>1</v></c'), "broken_workbook"),
    "a sheet whose XML breaks off": (
        changed(SHEET, b'<worksheet><sheetData><row r="1"><c r="A1"><v>1</v></c></row><row r="2"><c r="A2"><v'),
        "broken_workbook",
    ),
    "two cells far apart": (changed(SHEET, FAR_APART), "too_large"),
}


@pytest.mark.parametrize(("data", "code"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_table_fails_with_a_code_and_a_sentence(
    brief: Runner, upload: Upload, data: bytes, code: str
) -> None:
    with pytest.raises(JobFailed) as failed:
        brief(report_job, upload(data, "s.xlsx"))
    assert failed.value.code == code
    assert failed.value.message.endswith(".")


def test_a_bomb_is_refused_by_what_it_unfolds_to_not_by_what_it_claims(
    brief: Runner, upload: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.catalogue.tables.archive.MAX_PART_BYTES", 1 << 20)
    real = (2 << 20) + 0x1511
    data = changed("xl/styles.xml", b" " * real).replace(real.to_bytes(4, "little"), (100).to_bytes(4, "little"))
    with pytest.raises(JobFailed) as failed:
        brief(report_job, upload(data, "s.xlsx"))
    assert failed.value.code == "too_large"


TAKEN = {
    "one column": ([["amount"], *[[n * n] for n in range(20)]], 20, 1),
    "one row": ([HEAD, ROWS[0]], 1, 3),
    "no header": ([[n, n * 3 % 7] for n in range(20)], 20, 2),
    "empty rows between": ([HEAD, *[row for one in ROWS for row in (one, [])]], 36, 3),
    "an empty column between": ([["a", None, "b"], *[[n, None, n * n] for n in range(9)]], 9, 2),
    "the same name twice": ([["a", "a"], *[[n, n * n] for n in range(9)]], 9, 2),
    "a cell of 30,000 characters": ([["a", "b"], ["x" * 30_000, 1], ["y", 2]], 2, 2),
    "Chinese names": ([["日期", "销售额"], *[[date(2024, 1, n), f"{n},234万"] for n in range(1, 20)]], 19, 2),
}


@pytest.mark.parametrize(("rows", "many", "width"), TAKEN.values(), ids=TAKEN)
def test_any_table_gets_a_report(brief: Runner, upload: Upload, rows: list[list[Any]], many: int, width: int) -> None:
    done = brief(report_job, upload(workbook(("s", rows)), "s.xlsx"))
    assert (done.result["rows"], done.result["columns"]) == (many, width)


def test_a_header_is_found_below_what_stands_above_it() -> None:
    found = layout_of([["A report", None, None], [None] * 3, ["a", "b", "c"], ["1", "2", "3"], ["4", "5", "6"]])
    assert found is not None
    assert (found.names, found.begin, found.titles) == (("a", "b", "c"), 3, ("A report",))
    assert layout_of([]) is None
    assert notes_below([3, 3, 1, 1], 3) == 2
    assert notes_below([1, 1], 3) == 0
