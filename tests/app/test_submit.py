import io
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask.testing import FlaskClient

from jobs import events as ev
from jobs import keys
from jobs.catalogue import TypeEntry
from tests.app.conftest import Web, pointers, problem


def test_a_submitted_job_is_stored_before_it_is_answered(web: Web) -> None:
    answer = web.client.post("/v1/jobs", json={"type": "count", "params": {"n": 3}, "labels": {"env": "test"}})
    assert answer.status_code == 202
    job = answer.json
    assert answer.headers["Location"] == f"/v1/jobs/{job['id']}" == job["links"]["self"]
    assert job["state"] == "queued"
    assert job["params"] == {"n": 3}
    assert job["labels"] == {"env": "test"}
    assert job["queue"] == {"position": 1, "eta_seconds": None}
    assert job["served"] is False
    assert job["links"]["events"] == f"/v1/jobs/{job['id']}/events"
    assert web.parts.lifecycle.load(job["id"]).state == "queued"


def test_what_the_body_leaves_out_is_the_types_own(web: Web) -> None:
    job = web.submit("count")
    assert (job["max_attempts"], job["timeout_seconds"], job["priority"], job["params"]) == (2, 60, 5, {})
    job = web.submit("count", max_attempts=7, timeout_seconds=1.5, priority=9)
    assert (job["max_attempts"], job["timeout_seconds"], job["priority"]) == (7, 1.5, 9)


def test_the_most_urgent_job_is_first_in_the_queue(web: Web) -> None:
    web.submit("count")
    assert web.submit("count", priority=9)["queue"]["position"] == 1
    assert web.submit("count", priority=0)["queue"]["position"] == 3


def test_a_delayed_job_is_scheduled(web: Web) -> None:
    job = web.submit("count", delay_seconds=60, expires_in_seconds=90)
    assert job["state"] == "scheduled"
    assert job["created_at"] < job["until"] < job["expires_at"]
    assert job["queue"] is None


def test_a_caller_that_accepts_only_a_stream_gets_one_from_the_beginning(web: Web) -> None:
    answer = web.client.post("/v1/jobs", json={"type": "count"}, headers={"Accept": "text/event-stream"})
    assert answer.status_code == 200
    assert answer.content_type == "text/event-stream"
    job_id = answer.headers["Location"].rsplit("/", 1)[1]
    assert web.streams == [(job_id, "0")]


def test_a_type_published_this_very_moment_is_known(web: Web) -> None:
    web.submit("count")
    web.parts.catalogue.publish([TypeEntry(name="new", title="New", params_schema={"type": "object"})])
    web.submit("new")


# Faults ---------------------------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, ["/type"]),
        ({"type": ""}, ["/type"]),
        ({"type": 3}, ["/type"]),
        ({"type": "count", "params": []}, ["/params"]),
        ({"type": "count", "colour": "red", "a/b~c": 1}, ["/a~1b~0c", "/colour"]),
        ({"type": "count", "priority": 10}, ["/priority"]),
        ({"type": "count", "priority": -1}, ["/priority"]),
        ({"type": "count", "priority": True}, ["/priority"]),
        ({"type": "count", "priority": 1.5}, ["/priority"]),
        ({"type": "count", "priority": None}, ["/priority"]),
        ({"type": "count", "max_attempts": 0}, ["/max_attempts"]),
        ({"type": "count", "max_attempts": 21}, ["/max_attempts"]),
        ({"type": "count", "timeout_seconds": 0}, ["/timeout_seconds"]),
        ({"type": "count", "expires_in_seconds": -1}, ["/expires_in_seconds"]),
        ({"type": "count", "delay_seconds": 30 * 86400 + 1}, ["/delay_seconds"]),
        ({"type": "count", "delay_seconds": 1e300}, ["/delay_seconds"]),
        ({"type": "count", "delay_seconds": 10, "expires_in_seconds": 5}, ["/expires_in_seconds"]),
        ({"type": "count", "labels": {str(n): "x" for n in range(9)}}, ["/labels"]),
        ({"type": "count", "labels": {"a b": "x"}}, ["/labels/a b"]),
        ({"type": "count", "labels": {"a\n": "x"}}, ["/labels/a\n"]),
        ({"type": "count", "labels": {"": "x"}}, ["/labels/"]),
        ({"type": "count", "labels": {"a" * 41: "x"}}, [f"/labels/{'a' * 41}"]),
        ({"type": "count", "labels": {"a": "x" * 65}}, ["/labels/a"]),
        ({"type": "count", "labels": {"a": 1}}, ["/labels/a"]),
        ({"type": "count", "concurrency_key": "k"}, ["/concurrency_key"]),
        ({"type": "count", "cancel_when_unwatched_seconds": 3}, ["/cancel_when_unwatched_seconds"]),
        ({"priority": 99, "labels": [], "x": 1}, ["/labels", "/priority", "/type", "/x"]),
    ],
)
def test_every_fault_of_the_members_is_listed(
    client: FlaskClient, members: dict[str, Any], expected: list[str]
) -> None:
    assert pointers(problem(client.post("/v1/jobs", json=members), 422, "invalid_request")) == expected


def test_members_that_are_to_come_say_so(client: FlaskClient) -> None:
    answer = client.post("/v1/jobs", json={"type": "count", "concurrency_key": "k"})
    assert problem(answer, 422, "invalid_request")["errors"][0]["detail"] == "is not supported yet"


def test_an_unknown_type_is_not_found(client: FlaskClient) -> None:
    assert pointers(problem(client.post("/v1/jobs", json={"type": "nope"}), 404, "type_not_found")) == ["/type"]


@pytest.mark.parametrize(
    ("kind", "params", "expected"),
    [
        ("count", {"n": "3"}, ["/params/n"]),
        ("count", {"n": 1001}, ["/params/n"]),
        ("count", {"pace": "fast"}, ["/params/pace"]),
        ("count", {"on": "tomorrow"}, ["/params/on"]),
        ("count", {"factor": 1e300}, []),
        ("count", {"tags": ["a", 1, "b", None]}, ["/params/tags/1", "/params/tags/3"]),
        ("count", {"m": 1, "n": -1}, ["/params/m", "/params/n"]),
        ("report", {}, ["/params/file"]),
        ("report", {"file": "no id"}, ["/params/file"]),
        ("report", {"file": "0" * 26}, ["/params/file"]),
        ("report", {"file": None, "more": 3}, ["/params/file", "/params/more"]),
    ],
)
def test_params_are_held_against_the_types_schema(
    client: FlaskClient, kind: str, params: dict[str, Any], expected: list[str]
) -> None:
    answer = client.post("/v1/jobs", json={"type": kind, "params": params})
    if expected:
        assert pointers(problem(answer, 422, "invalid_params")) == expected
    else:
        assert answer.status_code == 202


def test_a_long_wrong_value_is_not_told_back_at_length(client: FlaskClient) -> None:
    answer = client.post("/v1/jobs", json={"type": "count", "params": {"n": "x" * 50_000, "tags": [1] * 2000}})
    told = problem(answer, 422, "invalid_params")
    assert len(answer.data) < 20_000
    assert len(told["errors"]) == 100


def test_what_else_a_choice_allows_is_told(client: FlaskClient) -> None:
    answer = client.post("/v1/jobs", json={"type": "count", "params": {"pace": "fast"}})
    assert problem(answer, 422, "invalid_params")["errors"][0]["detail"] == "'fast' is none of: number, null"


# Uploads --------------------------------------------------------------------------------------------------------------


def test_an_upload_is_held_by_the_job_that_names_it(web: Web) -> None:
    one, two = web.upload(), web.upload()
    job = web.submit("report", params={"file": one, "more": [two, one], "maybe": None})
    assert web.parts.lifecycle.load(job["id"]).request.files == [one, two]
    assert web.parts.client.smembers(keys.file_users(two)) == {job["id"].encode()}


def test_an_upload_that_is_not_kept_is_a_fault_where_it_stands(web: Web) -> None:
    kept, gone = web.upload(), web.upload()
    web.parts.files.delete(gone)
    body = {"type": "report", "params": {"file": kept, "more": [kept, gone], "maybe": gone}}
    told = problem(web.client.post("/v1/jobs", json=body), 422, "invalid_params")
    assert pointers(told) == ["/params/maybe", "/params/more/1"]


def test_a_job_names_a_bounded_number_of_uploads(web: Web) -> None:
    more = [web.upload() for _ in range(51)]
    answer = web.client.post("/v1/jobs", json={"type": "report", "params": {"file": more[0], "more": more}})
    assert pointers(problem(answer, 422, "invalid_params")) == ["/params"]


# Quota ----------------------------------------------------------------------------------------------------------------


def test_a_full_queue_is_answered_429_until_a_job_ends(make_web: Any) -> None:
    web = make_web(max_queued=2)
    web.submit()
    web.submit()
    answer = web.client.post("/v1/jobs", json={"type": "count"})
    problem(answer, 429, "queue_full")
    assert int(answer.headers["Retry-After"]) > 0
    web.run(ev.JobSucceeded())
    web.submit()


# Idempotency ----------------------------------------------------------------------------------------------------------


def _keyed(web: Web, key: str, **body: Any) -> Any:
    return web.client.post("/v1/jobs", json={"type": "count", **body}, headers={"Idempotency-Key": key})


def test_the_same_key_and_body_are_one_job(web: Web) -> None:
    first = _keyed(web, "k1", params={"n": 1}, priority=3)
    again = web.client.post(
        "/v1/jobs",
        data=b'{"priority":3,   "params":{"n":1}, "type":"count"}',
        content_type="application/json",
        headers={"Idempotency-Key": "k1"},
    )
    assert first.status_code == again.status_code == 202
    assert first.json["id"] == again.json["id"]
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["Location"] == first.headers["Location"]
    assert web.parts.index.live_count() == 1


def test_the_same_key_with_another_body_is_a_conflict(web: Web) -> None:
    _keyed(web, "k1", params={"n": 1})
    problem(_keyed(web, "k1", params={"n": 2}), 409, "idempotency_conflict")
    assert _keyed(web, "k2", params={"n": 2}).status_code == 202


def test_a_refused_body_does_not_use_up_its_key(web: Web) -> None:
    problem(_keyed(web, "k1", params={"n": -1}), 422, "invalid_params")
    assert _keyed(web, "k1", params={"n": 1}).status_code == 202


def test_the_same_key_many_times_at_once_is_one_job(web: Web) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: _keyed(web, "k1"), range(16)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json["id"] for answer in answers}) == 1
    assert web.parts.index.live_count() == 1


def test_a_submit_that_crashed_before_it_stored_the_job_is_finished_by_its_repeat(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(type(web.parts.lifecycle), "submit", lambda *_, **__: 1 / 0)
        problem(_keyed(web, "k1"), 500, "internal")
    assert _keyed(web, "k1").status_code == 202
    assert web.parts.index.live_count() == 1


def test_a_key_whose_job_is_gone_does_not_run_it_again(web: Web) -> None:
    job = _keyed(web, "k1").json
    web.run(ev.JobSucceeded())
    assert web.client.delete(f"/v1/jobs/{job['id']}").status_code == 204
    problem(_keyed(web, "k1"), 404, "job_not_found")


def test_a_replay_is_answered_although_the_queue_is_full(make_web: Any) -> None:
    web = make_web(max_queued=1)
    assert _keyed(web, "k1").status_code == 202
    assert _keyed(web, "k1").status_code == 202
    problem(_keyed(web, "k2"), 429, "queue_full")


@pytest.mark.parametrize("key", ["", " ", "a b", "é", "x" * 256])
def test_a_key_is_up_to_255_visible_characters(web: Web, key: str) -> None:
    problem(_keyed(web, key), 400, "malformed_header")
