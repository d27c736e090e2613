import hashlib
import io
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.app.conftest import Web, files_below, pointers, problem

BOUNDARY = "frontier"


def _multipart(*parts: bytes, end: bytes = b"--frontier--\r\n") -> dict[str, Any]:
    data = b"".join(b"--frontier\r\n" + part + b"\r\n" for part in parts) + end
    return {"data": data, "content_type": f"multipart/form-data; boundary={BOUNDARY}"}


def _part(head: bytes, data: bytes = b"a,b\n") -> bytes:
    return b"Content-Disposition: form-data; " + head + b"\r\nContent-Type: text/csv\r\n\r\n" + data


FILE = _part(b'name="file"; filename="data.csv"')


def _kept(web: Web) -> list[Path]:
    return files_below(Path(web.parts.settings.files_url, "uploads"))


@pytest.fixture(autouse=True)
def _empty(web: Web) -> None:
    for path in _kept(web):
        path.unlink()


def test_a_raw_body_is_kept_byte_for_byte(web: Web) -> None:
    data = bytes(range(256)) * 5000
    answer = web.client.post("/v1/files?name=data.bin", data=data, content_type="application/gzip; x=y")
    record = answer.json
    assert answer.status_code == 201
    assert record == {
        "id": record["id"],
        "name": "data.bin",
        "bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "media_type": "application/gzip",
    }
    assert [path.read_bytes() for path in _kept(web)] == [data]
    assert web.parts.files.find(record["id"]).name == "data.bin"


def test_a_form_sends_the_same_file(web: Web) -> None:
    data = b"\r\n--frontie\r\n\n--frontier-\r\n" * 20_000
    answer = web.client.post("/v1/files", **_multipart(_part(b'name="file"; filename="data.csv"', data)))
    record = answer.json
    assert answer.status_code == 201
    assert (record["name"], record["bytes"], record["media_type"]) == ("data.csv", len(data), "text/csv")
    assert record["sha256"] == hashlib.sha256(data).hexdigest()


def test_an_empty_file_is_a_file(web: Web) -> None:
    assert web.client.post("/v1/files?name=a", environ_overrides={"CONTENT_LENGTH": "0"}).json["bytes"] == 0
    empty = _part(b'name="file"; filename="a.csv"', b"")
    assert web.client.post("/v1/files", **_multipart(empty)).json["bytes"] == 0


def test_a_file_in_chunks_is_taken(web: Web) -> None:
    environ = {"wsgi.input": io.BytesIO(b"x" * 200_000), "wsgi.input_terminated": True}
    answer = web.client.post("/v1/files?name=a", environ_overrides=environ, headers={"Transfer-Encoding": "chunked"})
    assert answer.json["bytes"] == 200_000


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\data.csv", "data.csv"),
        ("/etc/passwd", "passwd"),
        ("a\x00b\n.csv", "ab.csv"),
        ("日本 語.csv", "日本 語.csv"),
        ("x" * 300 + ".csv", "x" * 196 + ".csv"),
        (".hidden", "hidden"),
    ],
)
def test_a_file_name_is_made_plain(web: Web, given: str, kept: str) -> None:
    answer = web.client.post("/v1/files", query_string={"name": given}, data=b"x")
    assert answer.json["name"] == kept


@pytest.mark.parametrize("name", ["..", "../..", "/", "\x00", " . ", "a/"])
def test_a_name_of_which_nothing_is_left_is_refused(web: Web, name: str) -> None:
    answer = web.client.post("/v1/files", query_string={"name": name}, data=b"x")
    problem(answer, 422, "invalid_file")
    assert _kept(web) == []


def test_a_raw_body_needs_a_name(client: FlaskClient) -> None:
    problem(client.post("/v1/files", data=b"x"), 400, "malformed_query")


@pytest.mark.parametrize(
    "media_type", ["", "application/x-www-form-urlencoded", "odd", "a/b/c", "text/css", "application/javascript"]
)
def test_an_odd_media_type_is_taken_for_bytes(client: FlaskClient, media_type: str) -> None:
    answer = client.post("/v1/files?name=a", data=b"x", content_type=media_type)
    assert answer.json["media_type"] == "application/octet-stream"


def test_a_file_over_the_limit_is_refused_before_it_is_read(make_web: Any) -> None:
    web = make_web(max_file_bytes=1000)
    for body in ({"content_type": "text/csv"}, {"content_type": "multipart/form-data; boundary=x"}):
        environ = {"CONTENT_LENGTH": "1000000", "wsgi.input": None}
        problem(web.client.post("/v1/files?name=a", environ_overrides=environ, **body), 413, "too_large")


def test_a_file_that_grows_over_the_limit_is_not_kept(make_web: Any) -> None:
    web = make_web(max_file_bytes=1000)
    environ = {"wsgi.input": io.BytesIO(b"x" * 5000), "wsgi.input_terminated": True}
    headers = {"Transfer-Encoding": "chunked"}
    problem(web.client.post("/v1/files?name=a", environ_overrides=environ, headers=headers), 413, "too_large")
    big = _part(b'name="file"; filename="a.csv"', b"x" * 5000)
    problem(web.client.post("/v1/files", **_multipart(big)), 413, "too_large")
    exact = _part(b'name="file"; filename="a.csv"', b"x" * 1000)
    assert web.client.post("/v1/files", **_multipart(exact)).status_code == 201
    assert len(_kept(web)) == 1


def test_a_body_without_a_length_is_refused(client: FlaskClient) -> None:
    environ = {"wsgi.input_terminated": True, "wsgi.input": io.BytesIO(b"x")}
    problem(client.post("/v1/files?name=a", environ_overrides=environ), 411, "length_required")


def test_a_body_that_breaks_off_is_not_kept(web: Web) -> None:
    environ = {"wsgi.input": io.BytesIO(b"x" * 10), "wsgi.input_terminated": True, "CONTENT_LENGTH": "11"}
    problem(web.client.post("/v1/files?name=a", environ_overrides=environ), 400, "malformed_body")
    problem(web.client.post("/v1/files", **_multipart(FILE, end=b"")), 400, "malformed_body")
    assert _kept(web) == []


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [_part(b'name="other"; filename="a"')],
        [_part(b'name="file"')],
        [_part(b'name="file"; filename=""')],
        [_part(b'name="note"'), FILE],
        [FILE, FILE],
        [FILE, _part(b'name="note"')],
        [_part(b'filename="a"')],
    ],
)
def test_a_form_is_one_file_and_nothing_else(web: Web, parts: list[bytes]) -> None:
    problem_ = problem(web.client.post("/v1/files", **_multipart(*parts)), 422, "invalid_file")
    assert pointers(problem_) == ["/file"]
    assert _kept(web) == []


@pytest.mark.parametrize(
    "data",
    [
        b"junk" * 100_000,
        b"--frontier\r\nContent-Disposition: " + b"x" * 400_000,
        b"--frontier\r\nX: y\r\n\r\nz\r\n--frontier--",
        b'--frontier\r\nContent-Disposition: form-data; name="file"; filename="\xff"\r\n\r\nz\r\n--frontier--',
        b"--\r\n",
        b"",
    ],
)
@pytest.mark.parametrize("boundary", ["; boundary=frontier", "", "; boundary=", "; boundary=\xff"])
def test_a_form_that_is_none_is_malformed(web: Web, data: bytes, boundary: str) -> None:
    environ = {"CONTENT_LENGTH": str(len(data))}
    media_type = f"multipart/form-data{boundary}"
    answer = web.client.post("/v1/files", data=data, content_type=media_type, environ_overrides=environ)
    assert answer.status_code in {400, 422}
    assert _kept(web) == []


def test_a_store_that_cannot_write_is_told_without_its_path(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device", "/secret/place")

    monkeypatch.setattr(web.parts.files, "_write", refuse)
    answer = web.client.post("/v1/files?name=a", data=b"x")
    problem(answer, 503, "storage_unavailable")
    assert "secret" not in answer.text
    assert "Retry-After" in answer.headers


def test_an_upload_is_not_given_out_again(web: Web) -> None:
    file_id = web.upload()
    problem(web.client.get(f"/v1/files/{file_id}"), 404, "not_found")
