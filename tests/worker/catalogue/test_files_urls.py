"""Files under a URL: what a listing links to, and nothing that lies at an address of this machine's network."""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tailrace_testing import Told, rehearse
from worker.catalogue import files_job, outside
from worker.catalogue.files import limits


class Quiet(SimpleHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path.startswith("/away"):
            self.send_response(302)
            self.send_header("Location", self.path.partition("?")[2])
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            super().do_GET()

    do_HEAD = do_GET  # noqa: N815 - as http.server calls it

    def log_message(self, *_args: object) -> None:
        pass


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("site")
    (folder / "in" / "deep er").mkdir(parents=True)
    (folder / "in" / "a.txt").write_text("a")
    (folder / "in" / "deep er" / "ü.txt").write_text("b")
    (folder / "outside.txt").write_text("c")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://localhost:{server.server_port}"
        server.shutdown()
        thread.join()


def run(source: str, **more: Any) -> Told:
    return rehearse(files_job, {"source": source, "operation": {"kind": "text"}, "parallel": 1}, max_attempts=1, **more)


@pytest.fixture
def _inside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(outside.ALLOW_PRIVATE, "1")


@pytest.mark.usefixtures("_inside")
def test_everything_that_a_listing_links_to_is_taken_folder_by_folder(site: str) -> None:
    told = run(f"{site}/in/", reraise=True)
    assert list(told.items) == ["a.txt", "deep er/ü.txt"]
    assert told.result["succeeded"] == 2


@pytest.mark.usefixtures("_inside")
def test_a_url_without_a_slash_is_one_file(site: str) -> None:
    told = run(f"{site}/in/a.txt", reraise=True)
    assert list(told.items) == ["a.txt"]
    assert run(f"{site}/in/none.txt").items["none.txt"]["error"]["code"] == "unreachable"


@pytest.mark.usefixtures("_inside")
def test_a_listing_that_is_not_there_ends_the_job_and_may_be_tried_again(site: str) -> None:
    told = run(f"{site}/none/")
    assert told.error is not None
    assert (told.error.code, told.error.retryable) == ("unreachable", True)


@pytest.mark.usefixtures("_inside")
def test_a_listing_without_an_end_is_given_up(site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_PAGE_BYTES", 100)
    told = run(f"{site}/in/")
    assert told.error is not None
    assert told.error.code == "unreachable"


def test_a_name_that_leads_into_this_machine_is_not_followed(site: str) -> None:
    told = run(f"{site}/in/")
    assert told.error is not None
    assert outside.ALLOW_PRIVATE in told.error.message


def test_a_redirect_into_this_machine_is_not_followed(site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first server is let through, as if it stood elsewhere; where it sends to is looked at anew."""
    port = site.rpartition(":")[2]
    monkeypatch.setattr(outside, "permitted", lambda address: address == "127.0.0.1")
    told = run(f"{site}/away?http://127.0.0.2:{port}/in/a.txt")
    assert told.items["away"]["error"]["code"] == "unreachable"
    assert run(f"{site}/away?http://127.0.0.1:{port}/in/a.txt", reraise=True).result["succeeded"] == 1


@pytest.mark.parametrize(
    "source", ["http://127.0.0.1/", "ftp://example.org/", "s3://bucket/", "memory://x/", "relative", "file:x"]
)
def test_a_url_that_is_not_allowed_is_refused(source: str) -> None:
    told = run(source)
    assert told.error is not None
    assert told.error.code == "forbidden_url"


def test_a_scheme_of_this_machine_is_refused_even_where_the_operator_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(outside.SCHEMES, "file,local,s3")
    for source in ("local://host/etc/", "s3://bucket/"):
        told = run(source)
        assert told.error is not None
        assert told.error.code == "forbidden_url"


def test_bounds_hold_for_folders_too(site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(outside.ALLOW_PRIVATE, "1")
    monkeypatch.setattr(limits, "MAX_FOLDERS", 1)
    told = run(f"{site}/in/")
    assert told.error is not None
    assert told.error.code == "too_many_files"
    assert not list(Path.cwd().glob("*.txt.tmp"))
