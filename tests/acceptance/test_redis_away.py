"""A Redis that is away, comes back empty, or is slow: what callers, readers and jobs are told."""

import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.acceptance.conftest import JOBS
from tests.acceptance.readers import Reader, ended_once
from tests.fault_proxy import FaultProxy
from tests.service import RedisServer, Service, redis_server, running_service, wait_for

pytestmark = pytest.mark.acceptance

JSON = {"Accept": "application/json"}


@pytest.fixture
def forgetful() -> Iterator[Service]:
    """A service whose Redis keeps nothing over a restart, with one slot."""
    with running_service(TAILRACE_CONCURRENCY="1", **JOBS) as running:
        yield running


@pytest.fixture
def store() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


def every_call(running: str, ended: str) -> list[dict[str, Any]]:
    """A call of every verb that needs the store; job types alone may be told from memory for a moment."""
    body = {"type": "steady", "params": {}}
    reads = ["/v1/jobs", "/v1/jobs?state=running", f"/v1/jobs/{running}", f"/v1/jobs/{running}?wait=5"]
    reads += [f"/v1/jobs/{ended}/artifacts/a.txt", "/readyz"]
    polls = [f"/v1/jobs/{running}/events?after=0", f"/v1/jobs/{running}/events?after=latest&wait=5"]
    return [
        *({"method": "GET", "url": url} for url in reads),
        *({"method": "GET", "url": url, "headers": JSON} for url in polls),
        {"method": "HEAD", "url": f"/v1/jobs/{running}"},
        {"method": "POST", "url": "/v1/jobs", "json": body},
        {"method": "POST", "url": "/v1/jobs", "json": body, "headers": {"Idempotency-Key": "once"}},
        {"method": "POST", "url": f"/v1/jobs/{running}/cancel"},
        {"method": "POST", "url": f"/v1/jobs/{ended}/retry"},
        {"method": "DELETE", "url": f"/v1/jobs/{ended}"},
        {"method": "POST", "url": "/v1/files?name=a.txt", "content": b"a", "headers": {"Content-Type": "text/plain"}},
        {"method": "POST", "url": "/v1/files", "files": {"file": ("a.txt", b"a")}},
    ]


def waiting(service: Service, url: str) -> tuple[threading.Thread, list[httpx.Response]]:
    """A call that waits for what does not come, and its answer."""
    answers: list[httpx.Response] = []
    thread = threading.Thread(target=lambda: answers.append(httpx.get(service.url + url, headers=JSON, timeout=30)))
    thread.start()
    return thread, answers


def test_a_redis_that_goes_away_and_comes_back_empty_leaves_nobody_waiting(forgetful: Service) -> None:
    call = forgetful.client.request
    ended = forgetful.submit("steady", count=1)["id"]
    forgetful.wait(ended)
    job_id = forgetful.submit("steady", count=100_000, pause=0.02)["id"]
    reader = Reader(forgetful, job_id)
    wait_for(lambda: len(reader.seen) > 10, what="the stream")
    cursor = f"{str(reader.seen[-1]['id']).partition('-')[0]}-90000"
    waits = [waiting(forgetful, f"/v1/jobs/{job_id}{rest}") for rest in ("?wait=30", f"/events?after={cursor}&wait=30")]

    forgetful.redis.kill()
    wait_for(lambda: call("GET", "/v1/jobs").status_code == 503, what="the loss to show")
    for asked in every_call(job_id, ended):
        answer = call(**asked)
        assert (answer.status_code, answer.headers["Content-Type"]) == (503, "application/problem+json"), asked
        assert int(answer.headers["Retry-After"]) >= 1
    assert [call("GET", url).status_code for url in ("/livez", "/metrics", "/", f"/jobs/{job_id}")] == [200] * 4
    assert "tailrace_redis_up 0.0" in call("GET", "/metrics").text
    assert "stream.reconnect" in call("GET", f"/v1/jobs/{job_id}/events").text, "an EventSource comes back by itself"
    assert reader.breaks == 0, "an open stream stays open"

    forgetful.redis.start()
    reader.join(20)
    assert reader.ended
    assert reader.reason == "gone"
    for thread, answers in waits:
        thread.join(20)
        assert answers[0].status_code in {200, 404, 503}
    assert call("GET", f"/v1/jobs/{job_id}").status_code == 404
    wait_for(lambda: call("GET", "/readyz").status_code == 200, 10, what="the job types to be known again")
    assert forgetful.wait(forgetful.submit("steady", count=1)["id"])["state"] == "succeeded", "the one slot is free"


@pytest.mark.alone
def test_a_slow_redis_slows_no_job(store: RedisServer) -> None:
    with FaultProxy(store.port) as wire:
        service = Service(wire, env={**JOBS, "TAILRACE_BROKER_URL": store.url})
        try:
            service.worker()
            service.web()
            job_id = service.submit("timed", count=150, pause=0.01)["id"]
            reader = Reader(service, job_id)
            wait_for(lambda: reader.seen, what="the stream")
            with wire.fault("delay", 0.25):
                job = service.wait(job_id)
                reader.join(30)
            assert job["result"] < 0.2, "no call of the job's waits for an answer that takes half a second"
            assert reader.seen == ended_once(service, job_id)
        finally:
            service.stop()
