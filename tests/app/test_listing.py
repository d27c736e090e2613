from typing import Any

import pytest
from flask.testing import FlaskClient

from app import listing
from jobs import events as ev
from tests.app.conftest import Web, problem


def _ids(page: dict[str, Any]) -> list[str]:
    return [job["id"] for job in page["jobs"]]


def _all(client: FlaskClient, query: str) -> list[list[str]]:
    """Every page's ids, following links.next."""
    pages, url = [], f"/v1/jobs?{query}"
    while url:
        page = client.get(url).json
        pages.append(_ids(page))
        url = page["links"]["next"]
    return pages


def test_jobs_are_listed_newest_first_a_page_at_a_time(web: Web) -> None:
    ids = [web.submit()["id"] for _ in range(7)][::-1]
    assert _all(web.client, "limit=3") == [ids[:3], ids[3:6], ids[6:]]
    assert _all(web.client, "limit=7") == [ids]


def test_an_empty_list_has_no_next_page(client: FlaskClient) -> None:
    page = client.get("/v1/jobs").json
    assert page == {"jobs": [], "next": None, "links": {"self": "/v1/jobs", "next": None}}


def test_a_line_of_the_list_is_short(web: Web) -> None:
    web.submit(labels={"env": "test"})
    web.run(ev.JobProgressed(fraction=0.5, message="half"), ev.JobFailed(error=ev.Failure(code="odd", message="m")))
    (line,) = web.client.get("/v1/jobs").json["jobs"]
    assert set(line) == {
        "id", "type", "state", "attempt", "max_attempts", "priority", "labels", "served", "created_at", "started_at",
        "finished_at", "progress", "error_code", "links",
    }  # fmt: skip
    assert line["progress"] == {"fraction": 0.5, "message": "half"}
    assert (line["state"], line["error_code"], line["labels"]) == ("failed", "odd", {"env": "test"})


def test_filters_are_joined(web: Web) -> None:
    one = web.submit(labels={"env": "a", "who": "x:y"})["id"]
    web.run(ev.JobSucceeded())
    two = web.submit(labels={"env": "a"})["id"]
    three = web.submit("free", labels={"env": "b"})["id"]

    def found(query: str) -> list[str]:
        return _ids(web.client.get(f"/v1/jobs?{query}").json)

    assert found("state=queued") == [three, two]
    assert found("state=queued&state=succeeded&type=count") == [two, one]
    assert found("type=free") == [three]
    assert found("type=nope") == []
    assert found("label=env:a") == [two, one]
    assert found("label=env:a&label=who:x:y") == [one]
    assert found("label=env:a&state=running") == []


def test_a_filter_that_lets_little_pass_goes_on_by_cursor(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "MAX_SCANNED", 4)
    rare = web.submit("free")["id"]
    for _ in range(9):
        web.submit()
    pages = _all(web.client, "type=free&limit=2")
    assert pages == [[], [], [rare]]


def test_links_keep_the_filter(web: Web) -> None:
    for _ in range(3):
        web.submit(labels={"a": "c&d"})
    page = web.client.get("/v1/jobs", query_string={"limit": "2", "label": "a:c&d"}).json
    assert len(web.client.get(page["links"]["next"]).json["jobs"]) == 1
    assert page["links"]["self"] == "/v1/jobs?limit=2&label=a%3Ac%26d"
    assert page["next"] in page["links"]["next"]


def test_a_cursor_outlives_its_job(web: Web) -> None:
    old, gone = web.finished()["id"], web.finished()["id"]
    assert web.client.delete(f"/v1/jobs/{gone}").status_code == 204
    assert _ids(web.client.get(f"/v1/jobs?cursor={gone}").json) == [old]


def test_a_list_of_heads_costs_a_few_calls_however_long(web: Web) -> None:
    for _ in range(60):
        web.submit()
    web.parts.client.config_resetstat()
    assert len(web.client.get("/v1/jobs?limit=50").json["jobs"]) == 50
    calls = web.parts.client.info("commandstats")
    assert calls["cmdstat_hget"]["calls"] <= 55
    assert "cmdstat_xrange" not in calls


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=-1", "limit=201", "limit=1e2", "limit=", "limit=9999999999999999999", "limit=1.5",
     "limit=%D9%A1", "state=done", "state=", "state=queued&state=nope", "label=", "label=a", "label=:x"],
)  # fmt: skip
def test_a_query_that_cannot_be_is_malformed(client: FlaskClient, query: str) -> None:
    problem(client.get(f"/v1/jobs?{query}"), 400, "malformed_query")


@pytest.mark.parametrize("cursor", ["", "x", "0", "latest", "z" * 26, "8" + "0" * 25, "../x", "%00", "k3f9-17"])
def test_a_cursor_of_garbage_is_malformed(client: FlaskClient, cursor: str) -> None:
    problem(client.get(f"/v1/jobs?cursor={cursor}"), 400, "malformed_cursor")


def test_a_cursor_that_no_job_ever_had_begins_there(web: Web) -> None:
    web.submit()
    assert _ids(web.client.get(f"/v1/jobs?cursor={'0' * 26}").json) == []
    assert len(_ids(web.client.get(f"/v1/jobs?cursor=7{'z' * 25}").json)) == 1
