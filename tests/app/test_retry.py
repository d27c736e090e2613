from typing import Any

import pytest

from jobs.events import Request
from jobs.files import new_id
from tests.app.conftest import Web, problem


def test_a_retry_is_a_new_job_with_the_same_params(web: Web) -> None:
    file_id = web.upload()
    job = web.submit("report", params={"file": file_id}, labels={"a": "b"}, priority=7, expires_in_seconds=60)
    web.client.post(f"/v1/jobs/{job['id']}/cancel")
    answer = web.client.post(f"/v1/jobs/{job['id']}/retry")
    again = answer.json
    assert answer.status_code == 202
    assert answer.headers["Location"] == f"/v1/jobs/{again['id']}"
    assert again["id"] != job["id"]
    assert (again["retry_of"], again["state"]) == (job["id"], "queued")
    for member in ("type", "params", "labels", "priority", "max_attempts"):
        assert again[member] == job[member]
    assert again["expires_at"] > job["expires_at"]
    assert web.parts.lifecycle.load(again["id"]).request.files == [file_id]


def test_a_retry_keeps_what_limits_the_job(web: Web) -> None:
    job = web.submit(concurrency_key="k", cancel_when_unwatched_seconds=60)
    web.client.post(f"/v1/jobs/{job['id']}/cancel")
    again = web.parts.lifecycle.head(web.client.post(f"/v1/jobs/{job['id']}/retry").json["id"])
    assert (again.concurrency_key, again.unwatched_seconds) == ("k", 60)


def test_a_retry_of_a_child_is_a_job_on_its_own(web: Web) -> None:
    parent, child = web.submit(), new_id()
    asked = Request(type="count", params={}, parent=parent["id"], parent_step="a", depth=1)
    web.parts.lifecycle.submit(child, asked)
    assert web.client.get(f"/v1/jobs/{child}").json["parent"] == parent["id"]
    web.client.post(f"/v1/jobs/{child}/cancel")
    again = web.client.post(f"/v1/jobs/{child}/retry").json
    request = web.parts.lifecycle.load(again["id"]).request
    assert (again["parent"], request.parent_step, request.depth) == (None, None, 0)


@pytest.mark.parametrize("running", [False, True])
def test_only_a_job_that_has_ended_is_retried_or_deleted(web: Web, running: bool) -> None:
    job = web.submit()
    if running:
        web.run()
    problem(web.client.post(f"/v1/jobs/{job['id']}/retry"), 409, "not_terminal")
    problem(web.client.delete(f"/v1/jobs/{job['id']}"), 409, "not_terminal")
    assert web.client.get(f"/v1/jobs/{job['id']}").status_code == 200


def test_a_full_queue_takes_no_retry_either(make_web: Any) -> None:
    web = make_web(max_queued=1)
    job = web.finished()
    web.submit()
    problem(web.client.post(f"/v1/jobs/{job['id']}/retry"), 429, "queue_full")
