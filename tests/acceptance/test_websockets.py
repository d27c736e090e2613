"""WebSockets on the real service, with clients that nobody here wrote."""

import asyncio
import contextlib
import json
import socket
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import websocket
from websockets.asyncio.client import connect as connect_async
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Close, Frame, Opcode
from websockets.protocol import CLIENT, Protocol
from websockets.sync.client import ClientConnection, connect

from tests.service import Service, wait_for

pytestmark = pytest.mark.acceptance

Envelope = dict[str, Any]


def submit(service: Service, count: int = 100, pause: float = 0.005) -> str:
    return str(service.submit("steady", count=count, pause=pause)["id"])


def address(service: Service, job_id: str, query: str = "?after=0") -> str:
    return f"{service.url.replace('http', 'ws')}/v1/jobs/{job_id}/events{query}"


def told(client: ClientConnection) -> Iterator[Envelope]:
    """Every message up to the close frame."""
    with contextlib.suppress(ConnectionClosed):
        while True:
            yield json.loads(client.recv(timeout=30))


def stored(events: list[Envelope]) -> list[Envelope]:
    return [event for event in events if "seq" in event]


def figure(service: Service, name: str) -> float:
    lines = service.client.get("/metrics").text.splitlines()
    return float(next(line.rpartition(" ")[2] for line in lines if line.startswith(f"{name} ")))


# Following ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("compression", ["deflate", None])
def test_a_job_is_followed_to_its_end_and_the_close_is_a_normal_one(
    wide_service: Service, compression: str | None
) -> None:
    job_id = submit(wide_service)
    with connect(address(wide_service, job_id), compression=compression) as client:
        events = list(told(client))
        agreed = client.response.headers.get("Sec-WebSocket-Extensions")
    assert stored(events) == wide_service.events(job_id)
    assert [events[0]["type"], events[-2]["type"], events[-1]["type"]] == ["stream.open", "job.succeeded", "stream.end"]
    assert events[0]["data"]["transport"] == "websocket"
    assert events[-1]["id"] == events[-2]["id"]
    assert (client.close_code, client.close_reason) == (1000, "terminal")
    assert bool(agreed) == (compression == "deflate")


def test_an_asyncio_client_follows_a_job(wide_service: Service) -> None:
    job_id = submit(wide_service)

    async def follow() -> list[Envelope]:
        async with connect_async(address(wide_service, job_id), ping_interval=0.05) as client:
            return [json.loads(message) async for message in client]

    assert stored(asyncio.run(follow())) == wide_service.events(job_id)


def test_websocket_client_follows_a_job(wide_service: Service) -> None:
    job_id = submit(wide_service)
    client = websocket.create_connection(address(wide_service, job_id), timeout=30)
    events = []
    with contextlib.closing(client):
        while True:
            opcode, data = client.recv_data()
            if opcode == websocket.ABNF.OPCODE_CLOSE:
                break
            events.append(json.loads(data))
    assert Close.parse(data) == Close(1000, "terminal")
    assert stored(events) == wide_service.events(job_id)


def test_a_client_cut_again_and_again_misses_and_repeats_nothing(wide_service: Service) -> None:
    job_id = submit(wide_service, count=600, pause=0.002)
    seen: list[Envelope] = []
    query, cuts = "?after=0", 0
    while not seen or seen[-1]["type"] != "job.succeeded":
        with connect(address(wide_service, job_id, query), compression="deflate" if cuts % 2 else None) as client:
            for count, event in enumerate(told(client)):
                seen += stored([event])
                query = f"?after={event['id']}" if "seq" in event else query
                if count >= 40:
                    cuts += 1
                    client.socket.shutdown(socket.SHUT_RDWR)
                    break
    assert cuts >= 10
    assert seen == wide_service.events(job_id)


def test_filters_and_the_snapshot_are_as_on_the_other_transports(wide_service: Service) -> None:
    job_id = submit(wide_service, count=5)
    wide_service.wait(job_id)
    with connect(address(wide_service, job_id, "?types=job.*")) as client:
        events = list(told(client))
    types = [event["type"] for event in events]
    assert types == ["stream.open", "stream.snapshot", "stream.caught_up", "stream.end"]
    with connect(address(wide_service, job_id, "?types=job.*&after=0")) as client:
        assert {event["type"].partition(".")[0] for event in told(client)} == {"stream", "job"}


def test_the_final_cursor_is_answered_with_the_end_and_a_normal_close(wide_service: Service) -> None:
    job_id = submit(wide_service, count=1)
    cursor = wide_service.wait(job_id)["cursor"]
    with connect(address(wide_service, job_id, ""), additional_headers={"Last-Event-ID": cursor}) as client:
        events = list(told(client))
    assert [(event["type"], event["id"]) for event in events] == [("stream.end", cursor)]
    assert (client.close_code, client.close_reason) == (1000, "terminal")


def test_a_cursor_of_garbage_is_a_gap_and_a_snapshot(wide_service: Service) -> None:
    job_id = submit(wide_service, count=1)
    wide_service.wait(job_id)
    with connect(address(wide_service, job_id, "?after=zzzzzz-999")) as client:
        types = [event["type"] for event in told(client)]
    assert types == ["stream.open", "stream.gap", "stream.snapshot", "stream.caught_up", "stream.end"]


# Speaking -----------------------------------------------------------------------------------------------------------


def test_a_cancel_that_is_said_does_what_a_posted_one_does(wide_service: Service) -> None:
    job_id = submit(wide_service, count=10_000, pause=0.01)
    wide_service.wait(job_id, "running")
    with connect(address(wide_service, job_id)) as client:
        client.send(json.dumps({"action": "cancel", "reason": "enough seen", "grace_seconds": 2}))
        events = list(told(client))
    assert [event["type"] for event in events][-2:] == ["job.cancelled", "stream.end"]
    job = wide_service.job(job_id)
    assert (job["state"], job["cancel"]["reason"]) == ("cancelled", "enough seen")
    assert client.close_code == 1000


def test_a_client_that_says_cancel_and_goes_is_heard(wide_service: Service) -> None:
    job_id = submit(wide_service, count=10_000, pause=0.01)
    wide_service.wait(job_id, "running")
    with connect(address(wide_service, job_id)) as client:
        client.send('{"action": "cancel"}')
    assert wide_service.wait(job_id)["state"] == "cancelled"


@pytest.mark.parametrize(
    ("message", "action", "code", "pointers"),
    [
        ("not json", None, "malformed_body", []),
        ("[1]", None, "invalid_request", [""]),
        ("{}", None, "invalid_request", ["/action"]),
        ('{"action": "dance"}', "dance", "invalid_request", ["/action"]),
        ('{"action": "cancel", "grace_seconds": -1, "x": 1}', "cancel", "invalid_request", ["/grace_seconds", "/x"]),
        ('{"action": "ack"}', "ack", "invalid_request", ["/cursor"]),
        ('{"action": "ack", "cursor": "k3f9-99999999"}', "ack", "invalid_request", ["/cursor"]),
        ('{"action": "ack", "cursor": "\\u0000"}', "ack", "invalid_request", ["/cursor"]),
        ('{"action": "\\ud800"}', None, "malformed_body", []),
    ],
)
def test_what_is_not_understood_is_told_and_the_stream_goes_on(
    paused: tuple[Service, str], message: str, action: str | None, code: str, pointers: list[str]
) -> None:
    with connect(address(*paused)) as client:
        client.send(message)
        refused = next(event for event in told(client) if event["type"] == "stream.refused")
        assert (refused["id"], refused["data"]["action"], refused["data"]["code"]) == (None, action, code)
        assert [fault["pointer"] for fault in refused["data"]["errors"]] == pointers
        client.ping().wait(10)
        assert client.close_code is None


def test_an_acknowledgement_is_counted_and_told_as_a_distance(paused: tuple[Service, str]) -> None:
    service, job_id = paused
    before = figure(service, "tailrace_stream_acks_total")
    with connect(address(service, job_id)) as client:
        events = stored([next(told(client)) for _ in range(3)])
        first = events[0]["id"]
        client.send(json.dumps({"action": "ack", "cursor": first}))
        wait_for(lambda: figure(service, "tailrace_stream_acks_total") == before + 1, 10, what="the count")
        assert figure(service, "tailrace_stream_unacknowledged") == service.job(job_id)["cursor"].split("-")[1] - 1


@pytest.fixture(scope="module")
def paused(wide_service: Service) -> Iterator[tuple[Service, str]]:
    """A job that neither ends nor says anything for as long as these tests take."""
    job_id = submit(wide_service, count=2, pause=600)
    wait_for(lambda: len(wide_service.events(job_id)) >= 3, 20, what="its first item")
    yield wide_service, job_id
    wide_service.client.post(f"/v1/jobs/{job_id}/cancel", json={"grace_seconds": 0})
    wide_service.wait(job_id)
