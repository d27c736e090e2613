from typing import Any

import pytest

from jobs import events as ev
from tests.app.conftest import Web, pointers, problem


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
