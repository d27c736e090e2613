import hashlib
from typing import Any

import pytest
from werkzeug.test import TestResponse

from jobs import events as ev
from tests.app.conftest import Web, problem

DATA = bytes(range(256)) * 1000


@pytest.fixture
def job_id(web: Web) -> str:
    job_id = str(web.submit()["id"])
    web.run()
    web.artifact(job_id, "data.bin", DATA, "application/x-data")
    return job_id


def _get(web: Web, job_id: str, name: str = "data.bin", **headers: str) -> TestResponse:
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    return web.client.get(f"/v1/jobs/{job_id}/artifacts/{name}", headers=named)


def test_the_bytes_are_the_artifacts(web: Web, job_id: str) -> None:
    answer = _get(web, job_id)
    assert (answer.status_code, answer.data) == (200, DATA)
    assert answer.headers["Content-Length"] == str(len(DATA))
    assert answer.headers["ETag"] == f'"{hashlib.sha256(DATA).hexdigest()}"'
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["Content-Type"] == "application/x-data"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="data.bin"'


def test_head_tells_of_the_bytes_without_them(web: Web, job_id: str) -> None:
    answer = web.client.head(f"/v1/jobs/{job_id}/artifacts/data.bin")
    assert (answer.status_code, answer.data, answer.headers["Content-Length"]) == (200, b"", str(len(DATA)))


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-9", 0, 9),
        ("bytes=100-", 100, len(DATA) - 1),
        ("bytes=-5", len(DATA) - 5, len(DATA) - 1),
        ("bytes=70000-200000", 70_000, 200_000),
        ("bytes=10-99999999", 10, len(DATA) - 1),
        ("bytes=0-0", 0, 0),
    ],
)
def test_a_range_is_a_part(web: Web, job_id: str, asked: str, first: int, last: int) -> None:
    answer = _get(web, job_id, Range=asked)
    assert answer.status_code == 206
    assert answer.data == DATA[first : last + 1]
    assert answer.headers["Content-Range"] == f"bytes {first}-{last}/{len(DATA)}"
    assert answer.headers["Content-Length"] == str(last - first + 1)


@pytest.mark.parametrize("asked", ["bytes=0-1,5-6", "lines=1-2", "bytes=x", "bytes=5-1", "bytes", ""])
def test_several_ranges_or_none_are_the_whole(web: Web, job_id: str, asked: str) -> None:
    answer = _get(web, job_id, Range=asked)
    assert (answer.status_code, len(answer.data)) == (200, len(DATA))


def test_a_range_outside_is_refused(web: Web, job_id: str) -> None:
    answer = _get(web, job_id, Range=f"bytes={len(DATA)}-")
    problem(answer, 416, "range_not_satisfiable")
    assert answer.headers["Content-Range"] == f"bytes */{len(DATA)}"


def test_a_range_holds_only_for_the_version_it_was_asked_of(web: Web, job_id: str) -> None:
    etag = _get(web, job_id).headers["ETag"]
    assert _get(web, job_id, Range="bytes=0-9", If_Range=etag).status_code == 206
    assert _get(web, job_id, Range="bytes=0-9", If_Range='"old"').status_code == 200


def test_what_the_caller_has_is_not_sent_again(web: Web, job_id: str) -> None:
    etag = _get(web, job_id).headers["ETag"]
    same = _get(web, job_id, If_None_Match=etag)
    assert (same.status_code, same.data) == (304, b"")
    problem(_get(web, job_id, If_Match='"other"'), 412, "precondition_failed")
    assert _get(web, job_id, If_Match=etag).status_code == 200


@pytest.mark.parametrize(
    ("name", "told", "content_type", "disposition"),
    [
        ("a.svg", "image/svg+xml", "image/svg+xml", "inline"),
        ("a.png", "image/png", "image/png", "inline"),
        ("a.html", "text/html", "text/html; charset=utf-8", "inline"),
        ("a.txt", "text/plain", "text/plain; charset=utf-8", "inline"),
        ("a.json", "application/json", "application/json", "inline"),
        ("a.csv", "text/csv; header=present", "text/csv; charset=utf-8", "attachment"),
        ("a.js", "text/javascript", "application/octet-stream", "attachment"),
        ("a.css", "text/css", "application/octet-stream", "attachment"),
        ("a.xhtml", "application/xhtml+xml", "application/octet-stream", "attachment"),
        ("a.xml", "text/xml", "application/octet-stream", "attachment"),
        ("a.wasm", "application/wasm", "application/octet-stream", "attachment"),
        ("a.x", "text/html\r\nX-Evil: 1", "application/octet-stream", "attachment"),
        ("a.y", "", "application/octet-stream", "attachment"),
        ("a.z", "TEXT/HTML", "text/html; charset=utf-8", "inline"),
    ],
)
def test_nothing_that_is_shown_can_run_in_the_pages_origin(
    web: Web, job_id: str, *, name: str, told: str, content_type: str, disposition: str
) -> None:
    web.artifact(job_id, name, b"<script>alert(1)</script>", told)
    answer = _get(web, job_id, name)
    assert answer.headers["Content-Type"] == content_type
    assert answer.headers["Content-Disposition"] == f'{disposition}; filename="{name}"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox; default-src 'none'")
    assert "script" not in policy
    assert "allow" not in policy


def test_a_name_in_any_script_comes_through(web: Web, job_id: str) -> None:
    web.artifact(job_id, "趋势 é.csv", b"x", "text/csv")
    answer = _get(web, job_id, "趋势 é.csv")
    assert answer.data == b"x"
    assert answer.headers["Content-Disposition"] == (
        "attachment; filename=\"e.csv\"; filename*=UTF-8''%E8%B6%8B%E5%8A%BF%20%C3%A9.csv"
    )


@pytest.mark.parametrize(
    "name",
    ["nope", "../data.bin", "..%2fdata.bin", "%2e%2e/%2e%2e/data.bin", "%2fetc%2fpasswd", "/etc/passwd", "data.bin%00",
     "a/data.bin", ".", "..", "%00", "x" * 2000, "data.bin/", "%ff"],
)  # fmt: skip
def test_only_what_the_jobs_record_names_is_given_out(web: Web, job_id: str, name: str) -> None:
    answer = _get(web, job_id, name)
    problem(answer, 404, answer.json["code"])


def test_a_file_in_the_folder_that_the_record_does_not_name_is_not_given_out(web: Web, job_id: str) -> None:
    web.parts.files.keep(job_id, "stray.txt", iter([b"x"]))
    problem(_get(web, job_id, "stray.txt"), 404, "artifact_not_found")


def test_a_recorded_file_that_is_gone_is_not_found(web: Web, job_id: str) -> None:
    web.parts.files.delete_artifacts(job_id)
    problem(_get(web, job_id), 404, "artifact_not_found")


def test_an_empty_artifact_is_one(web: Web, job_id: str) -> None:
    web.artifact(job_id, "empty", b"", "text/plain")
    assert _get(web, job_id, "empty").data == b""
    assert _get(web, job_id, "empty", Range="bytes=0-").status_code == 200


def test_an_artifact_outlives_its_job_until_that_is_deleted(web: Web, job_id: str) -> None:
    web.write(job_id, ev.JobSucceeded())
    assert _get(web, job_id).status_code == 200
    web.client.delete(f"/v1/jobs/{job_id}")
    problem(_get(web, job_id), 404, "job_not_found")


def test_no_file_stays_open(web: Web, job_id: str, recwarn: Any) -> None:
    for headers in ({}, {"Range": "bytes=0-9"}, {"If_None_Match": "*"}, {"Range": "bytes=999999999-"}):
        _get(web, job_id, **headers).close()
    assert [w for w in recwarn if issubclass(w.category, ResourceWarning)] == []
