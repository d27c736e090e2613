"""WebSockets on the real service: a job is followed with clients that nobody here wrote, and they are heard."""

import asyncio
import contextlib
import json
import socket

import pytest
import websocket
from websockets.asyncio.client import connect as connect_async
from websockets.frames import Close
from websockets.sync.client import connect

from tests.service import Service, wait_for
from tests.sockets import Envelope, address, figure, stored, told

pytestmark = pytest.mark.acceptance


def submit(service: Service, count: int = 100, pause: float = 0.005) -> str:
    return str(service.submit("steady", count=count, pause=pause)["id"])


def log_of(service: Service) -> str:
    return "".join(process.log.read_text() for process in service.processes if process.name.startswith("web"))


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
    with contextlib.ExitStack() as stack:
        stack.callback(client.shutdown)
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
        events = stored([next(told(client)) for _ in range(4)])
        client.send(json.dumps({"action": "ack", "cursor": events[0]["id"]}))
        wait_for(lambda: figure(service, "tailrace_stream_acks_total") == before + 1, 10, what="the count")
        assert figure(service, "tailrace_stream_unacknowledged") == len(service.events(job_id)) - 1
    wait_for(lambda: figure(service, "tailrace_stream_unacknowledged") == 0, 10, what="the client to be forgotten")
    assert f", acknowledged {events[0]['id']}" in log_of(service)


def test_an_open_stream_says_nothing_of_a_message_before_it_has_said_where_it_stands(
    paused: tuple[Service, str],
) -> None:
    with connect(address(*paused)) as client:
        client.send("?")
        assert next(told(client))["type"] == "stream.open"
