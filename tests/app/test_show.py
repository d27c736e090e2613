import threading
import time

import pytest
from flask.testing import FlaskClient

from jobs import events as ev
from tests.app.conftest import Web, problem
from tests.service import UNIT

NOWHERE = "0" * 26


def test_a_job_is_shown_with_what_only_the_web_tier_knows(web: Web) -> None:
    web.serve("count")
    job = web.submit()
    shown = web.client.get(f"/v1/jobs/{job['id']}")
    assert shown.status_code == 200
    assert shown.json == job
    assert shown.json["served"] is True
    assert shown.json["queue"]["position"] == 1
    assert set(shown.json["links"]) == {"self", "events", "cancel", "retry"}


def test_a_job_that_waits_no_longer_has_no_place_in_the_queue(web: Web) -> None:
    job = web.submit()
    web.run(ev.StepStarted(name="count"))
    shown = web.client.get(f"/v1/jobs/{job['id']}").json
    assert (shown["state"], shown["queue"]) == ("running", None)
    assert [step["state"] for step in shown["steps"]] == ["running"]


def test_an_unchanged_job_is_304_and_a_changed_one_is_not(web: Web) -> None:
    url = f"/v1/jobs/{web.submit()['id']}"
    etag = web.client.get(url).headers["ETag"]
    assert etag.startswith('W/"')
    same = web.client.get(url, headers={"If-None-Match": etag})
    assert (same.status_code, same.data, same.headers["ETag"]) == (304, b"", etag)
    assert web.client.get(url, headers={"If-None-Match": f'"x", {etag}'}).status_code == 304
    assert web.client.get(url, headers={"If-None-Match": 'W/"x"'}).status_code == 200
    web.run()
    changed = web.client.get(url, headers={"If-None-Match": etag})
    assert changed.status_code == 200
    assert changed.headers["ETag"] != etag


def test_the_etag_changes_with_the_place_in_the_queue(web: Web) -> None:
    web.submit()
    url = f"/v1/jobs/{web.submit()['id']}"
    etag = web.client.get(url).headers["ETag"]
    web.run(ev.JobSucceeded())
    assert web.client.get(url, headers={"If-None-Match": etag}).json["queue"]["position"] == 1


def test_a_queued_job_says_when_it_will_begin_and_the_etag_leaves_that_out(web: Web) -> None:
    web.serve("count")
    web.parts.paces.note("default", "count", 60.0)
    *_, last = [web.submit() for _ in range(5)]
    url = f"/v1/jobs/{last['id']}"
    answer = web.client.get(url)
    assert answer.json["queue"] == {"position": 5, "eta_seconds": 120.0}
    web.parts.paces.note("default", "count", 600.0)
    assert web.client.get(url, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304


def test_waiting_ends_as_soon_as_the_job_has(web: Web) -> None:
    job = web.submit()
    threading.Timer(0.3, web.run, [ev.JobSucceeded(result=7)]).start()
    begun = time.monotonic()
    shown = web.client.get(f"/v1/jobs/{job['id']}?wait=30").json
    assert (shown["state"], shown["result"]) == ("succeeded", 7)
    assert time.monotonic() - begun < 5 * UNIT


def test_waiting_ends_after_the_time_asked_for(web: Web) -> None:
    begun = time.monotonic()
    assert web.client.get(f"/v1/jobs/{web.submit()['id']}?wait=0.3").json["state"] == "queued"
    assert 0.3 <= time.monotonic() - begun < 5 * UNIT


def test_waiting_ends_when_the_process_drains(web: Web) -> None:
    web.draining = True
    begun = time.monotonic()
    assert web.client.get(f"/v1/jobs/{web.submit()['id']}?wait=30").status_code == 200
    assert time.monotonic() - begun < 5 * UNIT


@pytest.mark.parametrize("wait", ["", "-1", "61", "60.001", "nan", "inf", "1e1", "x", "\u0661", " 1", "0x1", "9" * 400])
def test_a_wait_that_is_no_number_from_0_to_60_is_malformed(client: FlaskClient, wait: str) -> None:
    answer = client.get(f"/v1/jobs/{NOWHERE}", query_string={"wait": wait})
    problem(answer, 400, "malformed_query")


@pytest.mark.parametrize("method", ["GET", "DELETE", "HEAD"])
def test_a_job_that_never_was_is_not_found(client: FlaskClient, method: str) -> None:
    answer = client.open(f"/v1/jobs/{NOWHERE}", method=method)
    assert answer.status_code == 404


@pytest.mark.parametrize("path", ["", "/cancel", "/retry", "/artifacts/a.txt"])
@pytest.mark.parametrize(
    "job_id",
    ["x", "0" * 25, "0" * 27, "A" * 26, "z" * 26, "8" + "0" * 25, "0" * 25 + "%0A", "%00" * 26, "..%2f..%2fetc",
     "{0}", "*" * 26, "i" * 26, "é" * 26, "%ff" * 26, "0" * 25 + "%20"],
)  # fmt: skip
def test_an_id_that_none_could_have_is_looked_up_nowhere(web: Web, path: str, job_id: str) -> None:
    web.parts.client.config_resetstat()
    method = "POST" if path in {"/cancel", "/retry"} else "GET"
    answer = web.client.open(f"/v1/jobs/{job_id}{path}", method=method)
    problem(answer, 404, answer.json["code"])
    calls = web.parts.client.info("commandstats")
    assert set(calls) <= {"cmdstat_config|resetstat", "cmdstat_info", "cmdstat_ping"}


def test_head_answers_as_get_without_a_body(web: Web) -> None:
    url = f"/v1/jobs/{web.submit()['id']}"
    got, head = web.client.get(url), web.client.head(url)
    assert head.status_code == 200
    assert head.data == b""
    assert head.headers["ETag"] == got.headers["ETag"]
    assert head.headers["Content-Length"] == got.headers["Content-Length"]


def test_a_job_comes_as_json_only(web: Web) -> None:
    url = f"/v1/jobs/{web.submit()['id']}"
    problem(web.client.get(url, headers={"Accept": "application/xml"}), 406, "not_acceptable")
    assert web.client.get(url, headers={"Accept": "text/html,*/*;q=0.1"}).content_type == "application/json"
