import io
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.app.conftest import Web, pointers, problem


@pytest.mark.parametrize(
    ("body", "where"),
    [
        (b"", "ends too early"),
        (b"{", "byte 1"),
        (b'{"type": "count",}', "byte 17"),
        (b'{"type": NaN}', "byte 9"),
        (b'{"type": "count", "priority": Infinity}', "byte 30"),
        (b"\xef\xbb\xbf{}", "byte 0"),
        (b'{"type": "\xff"}', "byte 10"),
        (b'{"type": "\\ud800"}', "not JSON"),
        (b'{"type": "\\ud800x"}', "not"),
        (b'{"type": "count"} {}', "byte 19"),
        (b'{"type": 1e999}', "out of range"),
        (b'{"type": ' + b"1" * 5000 + b"}", "out of range"),
        (b'{"type": 100000000000000000000}', "64 bits"),
        (b'{"a":' + b"[" * 100 + b"]" * 100 + b"}", "64 levels"),
        (b"[" * 50_000, "levels"),
    ],
)
def test_a_body_that_is_no_json_is_malformed_and_told_where(client: FlaskClient, body: bytes, where: str) -> None:
    answer = client.post("/v1/jobs", data=body, content_type="application/json")
    assert where in problem(answer, 400, "malformed_body")["detail"]


@pytest.mark.parametrize("body", [b"[]", b"null", b'"count"', b"3"])
def test_a_body_that_is_no_object_is_invalid(client: FlaskClient, body: bytes) -> None:
    answer = client.post("/v1/jobs", data=body, content_type="application/json")
    assert pointers(problem(answer, 422, "invalid_request")) == [""]


@pytest.mark.parametrize(
    ("media_type", "headers"),
    [
        ("text/plain", {}),
        ("application/x-www-form-urlencoded", {}),
        ("", {}),
        ("application/json; charset=latin-1", {}),
        ("application/json", {"Content-Encoding": "gzip"}),
    ],
)
def test_only_json_in_utf8_is_taken(client: FlaskClient, media_type: str, headers: dict[str, str]) -> None:
    answer = client.post("/v1/jobs", data=b'{"type": "count"}', content_type=media_type, headers=headers)
    problem(answer, 415, "unsupported_media_type")


def test_a_charset_of_utf8_is_taken(client: FlaskClient) -> None:
    answer = client.post("/v1/jobs", data=b'{"type": "count"}', content_type="application/json; charset=UTF-8")
    assert answer.status_code == 202


class _Unread(io.BytesIO):
    """A body that must not be looked at."""

    def read(self, *_: Any) -> bytes:
        pytest.fail("the body was read")

    readinto = readline = read  # type: ignore[assignment]


def test_a_body_over_the_limit_is_refused_before_it_is_read(web: Web) -> None:
    size = str(web.parts.settings.max_body_bytes + 1)
    environ = {"wsgi.input": _Unread(), "CONTENT_LENGTH": size, "CONTENT_TYPE": "text/plain"}
    problem(web.client.post("/v1/jobs", environ_overrides=environ), 413, "too_large")


def test_a_body_in_chunks_is_read_up_to_the_limit(web: Web) -> None:
    def chunked(data: bytes) -> Any:
        environ = {"wsgi.input": io.BytesIO(data), "wsgi.input_terminated": True}
        headers = {"Transfer-Encoding": "chunked", "Content-Type": "application/json"}
        return web.client.post("/v1/jobs", environ_overrides=environ, headers=headers)

    assert chunked(b'{"type": "count"}').status_code == 202
    problem(chunked(b" " * 1_000_000), 413, "too_large")


def test_a_body_that_breaks_off_is_malformed(web: Web) -> None:
    environ = {"wsgi.input": io.BytesIO(b'{"type": "count"}'), "wsgi.input_terminated": True, "CONTENT_LENGTH": "99"}
    answer = web.client.post("/v1/jobs", environ_overrides=environ, content_type="application/json")
    assert "17 of 99" in problem(answer, 400, "malformed_body")["detail"]


def test_what_grows_too_large_for_the_log_is_refused(web: Web) -> None:
    body = b'{"type": "free", "params": {"a": [' + b",".join([b"1e15"] * 10_000) + b"]}}"
    assert len(body) < web.parts.settings.max_body_bytes
    problem(web.client.post("/v1/jobs", data=body, content_type="application/json"), 413, "too_large")
