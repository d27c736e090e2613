from typing import Any

import pytest

from tests.app.conftest import TOKEN, Web, problem

SUBMIT = {"json": {"type": "count"}}


# Host -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    ["localhost", "localhost:8000", "127.0.0.1", "127.0.0.1:1", "[::1]:8000", "[::1]", "LOCALHOST", "localhost."],
)
def test_on_loopback_the_service_goes_by_loopback_names(web: Web, host: str) -> None:
    assert web.client.get("/v1/jobs", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("path", ["/v1/jobs", "/livez", "/", "/nowhere", "/metrics"])
@pytest.mark.parametrize(
    "host",
    ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "localhost:80:80", "localhost@evil.example",
     "evil.example:8000", "", "[::1", "local host", "127.0.0.2", "10.0.0.1", "localhost, evil.example", "é"],
)  # fmt: skip
def test_a_wrong_host_is_refused_everywhere(web: Web, path: str, host: str) -> None:
    problem(web.client.get(path, environ_overrides={"HTTP_HOST": host}), 403, "host_refused")


def test_hosts_that_the_settings_name_are_answered(make_web: Any) -> None:
    web = make_web(hosts=("tail.example",))
    for host in ("tail.example", "tail.example:443", "Tail.Example", "localhost"):
        assert web.client.get("/livez", headers={"Host": host}).status_code == 200
    problem(web.client.get("/livez", headers={"Host": "other.example"}), 403, "host_refused")


def test_a_proxy_in_front_is_believed_where_the_settings_say_how_many_there_are(make_web: Any) -> None:
    def asked(proxies: int, host: str, forwarded: str) -> Any:
        web = make_web(hosts=("tail.example",), proxies=proxies)
        return web.client.get("/livez", headers={"Host": host, "X-Forwarded-Host": forwarded})

    assert asked(1, "10.0.0.7:8000", "tail.example").status_code == 200
    problem(asked(1, "tail.example", "evil.example"), 403, "host_refused")
    assert asked(0, "tail.example", "evil.example").status_code == 200
    problem(asked(0, "10.0.0.7:8000", "tail.example"), 403, "host_refused")


@pytest.mark.parametrize(
    ("settings", "answered"),
    [
        ({"host": "0.0.0.0", "token": TOKEN}, True),  # noqa: S104 - as an operator would
        ({"host": "0.0.0.0", "token": TOKEN, "hosts": ("tail.example",)}, False),  # noqa: S104 - as above
        ({"hosts": ("*",)}, True),
        ({"host": "::1"}, False),
    ],
)
def test_any_host_is_answered_only_beyond_loopback_or_when_asked_for(
    make_web: Any, settings: dict[str, Any], answered: bool
) -> None:
    answer = make_web(**settings).client.get("/livez", headers={"Host": "any.example"})
    assert (answer.status_code == 200) is answered


# Origin ---------------------------------------------------------------------------------------------------------------

#: Every unsafe call, and what a WebSocket begins with.
UNSAFE = [
    ("POST", "/v1/jobs"),
    ("POST", "/v1/files?name=a"),
    ("POST", "/v1/jobs/{id}/cancel"),
    ("POST", "/v1/jobs/{id}/retry"),
    ("DELETE", "/v1/jobs/{id}"),
    ("PUT", "/nowhere"),
]
FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "http://localhost.evil.example"},
    {"Origin": "http://localhost:9999"},
    {"Origin": "http://evil.example\\@localhost"},
    {"Origin": "http://localhost@evil.example"},
    {"Origin": "http://[::1"},
    {"Origin": "localhost"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
]


@pytest.mark.parametrize(("method", "path"), UNSAFE)
@pytest.mark.parametrize("headers", FOREIGN)
def test_a_page_of_another_origin_changes_nothing(web: Web, method: str, path: str, headers: dict[str, str]) -> None:
    job = web.submit()
    answer = web.client.open(path.format(id=job["id"]), method=method, headers=headers, data=b"")
    problem(answer, 403, "origin_refused")
    assert web.parts.index.live_count() == 1
    assert web.client.get(f"/v1/jobs/{job['id']}").json["state"] == "queued"


@pytest.mark.parametrize("headers", FOREIGN)
@pytest.mark.parametrize("upgrade", ["websocket", "WebSocket"])
def test_a_page_of_another_origin_opens_no_websocket(web: Web, headers: dict[str, str], upgrade: str) -> None:
    url = f"/v1/jobs/{web.submit()['id']}/events"
    answer = web.client.get(url, headers={"Upgrade": upgrade, "Connection": "Upgrade", **headers})
    problem(answer, 403, "origin_refused")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://localhost"},
        {"Origin": "https://localhost"},
        {"Origin": "http://localhost:80"},
        {"Origin": "http://LOCALHOST", "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://localhost:8000", "Host": "localhost:8000"},
        {"Origin": "http://[::1]:8000", "Host": "[::1]:8000"},
    ],
)
def test_the_services_own_pages_and_programs_may_call(web: Web, headers: dict[str, str]) -> None:
    assert web.client.post("/v1/jobs", headers=headers, **SUBMIT).status_code == 202


def test_reading_is_not_asked_where_it_comes_from(web: Web) -> None:
    answer = web.client.get("/v1/jobs", headers={"Origin": "https://evil.example"})
    assert answer.status_code == 200
    assert "Access-Control-Allow-Origin" not in answer.headers


# CORS -----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def friendly(make_web: Any) -> Web:
    web: Web = make_web(origins=("https://friend.example/",))
    return web


ASK = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}


def test_a_page_that_the_settings_name_may_call_and_read(friendly: Web) -> None:
    answer = friendly.client.post("/v1/jobs", headers={"Origin": "https://friend.example"}, **SUBMIT)
    assert answer.status_code == 202
    assert answer.headers["Access-Control-Allow-Origin"] == "https://friend.example"
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"
    assert "Location" in answer.headers["Access-Control-Expose-Headers"]
    assert "Origin" in answer.vary


def test_its_refusals_can_be_read_too(friendly: Web) -> None:
    answer = friendly.client.post("/v1/jobs", headers={"Origin": "https://friend.example"}, json={})
    assert problem(answer, 422, "invalid_request")
    assert answer.headers["Access-Control-Allow-Origin"] == "https://friend.example"


@pytest.mark.parametrize("origin", ["https://friend.example.evil", "http://friend.example", "https://friend.example:1"])
def test_a_page_that_only_looks_like_it_may_not(friendly: Web, origin: str) -> None:
    answer = friendly.client.post("/v1/jobs", headers={"Origin": origin}, **SUBMIT)
    problem(answer, 403, "origin_refused")
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert "Origin" in answer.vary


def test_a_preflight_needs_no_token_and_tells_what_may_be_sent(make_web: Any) -> None:
    web = make_web(token=TOKEN, origins=("https://friend.example",))
    answer = web.client.options("/v1/jobs", headers={"Origin": "https://friend.example", **ASK})
    assert (answer.status_code, answer.data) == (204, b"")
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    for header in ("Authorization", "Idempotency-Key", "Last-Event-ID"):
        assert header in answer.headers["Access-Control-Allow-Headers"]
    assert answer.headers["Access-Control-Allow-Origin"] == "https://friend.example"


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
def test_a_preflight_of_a_stranger_is_told_nothing(friendly: Web, web: Web, origin: str) -> None:
    for service in (friendly, web):
        answer = service.client.options("/v1/jobs", headers={"Origin": origin, **ASK})
        assert not [name for name, _ in answer.headers if name.startswith("Access-Control")]


def test_any_origin_may_call_without_credentials_where_the_settings_say_so(make_web: Any) -> None:
    web = make_web(origins=("*",))
    answer = web.client.post("/v1/jobs", headers={"Origin": "https://any.example"}, **SUBMIT)
    assert answer.status_code == 202
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in answer.headers
    problem(web.client.post("/v1/jobs", headers={"Origin": "null"}, **SUBMIT), 403, "origin_refused")


def test_a_plain_options_tells_the_methods(web: Web) -> None:
    answer = web.client.options("/v1/jobs")
    assert answer.status_code == 200
    assert set(answer.headers["Allow"].replace(" ", "").split(",")) == {"GET", "HEAD", "OPTIONS", "POST"}
