"""Clients that nobody here wrote follow a job to its end, and stop."""

import json
import random
import subprocess
from collections.abc import Iterator

import httpx
import pytest
from httpx_sse import ServerSentEvent, connect_sse
from sseclient import SSEClient

from tests.service import Service

pytestmark = pytest.mark.acceptance


def submit(service: Service, count: int = 100, pause: float = 0.005) -> str:
    return str(service.submit("steady", count=count, pause=pause)["id"])


def events_url(service: Service, job_id: str) -> str:
    return f"{service.url}/v1/jobs/{job_id}/events"


def stored(events: list[dict[str, object]]) -> list[object]:
    return [event["seq"] for event in events if not str(event["type"]).startswith("stream.")]


def sse(url: str, last: str | None = None) -> Iterator[ServerSentEvent]:
    headers = {"Last-Event-ID": last} if last else {}
    with httpx.Client(timeout=30) as client, connect_sse(client, "GET", url, headers=headers) as source:
        assert source.response.status_code == 200, source.response.read()
        yield from source.iter_sse()


def test_httpx_sse_follows_a_job_from_the_beginning(wide_service: Service) -> None:
    job_id = submit(wide_service)
    events = [json.loads(event.data) for event in sse(f"{events_url(wide_service, job_id)}?after=0")]
    whole = wide_service.events(job_id)
    assert [event for event in events if "seq" in event] == whole
    assert stored(events) == list(range(1, len(whole) + 1))
    assert [events[0]["type"], events[-2]["type"], events[-1]["type"]] == [
        "stream.open",
        "job.succeeded",
        "stream.end",
    ]


def test_sseclient_py_follows_a_job_from_the_beginning(wide_service: Service) -> None:
    job_id = submit(wide_service)
    with httpx.stream("GET", f"{events_url(wide_service, job_id)}?after=0", timeout=30) as answer:
        events = [json.loads(event.data) for event in SSEClient(answer.iter_bytes()).events()]
    assert stored(events) == list(range(1, len(wide_service.events(job_id)) + 1))
    assert events[-1]["type"] == "stream.end"


def test_curl_follows_a_job_and_ends_by_itself(wide_service: Service) -> None:
    job_id = submit(wide_service)
    url = f"{events_url(wide_service, job_id)}?after=0"
    done = subprocess.run(["curl", "-sSN", url], capture_output=True, timeout=60, check=True, text=True)
    lines = [line[6:] for line in done.stdout.split("\n") if line.startswith("data: ")]
    assert stored([json.loads(line) for line in lines]) == list(range(1, len(wide_service.events(job_id)) + 1))


def test_one_call_submits_and_streams(wide_service: Service) -> None:
    body = {"type": "steady", "params": {"count": 5}}
    with (
        httpx.Client(timeout=30) as client,
        connect_sse(client, "POST", f"{wide_service.url}/v1/jobs", json=body) as source,
    ):
        assert source.response.status_code == 200
        location = source.response.headers["Location"]
        events = [json.loads(event.data) for event in source.iter_sse()]
    assert stored(events) == list(range(1, len(stored(events)) + 1))
    assert location == f"/v1/jobs/{events[1]['job']}"
    assert events[-2]["type"] == "job.succeeded"


def test_ndjson_says_the_same(wide_service: Service) -> None:
    job_id = submit(wide_service)
    headers = {"Accept": "application/x-ndjson"}
    with httpx.stream("GET", f"{events_url(wide_service, job_id)}?after=0", headers=headers, timeout=30) as answer:
        assert answer.headers["Content-Type"] == "application/x-ndjson"
        events = [json.loads(line) for line in answer.iter_lines() if line]
    assert [event for event in events if "seq" in event] == wide_service.events(job_id)


def test_a_client_cut_at_twenty_random_points_misses_and_repeats_nothing(wide_service: Service) -> None:
    job_id = submit(wide_service, count=1500, pause=0.002)
    seen: list[dict[str, object]] = []
    last, cuts = None, 0
    while not seen or seen[-1]["type"] != "job.succeeded":
        limit = random.randint(1, 60) if cuts < 20 else None
        url = events_url(wide_service, job_id) + ("?after=0" if last is None else "")
        for count, event in enumerate(sse(url, last)):
            envelope = json.loads(event.data)
            if "seq" in envelope:
                seen.append(envelope)
                last = event.id
            if limit is not None and count >= limit:
                cuts += 1
                break
    assert cuts == 20
    assert seen == wide_service.events(job_id)


def test_a_client_that_joins_late_gets_the_snapshot_and_what_follows(wide_service: Service) -> None:
    job_id = submit(wide_service, count=300, pause=0.01)
    wide_service.wait(job_id, "running")
    url = events_url(wide_service, job_id)
    next(event for event in sse(f"{url}?after=0") if event.event == "item")
    events = [json.loads(event.data) for event in sse(url)]
    assert [event["type"] for event in events[:2]] == ["stream.open", "stream.snapshot"]
    job = events[1]["data"]["job"]
    assert job["state"] == "running"
    first = int(job["cursor"].split("-")[1]) + 1
    assert stored(events) == list(range(first, len(wide_service.events(job_id)) + 1))


def test_after_the_end_a_client_is_told_to_stop(wide_service: Service) -> None:
    job_id = submit(wide_service, count=1)
    cursor = wide_service.wait(job_id)["cursor"]
    url = events_url(wide_service, job_id)
    assert httpx.get(url, headers={"Last-Event-ID": cursor}).status_code == 204
    assert httpx.get(f"{url}?after={cursor}").status_code == 204
    page = httpx.get(f"{url}?after={cursor}", headers={"Accept": "application/json"})
    assert page.json() == {"events": [], "cursor": cursor, "state": "succeeded", "end": True}


def test_a_head_request_opens_no_stream(wide_service: Service) -> None:
    job_id = submit(wide_service, count=1)
    answer = httpx.head(events_url(wide_service, job_id))
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"


def test_a_stream_says_what_proxies_and_browsers_need_to_hear(wide_service: Service) -> None:
    job_id = submit(wide_service, count=1)
    with httpx.stream("GET", events_url(wide_service, job_id)) as answer:
        headers = answer.headers
    assert headers["Cache-Control"] == "no-cache, no-transform"
    assert headers["X-Accel-Buffering"] == "no"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Vary"] == "Accept"


@pytest.mark.parametrize("garbage", ["x", "k3f9", "k3f9--1", "%00", "zzzzzz-99999999999", "-1", "9" * 64])
def test_a_cursor_of_garbage_is_a_gap_and_a_snapshot(wide_service: Service, garbage: str) -> None:
    job_id = submit(wide_service, count=1)
    wide_service.wait(job_id)
    url = f"{events_url(wide_service, job_id)}?after={garbage}"
    types = [event.event for event in sse(url)]
    assert types == ["stream.open", "stream.gap", "stream.snapshot", "stream.caught_up", "stream.end"]
    page = httpx.get(url, headers={"Accept": "application/json"})
    assert page.status_code == 400 or page.json()["events"][0]["type"] == "stream.gap"


def test_a_long_poll_is_answered_as_soon_as_there_is_an_event(wide_service: Service) -> None:
    job_id = submit(wide_service, count=20, pause=0.05)
    url, seen, cursor = events_url(wide_service, job_id), [], "0"
    with httpx.Client(timeout=40, headers={"Accept": "application/json"}) as client:
        while True:
            page = client.get(url, params={"after": cursor, "wait": 30}).json()
            assert page["events"] or page["end"]
            seen, cursor = seen + page["events"], page["cursor"]
            if page["end"]:
                break
        assert seen == wide_service.events(job_id)
        assert client.get(url, params={"after": cursor, "wait": 30}).json()["end"]


def test_a_long_poll_passes_over_events_that_are_not_wanted(wide_service: Service) -> None:
    job_id = submit(wide_service, count=20, pause=0.05)
    url = events_url(wide_service, job_id)
    headers, wanted = {"Accept": "application/json"}, {"after": "0", "wait": 30, "types": "alert"}
    page = httpx.get(url, params=wanted, headers=headers, timeout=40).json()
    assert [event["type"] for event in page["events"]] == ["job.succeeded"]
    assert page["end"]
