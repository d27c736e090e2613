from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from jobs import events as ev
from tests.app.conftest import Web, problem


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
        broken.setattr(type(web.parts.lifecycle), "accept", lambda *_, **__: 1 / 0)
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
