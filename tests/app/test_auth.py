import time
from typing import Any

import pytest
from flask import Response

from app.auth import COOKIE, Auth
from tests.app.conftest import TOKEN, Web, problem

#: One call of every kind: method and path.
CALLS = [
    ("GET", "/v1/jobs"),
    ("POST", "/v1/jobs"),
    ("GET", "/v1/jobs/{id}"),
    ("DELETE", "/v1/jobs/{id}"),
    ("POST", "/v1/jobs/{id}/cancel"),
    ("POST", "/v1/jobs/{id}/retry"),
    ("GET", "/v1/jobs/{id}/artifacts/a.txt"),
    ("GET", "/v1/events"),
    ("POST", "/v1/files"),
    ("GET", "/v1/job-types"),
    ("GET", "/v1/job-types/count"),
    ("GET", "/v1/openapi.json"),
    ("GET", "/metrics"),
    ("GET", "/nowhere"),
    ("PUT", "/v1/jobs"),
]


def _events(job_id: str) -> Response:
    return Response(job_id)


@pytest.fixture
def locked(make_web: Any) -> Web:
    """A service that asks for a token, with a route where a job's events would be."""
    web: Web = make_web(token=TOKEN)
    web.app.add_url_rule("/v1/jobs/<job_id>/events", "events", _events)
    return web


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _submit(web: Web) -> dict[str, Any]:
    answer = web.client.post("/v1/jobs", json={"type": "count"}, headers=_bearer(TOKEN))
    assert answer.status_code == 202
    return dict(answer.json)


@pytest.mark.parametrize(("method", "path"), CALLS)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        _bearer("wrong"),
        _bearer(TOKEN + "x"),
        _bearer(""),
        _bearer("\xe9" * 20),
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": TOKEN},
        {"Cookie": f"{COOKIE}={TOKEN}"},
        {"Cookie": f"{COOKIE}=x.y.z"},
    ],
)
def test_nobody_calls_without_the_token(locked: Web, method: str, path: str, headers: dict[str, str]) -> None:
    answer = locked.client.open(path.format(id="0" * 26), method=method, headers=headers)
    problem(answer, 401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_whoever_has_the_token_calls(locked: Web, method: str, path: str) -> None:
    answer = locked.client.open(path.format(id="0" * 26), method=method, headers=_bearer(TOKEN))
    assert answer.status_code not in {401, 403}


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_health_asks_for_no_token(locked: Web, path: str) -> None:
    assert locked.client.get(path).status_code == 200


def test_a_token_in_any_script_is_a_token(make_web: Any) -> None:
    web = make_web(token="длинный-секретный-токен")
    header = {"Authorization": "Bearer длинный-секретный-токен".encode().decode("latin-1")}
    assert web.client.get("/v1/jobs", headers=header).status_code == 200


def test_a_session_of_the_page_calls(locked: Web) -> None:
    auth = Auth(locked.parts.settings)
    value = auth.cookie(TOKEN)
    assert value is not None
    assert auth.cookie("wrong") is None
    assert TOKEN not in value
    assert locked.client.get("/v1/jobs", headers={"Cookie": f"{COOKIE}={value}"}).status_code == 200


def test_a_session_ends_with_the_token_it_was_opened_by(locked: Web, make_web: Any) -> None:
    old = Auth(make_web(token="another-long-token").parts.settings).cookie("another-long-token")
    problem(locked.client.get("/v1/jobs", headers={"Cookie": f"{COOKIE}={old}"}), 401, "unauthenticated")


def test_without_a_token_nobody_signs_in(web: Web) -> None:
    auth = Auth(web.parts.settings)
    assert (auth.needed, auth.cookie(""), auth.cookie("x")) == (False, None, None)
    assert "token" not in web.submit()["links"]["events"]


# The token in links.events --------------------------------------------------------------------------------------------


def test_the_address_of_a_jobs_events_opens_them_and_nothing_else(locked: Web) -> None:
    job = _submit(locked)
    events = job["links"]["events"]
    query = events.partition("?")[2]
    assert locked.client.get(events).data == job["id"].encode()
    assert locked.client.head(events).status_code == 200
    for path in (
        f"/v1/jobs/{job['id']}",
        "/v1/jobs",
        "/v1/events",
        f"/v1/jobs/{job['id']}/artifacts/a",
        "/metrics",
        "/v1/files",
    ):
        problem(locked.client.get(f"{path}?{query}"), 401, "unauthenticated")
    problem(locked.client.post(f"/v1/jobs/{job['id']}/cancel?{query}"), 401, "unauthenticated")
    problem(locked.client.post(events), 401, "unauthenticated")


def test_the_address_of_another_jobs_events_is_forbidden(locked: Web) -> None:
    one, two = _submit(locked), _submit(locked)
    query = one["links"]["events"].partition("?")[2]
    problem(locked.client.get(f"/v1/jobs/{two['id']}/events?{query}"), 403, "forbidden")


def test_a_session_is_no_stream_token_nor_the_other_way_round(locked: Web) -> None:
    job = _submit(locked)
    session = Auth(locked.parts.settings).cookie(TOKEN)
    problem(locked.client.get(f"/v1/jobs/{job['id']}/events?token={session}"), 401, "unauthenticated")
    stream = job["links"]["events"].partition("token=")[2]
    problem(locked.client.get("/v1/jobs", headers={"Cookie": f"{COOKIE}={stream}"}), 401, "unauthenticated")


@pytest.mark.parametrize("token", ["", "x", TOKEN, "a.b.c", "%00", "\xff", "é.é.é"])
def test_a_token_that_was_never_signed_opens_nothing(locked: Web, token: str) -> None:
    answer = locked.client.get(f"/v1/jobs/{_submit(locked)['id']}/events", query_string={"token": token})
    problem(answer, 401, "unauthenticated")


def test_a_stream_token_grows_old(locked: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    events = _submit(locked)["links"]["events"]
    assert locked.client.get(events).status_code == 200
    later = time.time() + locked.parts.settings.stream_token_seconds + 2
    monkeypatch.setattr("itsdangerous.timed.time.time", lambda: later)
    problem(locked.client.get(events), 401, "unauthenticated")
