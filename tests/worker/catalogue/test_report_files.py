"""Several files make one report: the same columns become one table, others get a part of their own."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from jobs import events as ev
from tests.worker.catalogue.books import workbook
from worker.catalogue import report_job
from worker.outcomes import JobFailed

Upload = Callable[..., Path]
Runner = Callable[..., Any]


def rows(first: int, many: int) -> list[list[Any]]:
    return [
        [f"2024-{n % 12 + 1:02}-{n % 27 + 1:02}", 100 + n * 7 % 31, f"s{n % 3}"] for n in range(first, first + many)
    ]


def as_csv(names: list[str], found: list[list[Any]]) -> str:
    return "\n".join(",".join(map(str, row)) for row in [names, *found]) + "\n"


def parquet(frame: pl.DataFrame) -> bytes:
    out = io.BytesIO()
    frame.write_parquet(out)
    return out.getvalue()


NAMES = ["date", "sales", "shop"]


def test_files_of_any_format_with_the_same_columns_become_one_table(brief: Runner, upload: Upload) -> None:
    turned = [[shop, day, sales] for day, sales, shop in rows(12, 20)]
    frame = pl.DataFrame(rows(32, 18), schema=NAMES, orient="row")
    paths = [
        upload(as_csv(NAMES, rows(0, 12)), "a.csv"),
        upload(as_csv(["shop", "date", "sales"], turned), "b.csv"),
        upload(parquet(frame), "c.parquet"),
        upload(workbook(("s", [NAMES, *rows(50, 10)])), "d.xlsx"),
        upload("\n".join(json.dumps(dict(zip(NAMES, row, strict=True))) for row in rows(60, 5)), "e.jsonl"),
    ]
    done = brief(report_job, paths[0], more=paths[1:])
    assert (done.result["rows"], done.result["columns"]) == (65, 4)
    found = {c["column"]["name"]: c for c in json.loads(done.artifacts["figures.json"])["columns"]}
    assert list(found) == [*NAMES, "source"]
    assert dict(found["source"]["top"]) == {"a.csv": 12, "b.csv": 20, "c.parquet": 18, "d.xlsx": 10, "e.jsonl": 5}
    assert found["sales"]["spread"]["sum"] == sum(row[1] for row in rows(0, 65))
    assert "5 files with the same columns stand in one table" in done.text


def test_a_far_value_is_told_with_the_file_that_it_is_in(brief: Runner, upload: Upload) -> None:
    odd = rows(30, 30)
    odd[7][1] = 99_999
    paths = [upload(as_csv(NAMES, rows(0, 30)), "a.csv"), upload(as_csv(NAMES, odd), "b.csv")]
    done = brief(report_job, paths[0], more=paths[1:])
    assert "sales is 99,999 on line 9 of b.csv" in done.text


def test_other_columns_get_a_part_of_their_own(run: Runner, upload: Upload) -> None:
    other = as_csv(["month", "price"], [[f"2023-{n:02}", n * n] for n in range(1, 13)])
    done = run(
        report_job, upload(as_csv(NAMES, rows(0, 40)), "a.csv"), more=[upload(other, "b.csv")], value_column="price"
    )
    assert done.result["rows"] == 40
    assert [(more["file"], more["rows"]) for more in done.result["more_tables"]] == [("b.csv", 12)]
    assert {"figures.json", "table-2-figures.json", "trend-1.svg", "table-2-trend-1.svg"} <= set(done.artifacts)
    page = done.artifact("report.html")
    assert page.count('<h2 id="reading') == 2
    ids = [part.split('"')[0] for part in page.split(' id="')[1:]]
    assert len(ids) == len(set(ids))
    for step in ("read", "profile", "anomalies", "charts"):
        fractions = [event.fraction or 0 for event in done.of(ev.StepProgressed) if event.name == step]
        assert fractions == sorted(fractions)
        assert fractions[-1] == 1


def test_one_bad_file_of_several_is_named_by_its_failure(brief: Runner, upload: Upload) -> None:
    with pytest.raises(JobFailed) as failed:
        brief(report_job, upload(as_csv(NAMES, rows(0, 9)), "a.csv"), more=[upload(b"%PDF-1.7 x", "b.pdf")])
    assert failed.value.code == "not_a_table"
    assert "b.pdf" in failed.value.message


def test_the_measures_that_were_asked_for_are_followed_and_no_others(brief: Runner, upload: Upload) -> None:
    text = as_csv(["date", "a", "b", "c"], [[f"2024-01-{n % 28 + 1:02}", n % 7, n % 11, n % 13] for n in range(60)])
    done = brief(report_job, upload(text), value_columns=["C", "a"])
    measured = {trend["measure"] for trend in done.result["trends"]}
    assert measured - {"number of rows"} == {"a", "c"}
    assert done.result["trends"][0]["measure"] == "c"
    with pytest.raises(JobFailed) as failed:
        brief(report_job, upload(text), value_columns=["date"])
    assert failed.value.code == "no_such_column"
