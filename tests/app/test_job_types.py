import pytest
from flask.testing import FlaskClient

from jobs.catalogue import TypeEntry
from tests.app.conftest import TYPES, Web, problem


def test_every_published_type_is_listed(web: Web) -> None:
    web.serve("count")
    types = web.client.get("/v1/job-types").json["job_types"]
    assert [entry["name"] for entry in types] == ["count", "free", "report"]
    assert [entry["served"] for entry in types] == [True, False, False]


def test_a_type_tells_all_that_a_form_needs(client: FlaskClient) -> None:
    shown = client.get("/v1/job-types/count").json
    assert shown == {
        "name": "count",
        "title": "Count",
        "description": "Counts to n.",
        "schema": TYPES[0].params_schema,
        "example": {"n": 3},
        "served": False,
        "steps": [{"name": "count", "title": "Counting", "weight": 1.0}],
        "queue": "default",
        "max_attempts": 2,
        "timeout_seconds": 60,
        "links": {"self": "/v1/job-types/count"},
    }


@pytest.mark.parametrize("name", ["nope", "count%00", "..", "%2e%2e%2f", "x" * 5000, "Count"])
def test_an_unknown_type_is_not_found(client: FlaskClient, name: str) -> None:
    answer = client.get(f"/v1/job-types/{name}")
    problem(answer, 404, answer.json["code"])
    assert len(answer.data) < 1000


def test_the_link_of_a_type_leads_to_it_whatever_its_name(web: Web) -> None:
    web.parts.catalogue.publish([TypeEntry(name="a b.c-é", title="Odd", params_schema={})])
    link = web.client.get("/v1/job-types/a b.c-é").json["links"]["self"]
    assert web.client.get(link).json["name"] == "a b.c-é"


def test_types_outlive_their_workers(web: Web) -> None:
    web.serve("count")
    web.parts.catalogue.leave("worker-1")
    assert web.client.get("/v1/job-types/count").json["served"] is False
    assert web.submit("count")["served"] is False
