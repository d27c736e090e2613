"""Every row of an upload is accounted for, however the file is written."""

import gzip
import io
from collections.abc import Callable
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jobs import events as ev
from worker.catalogue import report_job
from worker.catalogue.tables.dialect import sniff
from worker.catalogue.tables.rows import BadRows, Lines, batches
from worker.outcomes import JobFailed

Upload = Callable[..., Path]
HEAD = "日期,城市,收入"
CITIES = {
    "utf-8": ["東京", "Köln", "Łódź"],
    "utf-8-sig": ["東京", "Köln", "Łódź"],
    "utf-16": ["東京", "Köln", "Łódź"],
    "utf-16-le": ["北京", "上海", "Köln"],
    "utf-32": ["北京", "上海", "Köln"],
    "gb18030": ["北京市", "上海市", "广州市"],
    "cp932": ["東京都", "大阪府", "ひらがな"],
    "cp1252": ["Köln", "Düsseldorf", "Nürnberg"],
    "cp1251": ["Москва", "Казань", "Омск"],
}


@pytest.mark.parametrize("codec", CITIES)
def test_a_file_is_read_in_its_own_encoding(run: Callable[..., object], upload: Upload, codec: str) -> None:
    cities = CITIES[codec]
    head = HEAD if codec.startswith(("utf", "gb")) else "date,city,amount"
    rows = [f"2024-{m:02}-01,{cities[m % 3]},{m * 10}" for m in range(1, 13)]
    done = run(report_job, upload("\n".join([head, *rows]).encode(codec)))
    assert done.result["rows"] == 12
    assert all(city in done.artifact("figures.json") for city in cities)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_ends_are_found(delimiter: str, end: str) -> None:
    rows = [["date", "amount", "note"], *([f"2024-01-{n:02}", f"{n},5", "a; b, c"] for n in range(1, 20))]
    text = end.join(delimiter.join(f'"{cell}"' for cell in row) for row in rows)
    found = sniff(text, whole=True)
    assert (found.delimiter, found.names) == (delimiter, ("date", "amount", "note"))


def test_decimal_commas_do_not_make_the_comma_a_delimiter() -> None:
    text = "name;a;b\n" + "".join(f"x{n};{n},5;{n},25\n" for n in range(30))
    assert sniff(text, whole=True).delimiter == ";"


def test_a_hint_for_the_spreadsheet_says_the_delimiter() -> None:
    found = sniff("sep=;\na,x;b\n1,5;2\n3,5;4\n", whole=True)
    assert (found.names, found.skip) == (("a,x", "b"), 2)


HEADERS = {
    "names": ("date,a\n2024-01-01,5\n2024-01-02,6\n", ("date", "a"), False),
    "years as names": ("account,2022,2023\nsales,5,6\ncosts,7,8\n", ("account", "2022", "2023"), False),
    "months as names": ("account,1,2,3\nsales,5,6,7\n", ("account", "1", "2", "3"), False),
    "none": ("2024-01-01,5\n2024-01-02,6\n", ("column 1", "column 2"), True),
    "a title above": ("Report of May\n\ndate,a\n2024-01-01,5\n2024-01-02,6\n2024-01-03,6\n", ("date", "a"), False),
    "repeated": ("a,a,\n1,2,3\n", ("a", "a (2)", "column 3"), False),
}


@pytest.mark.parametrize(("text", "names", "headless"), HEADERS.values(), ids=HEADERS)
def test_the_header_is_told_from_data(text: str, names: tuple[str, ...], headless: bool) -> None:
    found = sniff(text, whole=True)
    assert (found.names, found.headless) == (names, headless)


def test_bad_rows_are_counted_and_shown_with_their_lines(run: Callable[..., object], upload: Upload) -> None:
    lines = ["a,b,c", *(["1,2,3"] * 10), "1,2", *(["4,5,6"] * 10), "1,2,3,4", '"x\ny",2,3', "7,8", ""]
    done = run(report_job, upload("\n".join(lines)))
    assert (done.result["rows"], done.result["bad_rows"]) == (21, 3)
    figures = pl.read_json(io.BytesIO(done.artifacts["figures.json"]))["reading"][0]
    assert [(row["line"], row["fields"]) for row in figures["bad_shown"]] == [(12, 2), (23, 4), (26, 2)]
    assert "3 rows were left out" in done.text
    assert "2 with 2 fields and 1 with 4 fields" in done.text


@given(st.lists(st.lists(st.sampled_from(["a", "b c", 'd"e', "f,g", "h\ni", ""]), min_size=1, max_size=4), max_size=40))
@example(rows=[["", "", ""]])
def test_every_row_is_either_taken_or_counted_as_bad(rows: list[list[str]]) -> None:
    text = io.StringIO()
    text.write("one,two,three\n")
    for row in rows:
        text.write(",".join('"' + cell.replace('"', '""') + '"' for cell in row) + "\r\n")
    text.seek(0)
    bad, dialect = BadRows(), sniff("one,two,three\n1,x,y\n", whole=True)
    taken = [row[:-1] for batch in batches(Lines(text), dialect, bad) for row in batch]
    fitting = [row[:3] for row in rows if len(row) >= 3 and any(row) and not any(row[3:])]
    assert taken == fitting
    blank = [row for row in rows if not any(row)]
    assert bad.count == len(rows) - len(taken) - len(blank)


def test_gzip_tsv_and_parquet_give_the_same_figures_as_csv(run: Callable[..., object], upload: Upload) -> None:
    frame = pl.DataFrame(
        {
            "date": [date(2024, month, 1) for month in range(1, 13)] * 4,
            "shop": ["n", "s", "e", "w"] * 12,
            "sales": [float(n * n % 37) for n in range(48)],
        }
    )
    parquet = io.BytesIO()
    frame.write_parquet(parquet)
    text = frame.write_csv()
    files = {
        "t.csv": text.encode(),
        "t.csv.gz": gzip.compress(text.encode()),
        "t.tsv": frame.write_csv(separator="\t").encode(),
        "t.parquet": parquet.getvalue(),
    }
    results = [run(report_job, upload(data, name)).result for name, data in files.items()]
    for other in results[1:]:
        assert other["trends"] == results[0]["trends"]
        assert other["period"] == results[0]["period"]


def test_a_gzip_bomb_is_refused_before_it_fills_the_machine(
    run: Callable[..., object], upload: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.catalogue.texts.unpacking.MAX_TEXT_BYTES", 1 << 20)
    with pytest.raises(JobFailed) as failed:
        run(report_job, upload(gzip.compress(b"1,2\n" * 2_000_000)))
    assert failed.value.code == "too_large"


def test_progress_of_reading_goes_by_the_bytes_of_the_upload(run: Callable[..., object], upload: Upload) -> None:
    text = "a,b\n" + "".join(f"{n},{n * 7 % 13}\n" for n in range(300_000))
    done = run(report_job, upload(gzip.compress(text.encode())))
    read = [event for event in done.of(ev.StepProgressed) if event.name == "read" and event.unit == "bytes"]
    assert len(read) >= 3
    fractions = [event.fraction or 0 for event in read]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
