from typing import Any

from jobs import events as ev
from jobs import keys
from jobs.catalogue import TypeEntry
from tests.app.conftest import Web, problem


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


def test_of_several_shapes_the_one_that_was_meant_says_what_is_wrong(web: Web) -> None:
    shapes = [
        {"properties": {"kind": {"const": "square"}, "side": {"type": "number"}}, "required": ["kind", "side"]},
        {"properties": {"kind": {"const": "disc"}, "radius": {"maximum": 4}}, "required": ["kind", "radius"]},
    ]
    schema = {"type": "object", "properties": {"shapes": {"type": "array", "items": {"oneOf": shapes}}}}
    web.parts.catalogue.publish([TypeEntry(name="draw", title="Draw", params_schema=schema)])
    params = {"shapes": [{"kind": "disc", "radius": 9}, {"kind": "square"}]}
    told = problem(web.client.post("/v1/jobs", json={"type": "draw", "params": params}), 422, "invalid_params")
    assert [(fault["pointer"], fault["detail"]) for fault in told["errors"]] == [
        ("/params/shapes/0/radius", "9 is greater than the maximum of 4"),
        ("/params/shapes/1/side", "is required"),
    ]


def test_an_upload_is_held_by_the_job_that_names_it(web: Web) -> None:
    one, two = web.upload(), web.upload()
    job = web.submit("report", params={"file": one, "more": [two, one], "maybe": None})
    assert web.parts.lifecycle.load(job["id"]).request.files == [one, two]
    assert web.parts.client.smembers(keys.file_users(two)) == {job["id"].encode()}


def test_a_full_queue_is_answered_429_until_a_job_ends(make_web: Any) -> None:
    web = make_web(max_queued=2)
    web.submit()
    web.submit()
    answer = web.client.post("/v1/jobs", json={"type": "count"})
    problem(answer, 429, "queue_full")
    assert int(answer.headers["Retry-After"]) > 0
    web.run(ev.JobSucceeded())
    web.submit()
