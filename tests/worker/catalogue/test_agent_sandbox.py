"""SQL over uploaded tables: what can be asked is answered, and there is no way out."""

import csv
import io
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.catalogue.agent.cells import plain, told
from worker.catalogue.agent.sandbox import Refused, Sandbox
from worker.catalogue.agent.syntax import fault
from worker.catalogue.agent.tables import Tables
from worker.outcomes import Cancelled, JobFailed

SAMPLE = Path(__file__).parents[3] / "examples" / "data" / "nyc-airports-2013.csv"


class Run:
    """A context that can be told to end, and cleans up when it does."""

    def __init__(self) -> None:
        self.ended = threading.Event()
        self.cleanups: list[Any] = []

    def raise_if_cancelled(self) -> None:
        if self.ended.is_set():
            raise Cancelled

    def cleanup(self, function: Any, *args: Any) -> None:
        self.cleanups.append((function, args))


@pytest.fixture(scope="module")
def ctx() -> Iterator[Run]:
    run = Run()
    yield run
    for function, args in run.cleanups:
        function(*args)


@pytest.fixture(scope="module")
def flights(ctx: Run, tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """The sample table, behind the lock."""
    folder = tmp_path_factory.mktemp("sandbox")
    sandbox = Sandbox(ctx, folder / "sql")  # type: ignore[arg-type] # all of a context that it uses
    with SAMPLE.open("rb") as file:
        (table,) = Tables(sandbox, folder / "tables").load(file, "Flights 2013.csv", "0" * 26)
    assert (table.name, table.rows, len(table.columns)) == ("flights_2013", 1095, 14)
    assert {column.name: column.kind for column in table.columns}["date"] == "date"
    assert next(column for column in table.columns if column.name == "airport").values == ["EWR", "JFK", "LGA"]
    sandbox.lock()
    return sandbox


def test_a_figure_is_that_of_the_file(flights: Sandbox) -> None:
    rows = list(csv.DictReader(io.StringIO(SAMPLE.read_text())))
    expected = sum(int(row["flights"]) for row in rows if row["airport"] == "JFK")
    assert flights.select("SELECT sum(flights) AS n FROM flights_2013 WHERE airport = 'JFK';", 10) == (
        ["n"],
        [(expected,)],
    )


@pytest.mark.parametrize(
    "query",
    [
        "WITH a AS (SELECT airport, sum(flights) AS n FROM flights_2013 GROUP BY 1) SELECT * FROM a ORDER BY n DESC",
        "SELECT airport, row_number() OVER (ORDER BY flights) FROM flights_2013 LIMIT 3",
        "SELECT a.airport FROM flights_2013 a JOIN flights_2013 b USING (date) WHERE a.flights > b.flights LIMIT 2",
        "SELECT * FROM (VALUES (1), (2)) AS t(n) UNION ALL SELECT n FROM range(3) AS r(n)",
        "FROM flights_2013 SELECT count(*) -- a remark",
        "SELECT unnest([1, 2, 3])",
        "SELECT regexp_replace(airport, 'W', 'w'), strftime(date, '%Y') FROM main.\"flights_2013\" LIMIT 1",
        "SELECT (SELECT max(flights) FROM flights_2013), CASE WHEN 1 = 1 THEN 'a' END",
    ],
)
def test_plain_questions_are_answered(flights: Sandbox, query: str) -> None:
    assert flights.select(query, 5)[1]


@pytest.mark.parametrize(
    "query",
    [
        "COPY flights_2013 TO 'out.csv'",
        "COPY (SELECT 1) TO 'out.csv'",
        "ATTACH 'other.db' AS other",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM read_blob('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        'SELECT * FROM "/etc/passwd"',
        "SELECT * FROM glob('/etc/*')",
        "SELECT * FROM parquet_scan('x.parquet')",
        "SELECT * FROM sniff_csv('/etc/passwd')",
        "INSTALL httpfs",
        "LOAD httpfs",
        "FORCE INSTALL httpfs FROM 'http://127.0.0.1/'",
        "PRAGMA database_list",
        "PRAGMA enable_external_access",
        "SET enable_external_access = true",
        "SET memory_limit = '100GB'",
        "RESET lock_configuration",
        "SELECT 1; DROP TABLE flights_2013",
        "SELECT 1; SELECT 2",
        "DROP TABLE flights_2013",
        "DELETE FROM flights_2013",
        "UPDATE flights_2013 SET flights = 0",
        "INSERT INTO flights_2013 SELECT * FROM flights_2013",
        "CREATE TABLE t AS SELECT 1",
        "CREATE MACRO m() AS 1",
        "EXPORT DATABASE 'out'",
        "CALL duckdb_settings()",
        "CHECKPOINT",
        "EXPLAIN ANALYZE SELECT 1",
        "DESCRIBE flights_2013",
        "SHOW ALL TABLES",
        "SELECT * FROM (DESCRIBE flights_2013)",
        "SELECT * FROM duckdb_settings()",
        "SELECT * FROM duckdb_secrets()",
        "SELECT current_setting('temp_directory')",
        "SELECT getenv('HOME')",
        "SELECT * FROM information_schema.tables",
        "SELECT * FROM pg_catalog.pg_class",
        "SELECT * FROM query('SELECT 1')",
        "SELECT * FROM query_table('flights_2013')",
        "SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT 1'))",
        "SELECT (SELECT content FROM read_text('/etc/passwd'))",
        "WITH a AS (SELECT * FROM read_csv('/etc/passwd')) SELECT * FROM a",
        "SELECT 1) AS t; DROP TABLE flights_2013; SELECT * FROM (SELECT 1",
        "SELECT * FROM query",
        "SELECT * FROM ctx",
        "SELECT",
        "",
        "SELECT '" + "x" * 20_000 + "'",
    ],
)
def test_there_is_no_way_out(flights: Sandbox, query: str) -> None:
    with pytest.raises(Refused) as refused:
        flights.select(query, 5)
    assert "root:" not in str(refused.value)
    assert flights.select("SELECT count(*) FROM flights_2013", 5)[1] == [(1095,)]


@pytest.mark.parametrize(
    "query",
    ["SELECT * FROM read_csv('/etc/passwd')", "COPY (SELECT 1) TO 'out.csv'", "INSTALL httpfs", "SET threads = 64",
     "SET enable_external_access = true", "ATTACH 'other.db'", "SET lock_configuration = false"],
)  # fmt: skip
def test_the_database_itself_refuses_too_should_a_query_ever_pass(flights: Sandbox, query: str) -> None:
    import duckdb

    with pytest.raises(duckdb.Error):
        flights._database.execute(query)


def test_a_query_ends_with_its_time(flights: Sandbox) -> None:
    with pytest.raises(Refused, match="longer than"):
        flights.select("SELECT count(*) FROM range(1000000000) a, range(1000000000) b", 5, seconds=0.1)
    assert flights.select("SELECT 1", 5)[1] == [(1,)]


def test_a_cancel_breaks_a_query_off(tmp_path: Path) -> None:
    run = Run()
    sandbox = Sandbox(run, tmp_path)  # type: ignore[arg-type] # as above
    timer = threading.Timer(0.1, run.ended.set)
    timer.start()
    with pytest.raises(Cancelled):
        sandbox.select("SELECT count(*) FROM range(1000000000) a, range(1000000000) b", 5)
    timer.join()
    assert [thread for thread in threading.enumerate() if "_into" in thread.name] == []
    for function, args in run.cleanups:
        function(*args)


def test_memory_has_a_bound(flights: Sandbox) -> None:
    with pytest.raises(Refused, match="Memory"):
        flights.select("SELECT list(n) FROM range(1000000000) AS t(n)", 1)


def test_rows_have_a_bound(flights: Sandbox) -> None:
    assert len(flights.select("SELECT * FROM range(1000000)", 7)[1]) == 7


@settings(max_examples=30, deadline=None)
@given(
    st.recursive(
        st.none() | st.text() | st.integers(), lambda x: st.lists(x) | st.dictionaries(st.text(), x), max_leaves=8
    )
)
def test_any_tree_is_judged_without_a_fault_of_ours(tree: Any) -> None:
    assert fault({"statements": [tree]}, []) is None or isinstance(fault({"statements": [tree]}, []), str)


def load(ctx: Run, folder: Path, name: str, data: bytes) -> list[Any]:
    sandbox = Sandbox(ctx, folder / "sql")  # type: ignore[arg-type] # as above
    return list(Tables(sandbox, folder / "tables").load(io.BytesIO(data), name, "0" * 26))


def test_tables_of_every_kind_are_read(ctx: Run, tmp_path: Path) -> None:
    import gzip

    import polars as pl

    frame = pl.DataFrame({"city": ["Oslo", "Bern"], "people": [700_000, 130_000]})
    frame.write_parquet(tmp_path / "p")
    files = {
        "a.csv": frame.write_csv().encode("utf-16"),
        "a.tsv": frame.write_csv(separator="\t").encode(),
        "a.csv.gz": gzip.compress(frame.write_csv().encode()),
        "a.jsonl": frame.write_ndjson().encode(),
        "a.json": frame.write_json().encode(),
        "a.parquet": (tmp_path / "p").read_bytes(),
    }
    for number, (name, data) in enumerate(files.items()):
        (table,) = load(ctx, tmp_path / str(number), name, data)
        assert ([(c.name, c.kind) for c in table.columns], table.rows) == (
            [("city", "text"), ("people", "number")],
            2,
        ), name


@pytest.mark.parametrize("name", ["a.csv", "a.parquet", "a.json", "a.jsonl", "a.xlsx"])
def test_what_is_no_table_says_so(ctx: Run, tmp_path: Path, name: str) -> None:
    for number, data in enumerate((b"", bytes(range(256)) * 9)):
        with pytest.raises(JobFailed) as failed:
            load(ctx, tmp_path / str(number), name, data)
        assert failed.value.code == "unreadable"
        assert str(tmp_path) not in failed.value.message


def test_a_name_that_is_a_pattern_reads_no_other_file(ctx: Run, tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("a\n9\n")
    (table,) = load(ctx, tmp_path, "*.csv", b"b\n1\n")
    assert [column.name for column in table.columns] == ["b"]


def test_rows_that_do_not_fit_are_left_out_and_counted(ctx: Run, tmp_path: Path) -> None:
    rows = "".join(f"{n},{n}\n" for n in range(300))
    (table,) = load(ctx, tmp_path, "a.csv", f"a,b\n{rows}1,2,3,4\n{rows}".encode())
    assert table.rows >= 600


@pytest.mark.parametrize(
    ("value", "json", "words"),
    [
        (1, 1, "1"),
        (1234567, 1234567, "1,234,567"),
        (0.1 + 0.2, 0.3, "0.3"),
        (None, None, "–"),
        ("x" * 500, "x" * 199 + "…", None),
        (12345.678, 12345.678, "12,345.7"),
        (2**70, str(2**70), None),
        (float("nan"), "nan", None),
        (b"ab", "2 bytes", None),
    ],
)
def test_a_cell_is_json_and_can_be_said(value: Any, json: Any, words: str | None) -> None:
    assert plain(value) == json
    assert words is None or told(plain(value)) == words
