from http import HTTPStatus

import pytest
from flask.testing import FlaskClient

from app.problems import CODE_OF_NUMBER, CODES, RETRY_AFTER, Problem, document
from tests.app.conftest import Web, problem


@pytest.mark.parametrize(
    "path", ["/", "/nowhere", "/v1", "/v1/", "/v1/jobs/", "/v1//jobs", "/V1/jobs", "/v1/jobs/x/y/z"]
)
def test_a_path_that_leads_nowhere_is_not_found(client: FlaskClient, path: str) -> None:
    problem(client.get(path), 404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/v1/jobs", {"GET", "HEAD", "OPTIONS", "POST"}),
        ("DELETE", "/v1/jobs", {"GET", "HEAD", "OPTIONS", "POST"}),
        ("GET", f"/v1/jobs/{'0' * 26}/cancel", {"OPTIONS", "POST"}),
        ("GET", "/v1/files", {"OPTIONS", "POST"}),
        ("POST", "/livez", {"GET", "HEAD", "OPTIONS"}),
        ("TRACE", "/v1/jobs", {"GET", "HEAD", "OPTIONS", "POST"}),
        ("BREW", "/v1/jobs", {"GET", "HEAD", "OPTIONS", "POST"}),
    ],
)
def test_a_method_that_is_not_there_tells_those_that_are(
    client: FlaskClient, method: str, path: str, allowed: set[str]
) -> None:
    answer = client.open(path, method=method)
    problem(answer, 405, "method_not_allowed")
    assert set(answer.headers["Allow"].replace(" ", "").split(",")) == allowed


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/jobs"), ("POST", "/v1/jobs"), ("GET", "/v1/job-types"), ("POST", "/v1/files?name=a"),
     ("POST", f"/v1/jobs/{'0' * 26}/cancel"), ("POST", f"/v1/jobs/{'0' * 26}/retry")],
)  # fmt: skip
@pytest.mark.parametrize("accept", ["text/html", "image/*", "application/xml;q=1, application/json;q=0"])
def test_what_comes_in_no_acceptable_form_is_refused(client: FlaskClient, method: str, path: str, accept: str) -> None:
    problem(client.open(path, method=method, headers={"Accept": accept}), 406, "not_acceptable")


@pytest.mark.parametrize(
    "accept",
    ["", ",", "*", "*/*", "application/*", "application/json; charset=utf-8", "garbage", "text/html, */*;q=0.1"],
)
def test_whoever_can_take_json_gets_it(client: FlaskClient, accept: str) -> None:
    answer = client.get("/v1/jobs", headers={"Accept": accept})
    assert answer.status_code == (406 if accept == "garbage" else 200)


def test_what_nobody_foresaw_is_told_by_a_reference_only(
    web: Web, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def break_down(*_: object) -> None:
        raise RuntimeError("the secret of /etc/place")

    monkeypatch.setattr(type(web.parts.index), "announcing", break_down)
    answer = web.client.post("/v1/jobs", json={"type": "count"})
    told = problem(answer, 500, "internal")
    assert "secret" not in answer.text
    ref = told["detail"].partition("(ref ")[2].rstrip(").")
    assert ref
    assert ref in caplog.text
    assert "the secret of /etc/place" in caplog.text


def test_every_answer_carries_the_headers_that_keep_browsers_careful(web: Web) -> None:
    for path in ("/livez", "/nowhere", "/v1/jobs", f"/v1/jobs/{'0' * 26}"):
        headers = web.client.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_every_code_has_a_number_of_http_and_every_number_a_code() -> None:
    for code, number in CODES.items():
        assert 400 <= number < 600
        assert document(Problem(code, "d"))["title"] == HTTPStatus(number).phrase
    assert set(CODE_OF_NUMBER) == set(CODES.values())
    assert set(RETRY_AFTER) <= set(CODES)
    assert {code for code, number in CODES.items() if number in {429, 503}} == set(RETRY_AFTER)
