"""WebSockets on the real service, with clients that nobody here wrote."""

import asyncio
import contextlib
import json
import random
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Self

import psutil
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

HEAD = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
}


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


# The protocol -------------------------------------------------------------------------------------------------------


@dataclass
class Raw:
    """A client that says what no library would."""

    service: Service
    job_id: str
    query: str = "?after=0"
    early: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    protocol: Protocol = field(default_factory=lambda: Protocol(CLIENT))

    def __enter__(self) -> Self:
        self.socket = socket.create_connection(("127.0.0.1", self.service.port), timeout=20)
        head = {**HEAD, "Host": f"127.0.0.1:{self.service.port}", **self.headers}
        lines = [f"GET /v1/jobs/{self.job_id}/events{self.query} HTTP/1.1", *(f"{k}: {v}" for k, v in head.items())]
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode() + self.early)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self.socket.recv(1)
        self.head = answer.decode()
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def say(self, opcode: Opcode, data: bytes = b"", *, fin: bool = True, mask: bool = True) -> None:
        self.socket.sendall(Frame(opcode, data, fin).serialize(mask=mask))

    def frames(self) -> Iterator[Frame]:
        """Every frame until the service has nothing more to say."""
        while data := self.socket.recv(65536):
            self.protocol.receive_data(data)
            yield from (frame for frame in self.protocol.events_received() if isinstance(frame, Frame))

    def heard(self, opcode: Opcode) -> bytes:
        return bytes(next(frame.data for frame in self.frames() if frame.opcode is opcode))

    def closed(self) -> Close:
        """What the service closes with; nothing may follow it."""
        *_, last = self.frames()
        assert last.opcode is Opcode.CLOSE
        return Close.parse(bytes(last.data))


def test_a_ping_is_answered_with_what_it_carried(paused: tuple[Service, str]) -> None:
    with Raw(*paused) as client:
        client.say(Opcode.PING, b"are you there")
        assert client.heard(Opcode.PONG) == b"are you there"


def test_what_is_said_in_parts_is_heard_as_one(paused: tuple[Service, str]) -> None:
    with Raw(*paused) as client:
        client.say(Opcode.TEXT, b'{"action": ', fin=False)
        client.say(Opcode.PING, b"between")
        client.say(Opcode.CONT, b'"dance', fin=False)
        client.say(Opcode.CONT, b'"}')
        texts = (json.loads(frame.data) for frame in client.frames() if frame.opcode is Opcode.TEXT)
        refused = next(event for event in texts if event["type"] == "stream.refused")
    assert refused["data"]["action"] == "dance"


def test_what_came_along_with_the_handshake_is_heard(paused: tuple[Service, str]) -> None:
    with Raw(*paused, early=Frame(Opcode.PING, b"early").serialize(mask=True)) as client:
        assert client.head.startswith("HTTP/1.1 101 ")
        assert client.heard(Opcode.PONG) == b"early"


@pytest.mark.parametrize(
    ("opcode", "data", "mask", "code"),
    [
        (Opcode.TEXT, b"x" * 4097, True, 1009),
        (Opcode.TEXT, b"x" * 1_000_000, True, 1009),
        (Opcode.BINARY, b"{}", True, 1003),
        (Opcode.TEXT, b"\xff", True, 1007),
        (Opcode.TEXT, b"{}", False, 1002),
    ],
)
def test_what_breaks_the_protocol_is_closed_with_the_code_for_it(
    paused: tuple[Service, str], opcode: Opcode, data: bytes, mask: bool, code: int
) -> None:
    with Raw(*paused) as client, contextlib.suppress(ConnectionError):
        client.say(opcode, data, mask=mask)
        assert client.closed().code == code


def test_garbage_costs_its_sender_the_connection_and_nobody_else_anything(paused: tuple[Service, str]) -> None:
    chance = random.Random(20_261_123)
    with Raw(*paused) as bystander:
        for size in (1, 2, 7, 100, 3000) * 4:
            with Raw(*paused, early=chance.randbytes(size)) as client:
                client.socket.shutdown(socket.SHUT_WR)
                assert all(frame.opcode in Opcode for frame in client.frames())
        bystander.say(Opcode.PING, b"still here")
        assert bystander.heard(Opcode.PONG) == b"still here"


def test_a_client_that_closes_is_answered_in_kind(paused: tuple[Service, str]) -> None:
    with Raw(*paused) as client:
        client.say(Opcode.CLOSE, Close(1001, "off").serialize())
        assert client.closed() == Close(1001, "off")


def test_a_flood_of_pings_waits_its_turn_and_is_answered(paused: tuple[Service, str]) -> None:
    with Raw(*paused) as client:
        for n in range(3000):
            client.say(Opcode.PING, b"%09d" % n)
        pongs = (frame.data for frame in client.frames() if frame.opcode is Opcode.PONG)
        assert [bytes(next(pongs)) for _ in range(3000)] == [b"%09d" % n for n in range(3000)]


@pytest.mark.parametrize("way", ["kill", "reset", "leave"])
def test_of_clients_that_are_gone_nothing_is_left(paused: tuple[Service, str], way: str) -> None:
    service, job_id = paused
    web = psutil.Process(service.processes[-1].pid)
    wait_for(lambda: figure(service, "tailrace_streams_open") == 0, 10, what="the others to be gone")
    descriptors = web.num_fds()
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(Raw(service, job_id)) for _ in range(200)]
        assert figure(service, "tailrace_streams_open") == 200
        for client in clients:
            if way == "leave":
                client.say(Opcode.CLOSE)
            elif way == "reset":
                client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.socket.close()
    wait_for(lambda: figure(service, "tailrace_streams_open") == 0, 10, what="all of them to be forgotten")
    assert figure(service, "tailrace_rooms") == 0
    wait_for(lambda: web.num_fds() <= descriptors, 10, what="their sockets to be closed")


# The opening --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "number", "code"),
    [
        ({"Sec-WebSocket-Version": "8"}, 426, "upgrade_required"),
        ({"Sec-WebSocket-Key": "short"}, 400, "malformed_header"),
        ({"Transfer-Encoding": "chunked"}, 400, "malformed_request"),
        ({"Origin": "https://elsewhere.example"}, 403, "origin_refused"),
        ({"Sec-Fetch-Site": "cross-site"}, 403, "origin_refused"),
        ({"Host": "rebound.example"}, 403, "host_refused"),
    ],
)
def test_what_is_the_callers_fault_is_a_problem_instead_of_the_upgrade(
    paused: tuple[Service, str], headers: dict[str, str], number: int, code: str
) -> None:
    service, job_id = paused
    host = {"Host": f"127.0.0.1:{service.port}"}
    answer = service.client.get(f"/v1/jobs/{job_id}/events", headers={**HEAD, **host, **headers})
    assert (answer.status_code, answer.json()["code"]) == (number, code)
    assert (answer.headers.get("Sec-WebSocket-Version") == "13") == (number == 426)


def test_an_upgrade_over_http_1_0_is_refused(paused: tuple[Service, str]) -> None:
    service, job_id = paused
    head = "".join(f"{name}: {value}\r\n" for name, value in HEAD.items())
    with socket.create_connection(("127.0.0.1", service.port), timeout=20) as client:
        client.sendall(f"GET /v1/jobs/{job_id}/events HTTP/1.0\r\n{head}\r\n".encode())
        assert client.recv(65536).startswith(b"HTTP/1.0 426 ")


def test_an_unknown_job_is_refused_before_the_upgrade(wide_service: Service) -> None:
    with pytest.raises(InvalidStatus) as refused, connect(address(wide_service, "0" * 26)):
        pass
    assert refused.value.response.status_code == 404
    assert json.loads(refused.value.response.body)["code"] == "job_not_found"


def test_a_head_request_opens_no_socket(paused: tuple[Service, str]) -> None:
    service, job_id = paused
    assert service.client.head(f"/v1/jobs/{job_id}/events", headers=HEAD).status_code == 200


@pytest.fixture(scope="module")
def paused(wide_service: Service) -> Iterator[tuple[Service, str]]:
    """A job that neither ends nor says anything for as long as these tests take."""
    job_id = submit(wide_service, count=2, pause=600)
    wait_for(lambda: len(wide_service.events(job_id)) >= 3, 20, what="its first item")
    yield wide_service, job_id
    wide_service.client.post(f"/v1/jobs/{job_id}/cancel", json={"grace_seconds": 0})
    wide_service.wait(job_id)
