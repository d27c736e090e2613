"""What the service answers to those who mean it no good, or know no better, as gunicorn really serves it."""

import json
import os
import re
import socket
import subprocess
import time
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest

from tests.service import BIN, ROOT, UNIT, Service, free_port

pytestmark = pytest.mark.acceptance

PROBLEM = "application/problem+json"


def raw(service: Service, request: bytes, *, wait: bool = True) -> tuple[int, dict[str, str], bytes]:
    """Sends bytes as they are; the answer's number, headers and body."""
    with socket.create_connection(("127.0.0.1", service.port), timeout=10) as sock:
        sock.sendall(request)
        answer = b""
        while wait and (data := sock.recv(65536)):
            answer += data
            head, end, body = answer.partition(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: (\d+)", head)
            if end and length and len(body) >= int(length[1]):
                break
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return int(first.split()[1]), headers, body


def is_problem(answer: httpx.Response, number: int) -> dict[str, Any]:
    assert answer.status_code == number, answer.text
    assert answer.headers["Content-Type"] == PROBLEM
    problem = answer.json()
    assert problem["status"] == number
    assert {"type", "title", "detail", "code", "errors"} <= set(problem)
    assert "Traceback" not in answer.text
    assert str(ROOT) not in answer.text
    return dict(problem)


@pytest.mark.parametrize(
    ("request_line", "number"),
    [
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nBad Header: 1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 9000 + b"\r\n\r\n", 431),
        (b"NONSENSE\r\n\r\n", 400),
    ],
)
def test_what_the_server_itself_refuses_is_a_problem_too(
    wide_service: Service, request_line: bytes, number: int
) -> None:
    status, headers, body = raw(wide_service, request_line)
    assert (status, headers["content-type"], json.loads(body)["status"]) == (number, PROBLEM, number)


def test_a_small_answer_comes_in_one_piece_and_tells_the_time(wide_service: Service) -> None:
    head = f"Host: 127.0.0.1:{wide_service.port}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", wide_service.port), timeout=10) as sock:
        for verb, rest in (("GET", b"\r\n\r\n{"), ("HEAD", b"\r\n\r\n"), ("GET", b"\r\n\r\n{")):
            sock.sendall(f"{verb} /v1/job-types/nobody HTTP/1.1\r\n{head}".encode())
            answer = sock.recv(65536)
            assert answer.startswith(b"HTTP/1.1 404")
            assert rest in answer
            assert answer.endswith(b"}" if verb == "GET" else rest)
            date = re.search(rb"\r\nDate: (.*)\r\n", answer)
            assert date
            assert abs(parsedate_to_datetime(date[1].decode()).timestamp() - time.time()) < 60 * UNIT


def test_a_body_over_the_limit_is_refused_before_it_is_read(wide_service: Service) -> None:
    head = (
        b"POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Content-Length: 10000000000\r\n\r\n{"
    )
    status, headers, _ = raw(wide_service, head)
    assert (status, headers["content-type"]) == (413, PROBLEM)


def test_a_chunked_body_is_read_no_further_than_the_limit(wide_service: Service) -> None:
    head = (
        b"POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n"
    )
    status, _, _ = raw(wide_service, head + (b"10000\r\n" + b" " * 65536 + b"\r\n") * 4)
    assert status == 413


BODIES = [
    ("application/json", b"{", 400),
    ("application/json", b"", 400),
    ("application/json", b"\xff\xfe", 400),
    ("application/json", b'{"type": NaN}', 400),
    ("application/json", b"[" * 5000, 400),
    ("application/json", b'{"type": "steady", "params": {}, "labels": {"half": "\\ud800"}}', 400),
    ("application/json", b'{"type": "steady", "params": {"\\udfff": 1}}', 400),
    ("application/json", b"[]", 422),
    ("application/json", b"{}", 422),
    ("text/plain", b"{}", 415),
    ("application/x-www-form-urlencoded", b"type=hello", 415),
    ("application/json", b'{"type": "no-such-type", "params": {}}', 404),
    ("application/json", b'{"type": "steady", "params": {"count": "many"}}', 422),
    ("application/json", b'{"type": "steady", "params": {"count": -1}}', 422),
    ("application/json", b'{"type": "steady", "params": {"surplus": 1}}', 422),
    ("application/json", b'{"type": "steady", "params": {}, "surplus": 1}', 422),
    ("application/json", b'{"type": "report", "params": {}}', 422),
    ("application/json", b'{"type": "report", "params": {"file": "../../etc/passwd"}}', 422),
    ("application/json", b'{"type": "report", "params": {"file": "01arz3ndektsv4rrffq69g5fav"}}', 422),
]


@pytest.mark.parametrize(("content_type", "body", "number"), BODIES)
def test_a_bad_submit_is_told_what_is_wrong(wide_service: Service, content_type: str, body: bytes, number: int) -> None:
    answer = httpx.post(f"{wide_service.url}/v1/jobs", content=body, headers={"Content-Type": content_type})
    problem = is_problem(answer, number)
    if number == 422:
        assert problem["errors"]
        assert all(set(error) == {"pointer", "detail"} for error in problem["errors"])


IDS = ["x", "%2e%2e", "..%2f..%2fetc%2fpasswd", "%00", "a" * 26 + "%0a", "🦆", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "*"]


@pytest.mark.parametrize("job_id", IDS)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("GET", "/events"),
        ("POST", "/cancel"),
        ("POST", "/retry"),
        ("DELETE", ""),
        ("GET", "/artifacts/x.txt"),
    ],
)
def test_an_odd_id_is_an_unknown_job(wide_service: Service, job_id: str, method: str, path: str) -> None:
    answer = httpx.request(method, f"{wide_service.url}/v1/jobs/{job_id}{path}")
    assert answer.status_code in {404, 405, 308}, answer.text
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    "name", ["../../../etc/passwd", "..%2f..%2fetc%2fpasswd", "%2e%2e/x", "%00", "/etc/passwd", "a/b", "..", "C:\\x"]
)
def test_an_artifact_name_leads_nowhere_else(wide_service: Service, name: str) -> None:
    job_id = wide_service.submit("steady", count=1)["id"]
    path = f"/v1/jobs/{job_id}/artifacts/{name}".encode()
    status, _, body = raw(wide_service, b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert status in {404, 400}
    assert b"root:" not in body


@pytest.mark.parametrize("name", ["../../evil.txt", "/etc/passwd", "..\\..\\evil", "a\x00b", "x" * 5000])
def test_an_uploads_name_is_only_a_name(wide_service: Service, name: str) -> None:
    answer = httpx.post(f"{wide_service.url}/v1/files", content=b"x", params={"name": name})
    assert answer.status_code in {201, 422, 400}
    if answer.status_code == 201:
        assert not set("/\\\x00") & set(answer.json()["name"])


@pytest.mark.parametrize(
    "query", ["limit=-1", "limit=0", "limit=99999999999999999999", "limit=x", "limit=", "state=odd"]
)
def test_a_list_asked_for_oddly_is_refused(wide_service: Service, query: str) -> None:
    is_problem(httpx.get(f"{wide_service.url}/v1/jobs?{query}"), 400)


@pytest.mark.parametrize("query", ["limit=-1", "limit=0", "limit=99999999", "after=garbage", "types=a%0Ab"])
def test_events_asked_for_oddly_as_json_are_refused(wide_service: Service, query: str) -> None:
    job_id = wide_service.submit("steady", count=1)["id"]
    headers = {"Accept": "application/json"}
    is_problem(httpx.get(f"{wide_service.url}/v1/jobs/{job_id}/events?{query}", headers=headers), 400)


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1:1", "http://localhost.evil.example"]
)
def test_a_page_of_another_origin_can_do_nothing(wide_service: Service, origin: str) -> None:
    job_id = wide_service.submit("steady", count=200, pause=0.05)["id"]
    headers = {"Origin": origin, "Content-Type": "application/json"}
    url = wide_service.url
    is_problem(httpx.post(f"{url}/v1/jobs", content=b'{"type":"steady"}', headers=headers), 403)
    is_problem(httpx.post(f"{url}/v1/files?name=x", content=b"x", headers=headers), 403)
    is_problem(httpx.post(f"{url}/v1/jobs/{job_id}/cancel", headers=headers), 403)
    is_problem(httpx.delete(f"{url}/v1/jobs/{job_id}", headers=headers), 403)
    upgrade = {"Origin": origin, "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
    is_problem(httpx.get(f"{url}/v1/jobs/{job_id}/events", headers=upgrade), 403)
    plain = httpx.get(f"{url}/v1/jobs/{job_id}", headers={"Origin": origin})
    assert "Access-Control-Allow-Origin" not in plain.headers
    assert httpx.post(f"{url}/v1/jobs/{job_id}/cancel", headers={"Origin": url}).status_code == 202


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "169.254.169.254"])
def test_a_wrong_host_is_refused(wide_service: Service, host: str) -> None:
    status, headers, _ = raw(
        wide_service, f"GET /v1/jobs HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
    )
    assert (status, headers["content-type"]) in {(403, PROBLEM), (400, PROBLEM)}


def test_binding_every_address_without_a_token_does_not_start(wide_service: Service) -> None:
    env = {**os.environ, **wide_service.env, "TAILRACE_HOST": "0.0.0.0", "PORT": str(free_port())}  # noqa: S104
    command = [str(BIN / "gunicorn"), "-c", "gunicorn.conf.py", "app.wsgi:app"]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode != 0
    assert "TAILRACE_HOST" in done.stderr
    assert "TAILRACE_TOKEN" in done.stderr
