"""Cancel, retry and delete."""

from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from jobs import events as ev
from tests.app.conftest import Web, files_below, pointers, problem


def test_a_job_that_waits_is_cancelled_at_once(web: Web) -> None:
    url = f"/v1/jobs/{web.submit()['id']}/cancel"
    answer = web.client.post(url, json={"reason": "not needed"})
    assert answer.status_code == 202
    assert answer.json["state"] == "cancelled"
    assert (answer.json["cancel"]["mode"], answer.json["cancel"]["reason"]) == ("queued", "not needed")
    again = web.client.post(url)
    assert (again.status_code, again.json) == (200, answer.json)


def test_a_delayed_job_is_cancelled_at_once(web: Web) -> None:
    job = web.submit(delay_seconds=60)
    assert web.client.post(f"/v1/jobs/{job['id']}/cancel").json["state"] == "cancelled"


def test_a_running_job_is_being_cancelled_until_its_worker_has_ended_it(web: Web) -> None:
    job = web.submit()
    web.run()
    url = f"/v1/jobs/{job['id']}/cancel"
    answers = [web.client.post(url, json={"grace_seconds": 30}), web.client.post(url)]
    assert [(a.status_code, a.json["state"]) for a in answers] == [(202, "cancelling")] * 2
    assert answers[0].json["cancel"] == answers[1].json["cancel"]
    web.write(job["id"], ev.JobCancelled(mode="cooperative"))
    ended = web.client.post(url)
    assert (ended.status_code, ended.json["state"]) == (200, "cancelled")


def test_cancel_of_a_job_that_ended_changes_nothing(web: Web) -> None:
    job = web.finished()
    answer = web.client.post(f"/v1/jobs/{job['id']}/cancel", json={})
    assert (answer.status_code, answer.json["state"], answer.json["cancel"]) == (200, "succeeded", None)


@pytest.mark.parametrize(
    ("data", "media_type"), [(b"", None), (b"", "application/json"), (b"", "text/plain"), (b"{}", "application/json")]
)
def test_an_empty_body_cancels(web: Web, data: bytes, media_type: str | None) -> None:
    url = f"/v1/jobs/{web.submit()['id']}/cancel"
    assert web.client.post(url, data=data, content_type=media_type).status_code == 202


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"reason": "x" * 201}, ["/reason"]),
        ({"reason": 1}, ["/reason"]),
        ({"grace_seconds": 601}, ["/grace_seconds"]),
        ({"grace_seconds": -1}, ["/grace_seconds"]),
        ({"grace_seconds": "5"}, ["/grace_seconds"]),
        ({"force": True}, ["/force"]),
    ],
)
def test_every_fault_of_a_cancel_is_listed(web: Web, body: dict[str, Any], expected: list[str]) -> None:
    job = web.submit()
    answer = web.client.post(f"/v1/jobs/{job['id']}/cancel", json=body)
    assert pointers(problem(answer, 422, "invalid_request")) == expected
    assert web.client.get(f"/v1/jobs/{job['id']}").json["state"] == "queued"


def test_a_cancel_that_is_not_json_is_refused(web: Web) -> None:
    url = f"/v1/jobs/{web.submit()['id']}/cancel"
    problem(web.client.post(url, data="reason=x"), 415, "unsupported_media_type")
    problem(web.client.post(url, data=b"{", content_type="application/json"), 400, "malformed_body")


# Retry ----------------------------------------------------------------------------------------------------------------


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


# Delete ---------------------------------------------------------------------------------------------------------------


def test_a_deleted_job_leaves_nothing_behind(web: Web) -> None:
    before = {key for key in web.parts.client.keys() if b"catalogue" not in key}
    job = web.submit()
    web.run()
    web.artifact(job["id"], "a.txt", b"text", "text/plain")
    web.write(job["id"], ev.JobSucceeded())
    folder = Path(web.parts.settings.files_url, "artifacts", job["id"])
    assert len(files_below(folder)) == 1
    answer = web.client.delete(f"/v1/jobs/{job['id']}")
    assert (answer.status_code, answer.data) == (204, b"")
    assert not folder.exists()
    ours = {key for key in web.parts.client.keys("tr1:*") if b"catalogue" not in key and b"queues" not in key}
    assert ours <= before
    for path in ("", "/cancel", "/artifacts/a.txt"):
        method = "POST" if path == "/cancel" else "GET"
        problem(web.client.open(f"/v1/jobs/{job['id']}{path}", method=method), 404, "job_not_found")
    problem(web.client.delete(f"/v1/jobs/{job['id']}"), 404, "job_not_found")
    assert web.client.get("/v1/jobs").json["jobs"] == []


def test_a_move_of_a_job_that_never_was_is_not_found(client: FlaskClient) -> None:
    for method, path in (("POST", "/cancel"), ("POST", "/retry"), ("DELETE", "")):
        problem(client.open(f"/v1/jobs/{'0' * 26}{path}", method=method), 404, "job_not_found")
