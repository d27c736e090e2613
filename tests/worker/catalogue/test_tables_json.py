"""JSON of any shape that holds a table: every line and every object is accounted for."""

import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.catalogue import report_job
from worker.catalogue.tables.records import Columns, as_objects, objects_in
from worker.outcomes import JobFailed

Upload = Callable[..., Path]
Runner = Callable[..., Any]
RECORDS = [{"date": f"2024-{n % 12 + 1:02}-01", "shop": f"s{n % 3}", "sales": 100 + n * 7 % 31} for n in range(48)]
LINES = "\n".join(json.dumps(record) for record in RECORDS)
DEEP = '{"a":' * 20_000 + "1" + "}" * 20_000
SHAPES = {
    "lines": LINES,
    "an array": json.dumps(RECORDS),
    "an array over many lines": json.dumps(RECORDS, indent=2),
    "a list in a document": json.dumps({"took": 3, "data": RECORDS}, indent=1),
    "a list in a document on one line": json.dumps({"took": 3, "data": RECORDS}),
    "a list of lists": json.dumps([["date", "shop", "sales"], *[list(record.values()) for record in RECORDS]]),
}


@pytest.mark.parametrize("text", SHAPES.values(), ids=SHAPES)
def test_every_shape_gives_the_same_table(brief: Runner, upload: Upload, text: str) -> None:
    done = brief(report_job, upload(text, "t.json"), max_anomalies=1)
    assert done.result["rows"] == 48
    found = {c["column"]["name"]: c for c in json.loads(done.artifacts["figures.json"])["columns"]}
    assert list(found) == ["date", "shop", "sales"]
    assert found["sales"]["spread"]["sum"] == sum(record["sales"] for record in RECORDS)
    assert done.result["period"]["first"] == "Jan 2024"


def test_gzipped_lines_are_read_and_bad_ones_are_shown_with_their_line(brief: Runner, upload: Upload) -> None:
    lines = LINES.splitlines()
    lines[3:3] = ["not json", "[1, 2]", "", '"text"', DEEP]
    done = brief(report_job, upload(gzip.compress("\n".join(lines).encode()), "t.jsonl.gz"))
    assert (done.result["rows"], done.result["bad_rows"]) == (48, 4)
    shown = pl.read_json(io.BytesIO(done.artifacts["figures.json"]))["reading"][0]["bad_shown"]
    assert [row["line"] for row in shown] == [4, 5, 7, 8]
    assert "JSON lines, gzipped" in done.text


def test_members_of_members_are_columns_and_later_ones_are_empty_before(
    brief: Runner, upload: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.catalogue.tables.read_json.BATCH_CELLS", 100)
    first = [{"id": f"k{n}", "at": {"place": {"x": n}}} for n in range(300)]
    last = [{"id": "z", "at": {"place": {"x": 1}, "when": "now"}, "tags": ["a", "b"]}]
    done = brief(report_job, upload("\n".join(map(json.dumps, first + last)), "t.ndjson"))
    found = {c["column"]["name"]: c for c in json.loads(done.artifacts["figures.json"])["columns"]}
    assert list(found) == ["id", "at.place.x", "at.when", "tags"]
    assert found["at.when"]["present"] == found["tags"]["present"] == 1
    assert found["tags"]["top"] == [['["a","b"]', 1]]


REFUSED = {
    "nested without end": ("\n".join([DEEP] * 10), "not_a_table"),
    "an object alone, with nothing in it": ("{}", "not_a_table"),
    "a list of numbers in a list": ("[[1, 2], [3", "not_a_table"),
    "a document without a list": ('{"a": {\n"b": 1}}', "not_a_table"),
    "an array that breaks off": (json.dumps(RECORDS)[:-9], "not_a_table"),
    "empty objects": ("[{}, {}]", "no_rows"),
}


@pytest.mark.parametrize(("text", "code"), REFUSED.values(), ids=REFUSED)
def test_json_that_is_no_table_fails_clearly(brief: Runner, upload: Upload, text: str, code: str) -> None:
    with pytest.raises(JobFailed) as failed:
        brief(report_job, upload(text, "t.json"))
    assert failed.value.code == code


def test_a_large_array_is_refused_with_the_way_out(
    brief: Runner, upload: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.catalogue.tables.read_json.MAX_JSON_BYTES", 1000)
    with pytest.raises(JobFailed, match="JSON lines"):
        brief(report_job, upload(json.dumps(RECORDS), "t.json"))


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=12,
)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.dictionaries(st.text(max_size=4), values, max_size=4), max_size=8))
def test_every_row_has_a_cell_for_every_column_known_by_then(records: list[dict[str, Any]]) -> None:
    columns = Columns()
    for record in records:
        row = columns.row(record)
        assert len(row) == len(columns.names)
        assert all(cell is None or isinstance(cell, str) for cell in row)


def test_the_longest_list_of_objects_is_the_table() -> None:
    assert objects_in({"a": [1, 2, 3], "b": [{"x": 1}], "c": [{"x": 1}, {"x": 2}]}) == ([{"x": 1}, {"x": 2}], "c")
    assert list(as_objects([["a", None], [1, 2]])) == [{"a": 1, "column 2": 2}]
