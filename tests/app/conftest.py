"""The web tier on a real Redis, asked through Flask's client; workers are played by the lifecycle's own verbs."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Response
from flask.testing import FlaskClient

from app.factory import create_app
from jobs import events as ev
from jobs.catalogue import TypeEntry, WorkerEntry
from jobs.files import new_id
from jobs.model import Job
from jobs.settings import Settings
from jobs.wiring import Parts, assemble
from jobs.writer import Writer

TOKEN = "a-token-of-some-length"

TYPES = [
    TypeEntry(
        name="count",
        title="Count",
        description="Counts to n.",
        params_schema={
            "type": "object",
            "properties": {
                "n": {"type": "integer", "minimum": 0, "maximum": 1000, "default": 10},
                "pace": {"anyOf": [{"type": "number"}, {"type": "null"}]},
                "tags": {"type": "array", "items": {"type": "string"}},
                "on": {"type": "string", "format": "date"},
                "factor": {"type": "number", "multipleOf": 0.1},
            },
            "additionalProperties": False,
        },
        example={"n": 3},
        max_attempts=2,
        timeout_seconds=60,
        steps=[ev.StepPlan(name="count", title="Counting")],
    ),
    TypeEntry(
        name="report",
        title="Report",
        params_schema={
            "type": "object",
            "properties": {
                "file": {"$ref": "#/$defs/Upload"},
                "more": {"type": "array", "items": {"$ref": "#/$defs/Upload"}},
                "maybe": {"anyOf": [{"$ref": "#/$defs/Upload"}, {"type": "null"}]},
            },
            "required": ["file"],
            "additionalProperties": False,
            "$defs": {"Upload": {"type": "string", "format": "tailrace-file", "pattern": "^[0-9a-z]{26}$"}},
        },
        queue="heavy",
    ),
    TypeEntry(name="free", title="Anything", params_schema={"type": "object"}),
]


@dataclass(repr=False)
class Web:
    """An application with its parts, and what the test needs of a worker."""

    parts: Parts
    app: Flask
    streams: list[tuple[str, str | None]] = field(default_factory=list)
    draining: bool = False

    @property
    def client(self) -> FlaskClient:
        return self.app.test_client(use_cookies=False)

    def submit(self, kind: str = "count", **body: Any) -> dict[str, Any]:
        answer = self.client.post("/v1/jobs", json={"type": kind, **body})
        assert answer.status_code == 202, answer.text
        return dict(answer.json)

    def upload(self, data: bytes = b"a,b\n1,2\n", name: str = "data.csv") -> str:
        answer = self.client.post(f"/v1/files?name={name}", data=io.BytesIO(data), content_type="text/csv")
        assert answer.status_code == 201, answer.text
        return str(answer.json["id"])

    def run(self, *events: ev.AnyEvent, queue: str = "default") -> Job:
        """A worker claims the next job of *queue* and writes *events*."""
        types = {entry.name: entry for entry in TYPES}
        job = self.parts.lifecycle.claim(queue, types, "worker-1")
        assert job is not None
        return self.write(job.id, *events) if events else job

    def write(self, job_id: str, *events: ev.AnyEvent) -> Job:
        writer = Writer(self.parts.log, job_id, self.parts.clock)
        return self.parts.lifecycle.settle(writer.write(events))

    def artifact(self, job_id: str, name: str, data: bytes, media_type: str) -> ev.ArtifactReady:
        size, sha256 = self.parts.files.keep(job_id, name, iter([data]))
        url = f"/v1/jobs/{job_id}/artifacts/{name}"
        ready = ev.ArtifactReady(id=new_id(), name=name, media_type=media_type, bytes=size, sha256=sha256, url=url)
        self.write(job_id, ready)
        return ready

    def serve(self, *types: str) -> None:
        """A worker that carries *types* begins to live."""
        entry = WorkerEntry(id="worker-1", types=list(types), queues=["default"], concurrency=2, started_at="now")
        self.parts.catalogue.beat(entry)

    def finished(self, kind: str = "count") -> dict[str, Any]:
        """A job that has succeeded."""
        job = self.submit(kind)
        self.run(ev.JobSucceeded(result={"ok": True}))
        return job


@pytest.fixture(scope="session")
def session_parts(shared_redis: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    data = str(tmp_path_factory.mktemp("data"))
    parts = assemble(Settings.from_env({"REDIS_URL": shared_redis.url, "TAILRACE_DATA": data}))
    yield parts
    parts.client.close()


@pytest.fixture
def make_web(session_parts: Parts, redis_url: str) -> Callable[..., Web]:
    """Makes a Web with other settings: ``make_web(token=…)``."""
    assert redis_url == session_parts.settings.redis_url
    session_parts.catalogue.publish(TYPES)

    def make(**settings: Any) -> Web:
        parts = replace(session_parts, settings=replace(session_parts.settings, **settings))
        web = Web(parts, Flask("placeholder"))
        web.app = create_app(parts, open_stream=_stream_of(web), draining=lambda: web.draining)
        return web

    return make


def _stream_of(web: Web) -> Callable[..., Response]:
    def open_stream(job_id: str, *, after: str | None) -> Response:
        web.streams.append((job_id, after))
        return Response(b":\n", content_type="text/event-stream")

    return open_stream


@pytest.fixture
def web(make_web: Callable[..., Web]) -> Web:
    return make_web()


@pytest.fixture
def client(web: Web) -> FlaskClient:
    return web.client


def problem(answer: Any, number: int, code: str) -> dict[str, Any]:
    """The answer as the problem that it must be."""
    assert answer.status_code == number, answer.text
    assert answer.content_type == "application/problem+json"
    told = answer.json
    assert {"type", "title", "status", "detail", "code", "errors"} <= told.keys()
    assert (told["status"], told["code"]) == (number, code)
    assert "Traceback" not in answer.text
    return dict(told)


def pointers(told: dict[str, Any]) -> list[str]:
    return [fault["pointer"] for fault in told["errors"]]


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
