from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.app.conftest import Web, pointers, problem


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
        ({"type": "count", "concurrency_key": ""}, ["/concurrency_key"]),
        ({"type": "count", "concurrency_key": "k" * 201}, ["/concurrency_key"]),
        ({"type": "count", "concurrency_key": 3}, ["/concurrency_key"]),
        ({"type": "count", "cancel_when_unwatched_seconds": 0.5}, ["/cancel_when_unwatched_seconds"]),
        ({"type": "count", "cancel_when_unwatched_seconds": 30 * 86400 + 1}, ["/cancel_when_unwatched_seconds"]),
        ({"type": "count", "cancel_when_unwatched_seconds": "3"}, ["/cancel_when_unwatched_seconds"]),
        ({"priority": 99, "labels": [], "x": 1}, ["/labels", "/priority", "/type", "/x"]),
    ],
)
def test_every_fault_of_the_members_is_listed(
    client: FlaskClient, members: dict[str, Any], expected: list[str]
) -> None:
    assert pointers(problem(client.post("/v1/jobs", json=members), 422, "invalid_request")) == expected


def test_what_limits_a_job_is_in_its_request_and_its_head(web: Web) -> None:
    key = "owner/7 ü\n" + "k" * 190
    job = web.submit(concurrency_key=key, cancel_when_unwatched_seconds=2.5)
    request = web.parts.lifecycle.load(job["id"]).request
    assert (request.concurrency_key, request.cancel_when_unwatched_seconds) == (key, 2.5)
    head = web.parts.lifecycle.head(job["id"])
    assert (head.concurrency_key, head.unwatched_seconds) == (key, 2.5)


def test_a_key_and_labels_that_no_head_has_room_for_are_too_large(client: FlaskClient) -> None:
    labels = {str(n): "\U0001f40c" * 64 for n in range(4)}
    body = {"type": "count", "labels": labels, "concurrency_key": "\U0001f40c" * 200}
    problem(client.post("/v1/jobs", json=body), 413, "too_large")


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
