"""What is called: endpoints, documents and databases that really answer, answer wrongly, or do not answer."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tests.service import wait_for
from worker.catalogue.monitor import targets
from worker.catalogue.monitor.readings import ProbeFailed, Reading
from worker.catalogue.monitor.remote import Poller, stop
from worker.catalogue.monitor.sql import Database, one_select
from worker.catalogue.monitor.web import Document, Endpoint, Itself, figures_in, number_in, self_url
from worker.outcomes import JobFailed

METRICS = b"""# TYPE tailrace_jobs_waiting gauge
tailrace_jobs_waiting{queue="default"} 3.0
tailrace_jobs_waiting{queue="gpu"} 4.0
tailrace_jobs_live 9.0
tailrace_workers 2.0
tailrace_streams_open 12.0
tailrace_loop_lag_seconds 0.004
tailrace_degradation_level 1.0
"""


class Shop(BaseHTTPRequestHandler):
    """Somebody's service."""

    answers: ClassVar[dict[str, tuple[int, bytes]]] = {
        "/": (200, b"fine"),
        "/broken": (500, b"oh"),
        "/orders": (200, b'{"open": 17, "rate": "0.25", "names": ["a"], "late": true}'),
        "/page": (200, b"<html>"),
        "/huge": (200, b"1" * 3_000_000),
        "/metrics": (200, METRICS),
    }
    asked: threading.Event
    go_on: threading.Event
    seen: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.seen.append(self.headers.get("Authorization", ""))
        if self.path == "/hangs":
            self.asked.set()
            self.go_on.wait(20)
        code, body = self.answers.get(self.path, (404, b""))
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_HEAD = do_GET  # noqa: N815 - as http.server calls it

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """Whoever is cut off is gone."""


@pytest.fixture(scope="module")
def shop() -> Iterator[str]:
    """Where the shop is."""
    Shop.asked, Shop.go_on = threading.Event(), threading.Event()
    server = Server(("127.0.0.1", 0), Shop)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    Shop.go_on.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def _private(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAILRACE_ALLOW_PRIVATE_URLS", "1")


def endpoint(url: str, **more: Any) -> Endpoint:
    return Endpoint(targets.Http(kind="http", name="shop", url=url, **more))


def document(url: str, pointer: str) -> Document:
    return Document(targets.Json(kind="json", name="orders", url=url, pointer=pointer))


# HTTP ------------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("_private")
@pytest.mark.parametrize(
    ("path", "more", "code", "fault"),
    [
        ("/", {}, 200, None),
        ("/", {"method": "HEAD"}, 200, None),
        ("/broken", {}, 500, "it answers 500"),
        ("/broken", {"expect": 500}, 500, None),
        ("/", {"expect": 204}, 200, "it answers 200"),
        ("/huge", {}, 200, None),
    ],
)
def test_an_endpoint_gives_its_latency_and_its_code(
    shop: str, path: str, more: dict[str, Any], code: int, fault: str | None
) -> None:
    reading = endpoint(shop + path, **more).read()
    assert reading.values["shop.code"] == code
    assert reading.values["shop.latency"] > 0
    assert reading.fault == fault


@pytest.mark.usefixtures("_private")
def test_an_endpoint_that_refuses_is_an_outage_in_words() -> None:
    with pytest.raises(ProbeFailed, match="no connection"):
        endpoint("http://127.0.0.1:1/").read()


def test_a_private_address_is_refused_before_the_watch_begins() -> None:
    with pytest.raises(JobFailed) as failed:
        endpoint("http://127.0.0.1:1/")
    assert failed.value.code == "forbidden_url"


def test_a_name_that_leads_to_a_private_address_is_not_called(shop: str) -> None:
    with pytest.raises(ProbeFailed, match="no address that a job may reach"):
        endpoint(shop.replace("127.0.0.1", "localhost")).read()


@pytest.mark.usefixtures("_private")
@pytest.mark.parametrize(("pointer", "value"), [("/open", 17), ("/rate", 0.25)])
def test_a_document_gives_the_number_at_its_pointer(shop: str, pointer: str, value: float) -> None:
    assert document(shop + "/orders", pointer).read().values == {"orders": value}


@pytest.mark.usefixtures("_private")
@pytest.mark.parametrize(
    ("path", "pointer", "why"),
    [
        ("/orders", "/closed", "nothing at '/closed'"),
        ("/orders", "/names", "no number but list"),
        ("/orders", "/names/7", "nothing at"),
        ("/orders", "/open/more", "nothing at"),
        ("/orders", "/late", "no number but bool"),
        ("/page", "/open", "no JSON"),
        ("/huge", "", "longer than"),
        ("/nowhere", "", "it answers 404"),
    ],
)
def test_a_document_without_the_number_is_an_outage_in_words(shop: str, path: str, pointer: str, why: str) -> None:
    with pytest.raises(ProbeFailed, match=why):
        document(shop + path, pointer).read()


def test_a_document_may_be_nothing_but_the_number() -> None:
    assert number_in(b"42.5", "") == 42.5
    with pytest.raises(ProbeFailed, match="not finite"):
        number_in(b"1e999", "")


@pytest.mark.usefixtures("_private")
def test_a_call_that_hangs_is_cut_and_its_thread_ends(shop: str) -> None:
    Shop.asked.clear()
    poller = Poller("shop", endpoint(f"{shop}/hangs", timeout_seconds=60), every_seconds=1, timeout_seconds=60)
    assert Shop.asked.wait(20)
    stop([poller])
    assert poller.ended(0)


@pytest.mark.usefixtures("_private")
def test_a_call_that_takes_longer_than_it_may_is_an_outage(shop: str) -> None:
    poller = Poller("shop", endpoint(f"{shop}/hangs", timeout_seconds=0.2), every_seconds=60, timeout_seconds=0.2)
    found: list[Reading] = wait_for(lambda: list(poller.take()), what="the outage")
    stop([poller])
    assert found[0].fault in {"no answer within 0.2 s", "no answer in time"}


# The service itself ----------------------------------------------------------------------------------------------


def test_the_service_gives_its_own_figures_and_is_shown_its_token(shop: str) -> None:
    environ = {"TAILRACE_SELF_URL": f"{shop}/", "TAILRACE_TOKEN": "a token of sixteen"}
    reading = Itself(targets.Service(kind="service"), environ).read()
    assert reading.values == {
        "service.waiting": 7,
        "service.live": 9,
        "service.workers": 2,
        "service.streams": 12,
        "service.lag": 0.004,
        "service.level": 1,
    }
    assert set(reading.values) == set(targets.Service(kind="service").metrics())
    assert Shop.seen[-1] == "Bearer a token of sixteen"


def test_what_answers_in_the_services_place_is_an_outage() -> None:
    with pytest.raises(ProbeFailed, match="not Tailrace"):
        figures_in("<html> {")


@pytest.mark.parametrize(
    ("environ", "url"),
    [
        ({}, "http://127.0.0.1:8000"),
        ({"PORT": "8080", "TAILRACE_HOST": "::"}, "http://127.0.0.1:8080"),
        ({"TAILRACE_HOST": "10.1.2.3"}, "http://10.1.2.3:8000"),
        ({"TAILRACE_HOST": "::1"}, "http://[::1]:8000"),
        ({"TAILRACE_SELF_URL": "https://tailrace.example/", "PORT": "1"}, "https://tailrace.example"),
    ],
)
def test_the_service_is_where_it_listens_unless_the_operator_says_else(environ: dict[str, str], url: str) -> None:
    assert self_url(environ) == url


# Databases -------------------------------------------------------------------------------------------------------

Ask = Callable[..., Database]


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[Ask]:
    """A database of three orders, and what asks it."""
    path = tmp_path / "shop.db"
    with sqlite3.connect(path) as made:
        made.executescript("CREATE TABLE orders (price REAL); INSERT INTO orders VALUES (10), (20.5), (0.5);")
    made.close()
    opened: list[Database] = []

    def database(query: str, url: str = f"sqlite:///{path}", **more: Any) -> Database:
        target = targets.Sql(kind="sql", name="revenue", database="shop", query=query, **more)
        opened.append(Database(target, {"TAILRACE_SQL_SHOP": url}))
        return opened[-1]

    yield database
    for each in opened:
        each.close()


def test_a_database_gives_one_number(ask: Ask) -> None:
    database = ask("SELECT sum(price) FROM orders WHERE price % 2 >= 0 -- 100 %\n;")
    assert [database.read().values for _ in range(2)] == [{"revenue": 31}] * 2


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("SELECT price FROM orders", "several rows"),
        ("SELECT price FROM orders WHERE price > 99", "no row"),
        ("SELECT 1, 2", "several columns"),
        ("SELECT 'many'", "no number but str"),
        ("SELECT NULL", "no number but NoneType"),
        ("SELECT x FROM orders", "the query failed: no such column: x"),
        ("WITH a AS (SELECT 1) DELETE FROM orders", "the query failed: not authorized"),
        ("WITH a AS (SELECT 1) INSERT INTO orders SELECT 1", "the query failed: not authorized"),
        ("SELECT length(zeroblob(500000000))", "the query failed: string or blob too big"),
    ],
)
def test_a_query_that_gives_no_number_is_an_outage_in_words(ask: Ask, query: str, why: str) -> None:
    with pytest.raises(ProbeFailed, match=why):
        ask(query).read()
    assert ask("SELECT count(*) FROM orders").read().values == {"revenue": 3}


@pytest.mark.parametrize(
    "query", ["DELETE FROM orders", "SELECT 1; DROP TABLE orders", "ATTACH 'x' AS y", "PRAGMA query_only = OFF"]
)
def test_only_one_select_is_asked(query: str) -> None:
    with pytest.raises(JobFailed) as failed:
        one_select(query)
    assert failed.value.code == "not_a_select"


def test_a_query_without_an_end_is_ended(ask: Ask) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    with pytest.raises(ProbeFailed, match="interrupted"):
        ask(endless, timeout_seconds=0.1).read()
    poller = Poller("revenue", ask(endless, timeout_seconds=60), every_seconds=60, timeout_seconds=60)
    stop([poller])
    assert poller.ended(0)


def test_a_database_that_is_not_there_is_an_outage_and_no_file_is_made(ask: Ask, tmp_path: Path) -> None:
    with pytest.raises(ProbeFailed, match="no connection to the database shop"):
        ask("SELECT 1", f"sqlite:///{tmp_path}/other.db").read()
    assert not (tmp_path / "other.db").exists()


@pytest.mark.parametrize("url", ["", "no url: hunter2", "nosuchdb://u:hunter2@h/d", "oracle://u:hunter2@h/d"])
def test_a_database_that_the_worker_does_not_know_ends_the_job_without_its_secret(ask: Ask, url: str) -> None:
    with pytest.raises(JobFailed) as failed:
        ask("SELECT 1", url)
    assert failed.value.code == "no_such_database"
    assert "TAILRACE_SQL_SHOP" in failed.value.message
    assert "hunter2" not in str(failed.value)
