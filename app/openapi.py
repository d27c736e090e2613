"""GET /v1/openapi.json: every call of the service as OpenAPI 3.1, with the params of the job types there are."""

import re
from typing import Any

from flask import Response

from app.answers import answer
from app.auth import COOKIE
from app.operations import PATHS, TAGS
from app.schemas import COMPONENTS
from app.view import View
from jobs.catalogue import TypeEntry

_NAME = re.compile(r"[^A-Za-z0-9._-]")

_SECURITY = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "The service's token."},
    "session": {"type": "apiKey", "in": "cookie", "name": COOKIE, "description": "The page's session."},
    "stream": {"type": "apiKey", "in": "query", "name": "token", "description": "One job's events: see links.events."},
}


class OpenApi:
    def __init__(self, view: View) -> None:
        self._view = view

    def __call__(self) -> Response:
        return answer(self.document(), headers={"Cache-Control": "no-cache"})

    def document(self) -> dict[str, Any]:
        """The document as it is now; may raise LogUnavailable."""
        params = {params_name(entry): params_schema(entry) for entry in self._view.known.types().values()}
        document: dict[str, Any] = {
            "openapi": "3.1.0",
            "info": {
                "title": "Tailrace",
                "version": "1",
                "summary": "Runs long analysis jobs and streams their progress.",
                "license": {"name": "MIT", "identifier": "MIT"},
            },
            "servers": [{"url": "/"}],
            "tags": [{"name": name, "description": text} for name, text in TAGS.items()],
            "paths": PATHS,
            "components": {"schemas": {**COMPONENTS, **params, "Submission": _submission(list(params))}},
        }
        if self._view.auth.needed:
            document["components"]["securitySchemes"] = _SECURITY
            document["security"] = [{name: []} for name in _SECURITY]
        return document


def params_name(entry: TypeEntry) -> str:
    return f"params.{_NAME.sub('_', entry.name)}"


def params_schema(entry: TypeEntry) -> dict[str, Any]:
    """The params' schema with its references into itself turned into references into the document."""
    moved: dict[str, Any] = _moved(entry.params_schema, f"#/components/schemas/{params_name(entry)}")
    return moved


def _moved(thing: Any, place: str) -> Any:
    match thing:
        case dict():
            return {key: _reference(key, value, place) for key, value in thing.items()}
        case list():
            return [_moved(each, place) for each in thing]
        case _:
            return thing


def _reference(key: str, value: Any, place: str) -> Any:
    if key in {"$ref", "$dynamicRef"} and isinstance(value, str) and value.startswith("#"):
        return place + value[1:]
    return _moved(value, place)


def _submission(names: list[str]) -> dict[str, Any]:
    """The body of a submit, its params one of the types' params."""
    submission = COMPONENTS["Submission"]
    if not names:
        return submission
    choice = {"anyOf": [{"$ref": f"#/components/schemas/{name}"} for name in names]}
    params = {**submission["properties"]["params"], **choice}
    return {**submission, "properties": {**submission["properties"], "params": params}}
