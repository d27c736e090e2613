"""What is done with every kind of frame and of handshake, and with clients that are gone."""

import contextlib
import json
import random
import socket
import struct

import psutil
import pytest
from websockets.exceptions import InvalidStatus
from websockets.frames import Close, Frame, Opcode
from websockets.sync.client import connect

from tests.service import Service, wait_for
from tests.sockets import HEAD, Raw, address, figure

pytestmark = pytest.mark.acceptance


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
