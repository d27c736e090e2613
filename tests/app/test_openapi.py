import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from jobs import events as ev
from tests.app.conftest import TOKEN, TYPES, Web


@pytest.fixture
def document(client: FlaskClient) -> dict[str, Any]:
    return dict(client.get("/v1/openapi.json").json)


def _fits(document: dict[str, Any], name: str, value: object) -> None:
    """Holds *value* against a component, references and all."""
    registry = Registry().with_resource("doc", Resource(document, DRAFT202012))
    validator = Draft202012Validator({"$ref": f"doc#/components/schemas/{name}"}, registry=registry)
    assert [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)] == []


def _references(thing: Any) -> list[str]:
    if isinstance(thing, list):
        return [ref for each in thing for ref in _references(each)]
    if not isinstance(thing, dict):
        return []
    own = [thing["$ref"]] if isinstance(thing.get("$ref"), str) else []
    return own + [ref for each in thing.values() for ref in _references(each)]


def test_every_route_is_described_and_every_description_is_a_route(web: Web, document: dict[str, Any]) -> None:
    routes = set()
    for rule in web.app.url_map.iter_rules():
        path = re.sub(r"<(?:[a-z]+:)?([a-z_]+)>", r"{\1}", rule.rule)
        routes |= {(path, method.lower()) for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}}
    told = {(path, verb) for path, item in document["paths"].items() for verb in item if verb != "parameters"}
    #: The streams come with the relay, which is not part of this application.
    assert told - routes == {("/v1/jobs/{job_id}/events", "get"), ("/v1/events", "get")}
    assert routes - told == set()


def test_every_name_in_a_path_is_a_parameter(document: dict[str, Any]) -> None:
    for path, item in document["paths"].items():
        named = {each["name"] for each in item.get("parameters", []) if each["in"] == "path"}
        assert named == set(re.findall(r"{(\w+)}", path))


def test_operations_go_by_different_names(document: dict[str, Any]) -> None:
    names = [
        call["operationId"]
        for item in document["paths"].values()
        for verb, call in item.items()
        if verb != "parameters"
    ]
    assert len(names) == len(set(names))


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    references = _references(document)
    assert "#/components/schemas/params.report/$defs/Upload" in references
    for reference in references:
        found: Any = document
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]


def test_the_params_of_every_type_are_components(document: dict[str, Any]) -> None:
    for entry in TYPES:
        assert f"params.{entry.name}" in document["components"]["schemas"]
    _fits(document, "params.report", {"file": "0" * 26})


def test_every_component_is_a_schema(document: dict[str, Any]) -> None:
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_what_is_answered_is_what_is_described(web: Web, document: dict[str, Any]) -> None:
    job = web.submit(labels={"a": "b"})
    _fits(document, "Job", job)
    started = web.run(
        ev.StepStarted(name="count"),
        ev.OutputAppended(name="text", offset=0, text="x"),
        ev.MetricMeasured(name="loss", value=0.5, step=1),
        ev.ItemFinished(key="a", state="failed", error=ev.Failure(code="c", message="m")),
        ev.AlertChanged(name="cpu", severity="info", message="m", firing=True),
        ev.LogWritten(level="info", message="m"),
    )
    web.artifact(started.id, "a.txt", b"x", "text/plain")
    web.write(started.id, ev.JobFailed(error=ev.Failure(code="odd", message="m")))
    shown = web.client.get(f"/v1/jobs/{job['id']}").json
    _fits(document, "Job", shown)
    for page in (web.client.get("/v1/jobs").json, web.client.get("/v1/jobs?limit=1&state=queued").json):
        _fits(document, "JobList", page)
    _fits(document, "JobTypeList", web.client.get("/v1/job-types").json)
    _fits(document, "JobType", web.client.get("/v1/job-types/count").json)
    _fits(document, "File", web.client.post("/v1/files?name=a", data=b"x").json)
    _fits(document, "Problem", web.client.post("/v1/jobs", json={}).json)
    _fits(document, "Submission", {"type": "count", "params": {"n": 3}, "labels": {"a": "b"}})


def test_security_is_told_where_a_token_is_asked_for(make_web: Any, document: dict[str, Any]) -> None:
    assert "security" not in document
    locked = make_web(token=TOKEN).client.get("/v1/openapi.json", headers={"Authorization": f"Bearer {TOKEN}"}).json
    assert [list(each) for each in locked["security"]] == [[name] for name in locked["components"]["securitySchemes"]]
    assert locked["paths"]["/livez"]["get"]["security"] == []


def test_a_service_without_types_has_a_document_too(web: Web) -> None:
    web.parts.client.flushall()
    assert web.client.get("/v1/openapi.json").status_code == 200
