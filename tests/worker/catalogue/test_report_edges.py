"""Whatever is uploaded: a clear result, or a clear failure."""

import gzip
import io
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from worker.catalogue import report_job
from worker.outcomes import JobFailed

Upload = Callable[..., Path]
JUNK = random.Random(5).randbytes(200_000)
PROSE = b"""Call me Ishmael. Some years ago, never mind how long precisely, having little or no money in my purse,
and nothing particular to interest me on shore, I thought I would sail about a little and see the watery part of the
world. It is a way I have of driving off the spleen and regulating the circulation. Whenever I find myself growing
grim about the mouth; whenever it is a damp, drizzly November in my soul; whenever I find myself involuntarily
pausing before coffin warehouses, and bringing up the rear of every funeral I meet, then, I account it high time.
"""


def parquet(frame: pl.DataFrame) -> bytes:
    out = io.BytesIO()
    frame.write_parquet(out)
    return out.getvalue()


REFUSED = {
    "zero bytes": (b"", "empty_file"),
    "blank lines": (b"\n\n  \r\n\n", "empty_file"),
    "nothing but a byte order mark": (b"\xef\xbb\xbf", "empty_file"),
    "a gzip of nothing": (gzip.compress(b""), "empty_file"),
    "binary junk": (JUNK, "not_a_table"),
    "a little binary junk": (JUNK[:90], "not_a_table"),
    "gzipped binary junk": (gzip.compress(JUNK), "not_a_table"),
    "half a gzip": (gzip.compress("".join(f"{n},{n * n % 97}\n" for n in range(9999)).encode())[:9000], "broken_gzip"),
    "a gzip with a wrong checksum": (gzip.compress(b"a,b\n1,2\n")[:-8] + b"\0" * 8, "broken_gzip"),
    "a broken Excel workbook": (b"PK\x03\x04" + JUNK, "not_a_table"),
    "a PDF": (b"%PDF-1.7\n" + JUNK, "not_a_table"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + JUNK, "not_a_table"),
    "a web page": (b"<!DOCTYPE html><html><body>a,b</body></html>", "not_a_table"),
    "JSON without a table": (b'{"a": 1,\n"b": 2}', "not_a_table"),
    "a single line of 5 MB": (b"x" * 5_000_000, "not_a_table"),
    "a single line of 5 MB with commas": (b"1," * 2_500_000, "too_many_columns"),
    "prose": (PROSE, "not_a_table"),
    "a header only": (b"date,amount\n", "no_rows"),
    "a header without a line end": (b"date,amount", "no_rows"),
    "a header and rows of another width": (b"a,b,c\n1,2\n", "no_rows"),
    "6,000 columns": (",".join(f"c{n}" for n in range(6000)).encode() + b"\n", "too_many_columns"),
    "a broken Parquet file": (b"PAR1" + JUNK, "broken_parquet"),
    "half a Parquet file": (parquet(pl.DataFrame({"a": range(9999)}))[:-900], "broken_parquet"),
    "a Parquet file without rows": (parquet(pl.DataFrame({"a": []}, schema={"a": pl.Int64})), "no_rows"),
}


@pytest.mark.parametrize(("data", "code"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_table_fails_with_a_code_and_a_sentence(
    run: Callable[..., Any], upload: Upload, data: bytes, code: str
) -> None:
    with pytest.raises(JobFailed) as failed:
        run(report_job, upload(data))
    assert failed.value.code == code
    assert failed.value.message.endswith(".")


def wide() -> str:
    rows = [",".join(str((n * 7 + row) % 100) for n in range(2000)) for row in range(50)]
    return ",".join(f"c{n}" for n in range(2000)) + "\n" + "\n".join(rows) + "\n"


TAKEN = {
    "no date column": ("name,amount\n" + "".join(f"n{n},{n % 7}\n" for n in range(30)), 30, 2),
    "no column of numbers": ("date,name\n" + "".join(f"2024-01-{n:02},x{n % 3}\n" for n in range(1, 29)), 28, 2),
    "only text": ("a,b\nfoo,bar\nbaz,qux\n", 2, 2),
    "one row": ("date,amount\n2024-01-01,5\n", 1, 2),
    "one cell": ("amount\n5\n", 1, 1),
    "one column": ("amount\n" + "".join(f"{n}\n" for n in range(50)), 50, 1),
    "no header": ("1,2.5,2024-01-01\n3,4.5,2024-01-02\n5,6.5,2024-01-03\n", 3, 3),
    "duplicate names": ("a,a,a\n1,2,3\n4,5,6\n", 2, 3),
    "empty names": (",,\n1,2,3\n4,5,6\n".replace(",,\n", "x,,\n"), 2, 3),
    "every value the same": ("date,a\n" + "".join(f"2024-01-{n:02},5\n" for n in range(1, 29)), 28, 2),
    "every value missing": ("a,b\n" + "NA,\n" * 20, 20, 2),
    "2,000 columns": (wide(), 50, 2000),
    "60,000 different texts": ("id,text\n" + "".join(f"{n},word {n} of it\n" for n in range(60_000)), 60_000, 2),
    "an enormous number": ("a,b\n" + "1e308,2\n-1e308,3\n1e400,4\n" * 9, 27, 2),
    "dates of the year 1 and 9999": ("date,a\n0001-01-01,1\n9999-12-31,2\n2024-01-01,3\n", 3, 2),
    "a quote that never ends": ("a,b\n" + "1,2\n" * 20 + '"oops,3\n' + "4,5\n" * 20, 20, 2),
    "quoted line ends": ('a,b\n"one\ntwo",1\n"three",2\n', 2, 2),
    "carriage returns only": ("a,b\r1,2\r3,4\r", 2, 2),
    "zero characters": ("a,b\n1,2\n3,x\0y\n" + "5,6\n" * 300, 302, 2),
    "names of signs": ("<b>x</b>,$y_1$,\u202eabc\n" + "1,2,3\n4,5,7\n" * 20, 40, 3),
}


@pytest.mark.parametrize(("text", "rows", "columns"), TAKEN.values(), ids=TAKEN)
def test_any_table_gets_a_report(run: Callable[..., Any], upload: Upload, text: str, rows: int, columns: int) -> None:
    done = run(report_job, upload(text))
    assert (done.result["rows"], done.result["columns"]) == (rows, columns)
    assert {"report.html", "report.md", "figures.json"} <= set(done.artifacts)


def every_type() -> bytes:
    rows = 40
    moments = pl.datetime_range(pl.datetime(2024, 1, 1), pl.datetime(2024, 2, 9), "1d", eager=True)
    frame = pl.DataFrame(
        {
            "whole": range(rows),
            "text": [f"t{n}" for n in range(rows)],
            "list": [[n] for n in range(rows)],
            "struct": [{"a": n} for n in range(rows)],
            "bytes": [b"\xff"] * rows,
            "null": [None] * rows,
            "truth": [n % 2 == 0 for n in range(rows)],
            "day": moments.dt.date(),
            "zoned": moments.dt.replace_time_zone("Asia/Shanghai"),
            "time": moments.dt.time(),
            "span": moments - moments[0],
            "float": [float("nan"), float("inf"), *map(float, range(rows - 2))],
        }
    )
    return parquet(
        frame.with_columns(
            pl.col("whole").cast(pl.Decimal(12, 2)).alias("decimal"), pl.col("text").cast(pl.Categorical).alias("sort")
        )
    )


def test_a_parquet_file_may_hold_any_type(run: Callable[..., Any], upload: Upload) -> None:
    done = run(report_job, upload(every_type(), "t.parquet"))
    columns = {column["column"]["name"]: column for column in json.loads(done.artifacts["figures.json"])["columns"]}
    kinds = {name: column["column"]["kind"] for name, column in columns.items()}
    assert kinds["list"] == kinds["struct"] == kinds["bytes"] == "nested"
    assert kinds["day"] == kinds["zoned"] == "date"
    assert kinds["decimal"] == "identifier"
    assert kinds["truth"] == kinds["sort"].replace("identifier", "category") == "category"
    assert columns["float"]["present"] == 38
    assert columns["null"]["present"] == 0
