"""Whatever comes in, what goes out is an answer or a problem, and never one that nobody foresaw."""

import os
import string
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.factory import create_app
from app.web import pages
from tests.app.conftest import TOKEN, Web, problem

ALIKE = settings(
    max_examples=int(os.environ.get("TAILRACE_TESTS_EXAMPLES", "60")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
MEMBERS = st.sampled_from(
    ["type", "params", "priority", "labels", "timeout_seconds", "max_attempts", "expires_in_seconds", "delay_seconds",
     "concurrency_key", "cancel_when_unwatched_seconds", "reason", "grace_seconds", "odd"]
)  # fmt: skip
ODD = st.text(max_size=60) | st.sampled_from(["0" * 26, "latest", "nan", "-1", "9" * 50, "%00", "../..", "z" * 26, "0"])
PARAMETERS = st.lists(
    st.tuples(
        st.sampled_from(["wait", "limit", "cursor", "state", "label", "type", "name", "token", "after", "x"]), ODD
    ),
    max_size=4,
)
CALLS = st.sampled_from(
    [("GET", "/v1/jobs"), ("GET", "/v1/jobs/{id}"), ("DELETE", "/v1/jobs/{id}"), ("POST", "/v1/jobs/{id}/cancel"),
     ("POST", "/v1/jobs/{id}/retry"), ("GET", "/v1/jobs/{id}/artifacts/{id}"), ("GET", "/v1/job-types/{id}"),
     ("POST", "/v1/files"), ("GET", "/{id}"), ("OPTIONS", "/v1/jobs"), ("HEAD", "/v1/jobs/{id}")]
)  # fmt: skip
HEADER = st.text(alphabet=string.printable.strip() + " é", max_size=40)


def _foreseen(answer: Any) -> None:
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400 and answer.data:
        problem(answer, answer.status_code, answer.json["code"])


@ALIKE
@given(body=st.binary(max_size=200) | JSON.map(lambda v: msgspec.json.encode(_finite(v))), cancel=st.booleans())
def test_any_body_is_answered_or_refused(web: Web, body: bytes, cancel: bool) -> None:
    path = f"/v1/jobs/{'0' * 26}/cancel" if cancel else "/v1/jobs"
    _foreseen(web.client.post(path, data=body, content_type="application/json"))


@ALIKE
@given(members=st.dictionaries(MEMBERS, JSON, max_size=6), kind=st.sampled_from(["count", "report", "free", None]))
def test_any_members_are_answered_or_refused(web: Web, members: dict[str, Any], kind: str | None) -> None:
    body = _finite({**members, "type": kind} if kind else members)
    _foreseen(web.client.post("/v1/jobs", data=msgspec.json.encode(body), content_type="application/json"))


@ALIKE
@given(params=st.dictionaries(st.sampled_from(["n", "pace", "tags", "on", "factor", "file", "more", "maybe"]), JSON))
def test_any_params_are_answered_or_refused(web: Web, params: dict[str, Any]) -> None:
    for kind in ("count", "report", "free"):
        body = msgspec.json.encode({"type": kind, "params": _finite(params)})
        _foreseen(web.client.post("/v1/jobs", data=body, content_type="application/json"))


@ALIKE
@given(call=CALLS, name=ODD, query=PARAMETERS)
def test_any_id_and_query_are_answered_or_refused(
    web: Web, call: tuple[str, str], name: str, query: list[tuple[str, str]]
) -> None:
    method, path = call
    quick = [(key, "0" if key == "wait" and value.isdigit() else value) for key, value in query]
    raw = {"PATH_INFO": path.replace("{id}", name).encode().decode("latin-1")}
    _foreseen(web.client.open("/", method=method, query_string=quick, environ_overrides=raw))


@ALIKE
@given(
    name=st.sampled_from(
        ["Accept", "Authorization", "Content-Type", "Cookie", "Host", "Idempotency-Key", "If-None-Match", "Origin",
         "Range", "Sec-Fetch-Site", "Upgrade"]
    ),
    value=HEADER,
)  # fmt: skip
def test_any_header_is_answered_or_refused(make_web: Any, name: str, value: str) -> None:
    header = {name: value.encode().decode("latin-1")}
    for token in (None, TOKEN):
        client = make_web(token=token, origins=("https://friend.example",)).client
        _foreseen(client.get("/v1/jobs", headers=header))
        _foreseen(client.post("/v1/jobs", json={"type": "count"}, headers=header))


@ALIKE
@given(data=st.binary(max_size=300), boundary=st.text(alphabet="ab-\"' =;", max_size=5))
def test_any_form_is_answered_or_refused(web: Web, data: bytes, boundary: str) -> None:
    for body in (data, f"--{boundary}\r\n".encode() + data + f"\r\n--{boundary}--".encode()):
        _foreseen(web.client.post("/v1/files", data=body, content_type=f"multipart/form-data; boundary={boundary}"))


def _finite(value: Any) -> Any:
    """*value* as JSON can say it."""
    match value:
        case dict():
            return {key: _finite(each) for key, each in value.items()}
        case list():
            return [_finite(each) for each in value]
        case float() if value != value or value in {float("inf"), float("-inf")}:  # noqa: PLR0124 - NaN
            return 0.5
        case int() if abs(value) >= 1 << 64:
            return 1 << 63
        case _:
            return value


# The pages ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def paged(make_web: Any) -> Web:
    web: Web = make_web(token=TOKEN)
    web.app = create_app(web.parts, open_stream=web.app.view_functions["show"], draining=bool, page=pages.blueprint)
    return web


def test_the_pages_ask_for_the_token_themselves(paged: Web) -> None:
    for path in ("/", "/docs", f"/jobs/{'0' * 26}", "/jobs/odd"):
        answer = paged.client.get(path)
        assert (answer.status_code, answer.mimetype) == (401, "text/html")
    problem(paged.client.get("/v1/jobs"), 401, "unauthenticated")


def test_whoever_signs_in_on_the_page_may_call(paged: Web) -> None:
    browser = paged.app.test_client()
    assert browser.post("/session", data={"token": "wrong"}).status_code == 401
    signed = browser.post("/session", data={"token": TOKEN})
    assert signed.status_code == 303
    cookie = signed.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert browser.get("/").status_code == 200
    assert browser.get("/v1/jobs").status_code == 200
    browser.post("/session/end")
    assert browser.get("/v1/jobs").status_code == 401


@pytest.mark.parametrize(("proxies", "secure"), [(1, True), (0, False)])
def test_behind_a_proxy_that_ends_tls_the_session_is_for_https(make_web: Any, proxies: int, secure: bool) -> None:
    web = make_web(token=TOKEN, proxies=proxies)
    web.app = create_app(web.parts, open_stream=web.app.view_functions["show"], draining=bool, page=pages.blueprint)
    signed = web.client.post("/session", data={"token": TOKEN}, headers={"X-Forwarded-Proto": "https"})
    assert ("Secure" in signed.headers["Set-Cookie"]) is secure


def test_a_form_of_another_origin_signs_nobody_in(paged: Web) -> None:
    answer = paged.client.post("/session", data={"token": TOKEN}, headers={"Origin": "https://evil.example"})
    problem(answer, 403, "origin_refused")
    assert "Set-Cookie" not in answer.headers


def test_a_form_too_large_is_refused(paged: Web) -> None:
    problem(paged.client.post("/session", data={"token": "x" * 1_000_000}), 413, "too_large")


def test_the_pages_keep_the_headers_that_their_forms_need(paged: Web) -> None:
    assert paged.client.get("/").headers["Referrer-Policy"] == "same-origin"
