from dataclasses import replace
from typing import Any

import pytest

from app.factory import create_app
from jobs.settings import Settings
from jobs.wiring import assemble
from tests.app.conftest import TYPES, Web, problem
from tests.service import free_port


@pytest.fixture
def away(web: Web) -> Web:
    """The same service, its Redis gone."""
    url = f"redis://127.0.0.1:{free_port()}/0"
    settings = replace(web.parts.settings, redis_url=url, broker_url=url)
    web.parts = assemble(Settings(**settings.__dict__))
    web.app = create_app(web.parts, open_stream=lambda *_, **__: pytest.fail("no stream"), draining=lambda: False)
    return web


def test_a_process_that_answers_is_alive(web: Web) -> None:
    web.draining = True
    assert web.client.get("/livez").status_code == 200


def test_a_process_is_ready_when_redis_answers_and_a_catalogue_is_published(web: Web) -> None:
    assert web.client.get("/readyz").json == {"ready": True}


def test_a_process_is_not_ready_without_a_catalogue(web: Web) -> None:
    web.parts.client.flushall()
    answer = web.client.get("/readyz")
    assert problem(answer, 503, "not_ready")["reasons"] == ["no worker has published a job type yet"]
    web.parts.catalogue.publish(TYPES)
    assert web.client.get("/readyz").status_code == 200


def test_a_process_that_drains_is_not_ready(web: Web) -> None:
    web.draining = True
    answer = web.client.get("/readyz")
    assert problem(answer, 503, "not_ready")["reasons"] == ["the process is draining"]
    assert "Retry-After" in answer.headers


def test_without_redis_the_process_lives_and_is_not_ready(away: Web) -> None:
    assert away.client.get("/livez").status_code == 200
    answer = away.client.get("/readyz")
    assert problem(answer, 503, "not_ready")["reasons"] == ["Redis does not answer"]


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/v1/jobs"), ("GET", "/v1/jobs"), ("GET", "/v1/jobs/{id}"), ("GET", "/v1/jobs/{id}?wait=5"),
     ("DELETE", "/v1/jobs/{id}"), ("POST", "/v1/jobs/{id}/cancel"), ("POST", "/v1/jobs/{id}/retry"),
     ("GET", "/v1/jobs/{id}/artifacts/a"), ("GET", "/v1/job-types"), ("GET", "/v1/job-types/count"),
     ("POST", "/v1/files?name=a"), ("GET", "/v1/openapi.json")],
)  # fmt: skip
def test_without_redis_every_call_says_when_to_try_again(away: Web, method: str, path: str) -> None:
    body: dict[str, Any] = {"json": {"type": "count"}} if path == "/v1/jobs" and method == "POST" else {}
    if path == "/v1/files?name=a":
        body = {"data": b"x"}
    answer = away.client.open(path.format(id="0" * 26), method=method, **body)
    problem(answer, 503, "unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    assert "127.0.0.1" not in answer.text


def test_without_redis_the_process_still_has_its_own_figures(away: Web) -> None:
    text = away.client.get("/metrics").text
    assert "tailrace_redis_up 0.0" in text
    assert "process_cpu_seconds_total" in text
