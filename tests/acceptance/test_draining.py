"""A web process that is told to stop: nobody who had come to it is turned away, and nobody is left hanging.

Nor does one that goes on wait for ever for whoever asks nothing.
"""

import json
import signal
import socket
import time
from collections.abc import Iterator

import httpx
import httpx_sse
import psutil
import pytest

from tests.acceptance.conftest import JOBS
from tests.service import Process, Service, free_port, running_service, wait_for

pytestmark = pytest.mark.acceptance


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with running_service(**JOBS, TAILRACE_MAX_FILE_BYTES="1000") as running:
        yield running


@pytest.fixture
def another(service: Service) -> tuple[Process, int]:
    """A second web process, which a test may stop."""
    port = free_port()
    return service.web(port=port), port


def ask(port: int, request: bytes) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port), timeout=10)
    client.sendall(request)
    return client


def answer(client: socket.socket) -> bytes:
    with client:
        return client.makefile("rb").readline()


def test_who_had_connected_before_the_door_closed_is_answered(another: tuple[Process, int]) -> None:
    """A load balancer must not send a POST again of which it cannot know whether it was read."""
    web, port = another
    [worker] = web.children()
    worker.suspend()
    waiting = [ask(port, b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n") for _ in range(20)]
    web.popen.send_signal(signal.SIGTERM)
    wait_for(lambda: psutil.Process(worker.pid).status() == psutil.STATUS_STOPPED)
    time.sleep(1.2)  # longer than gunicorn takes to look up: it wakes to its order and to those who came, both at once
    worker.resume()
    assert [answer(client) for client in waiting] == [b"HTTP/1.1 200 OK\r\n"] * 20


def test_every_stream_is_asked_to_come_back_before_the_process_goes(
    service: Service, another: tuple[Process, int]
) -> None:
    web, port = another
    job = service.submit("steady", count=100_000, pause=0.05)["id"]
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
        streams = [client.stream("GET", f"/v1/jobs/{job}/events") for _ in range(10)]
        opened = [stream.__enter__() for stream in streams]
        web.popen.send_signal(signal.SIGTERM)
        last = [list(httpx_sse.EventSource(response).iter_sse())[-1] for response in opened]
        for stream in streams:
            stream.__exit__(None, None, None)
    told = [json.loads(event.data) for event in last]
    assert [event["data"].get("reason") for event in told] == ["drain"] * 10
    assert len({event.retry for event in last}) > 1, "they would all come back at the same moment"
    assert web.popen.wait(20) == 0
    service.client.post(f"/v1/jobs/{job}/cancel")


def test_an_answer_given_before_all_was_sent_is_not_lost_with_the_connection(service: Service) -> None:
    head = "POST /v1/files?name=a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 3000000\r\n\r\n"
    for _ in range(5):
        client = ask(service.port, head.encode() + bytes(3_000_000))
        assert answer(client).startswith(b"HTTP/1.1 413 ")


def test_who_asks_nothing_or_half_a_question_is_not_waited_for_and_streams_are_none_of_them(service: Service) -> None:
    port = free_port()
    service.web(port=port, GUNICORN_CMD_ARGS="--keep-alive=1")
    job = service.submit("steady", count=100_000, pause=0.05)["id"]
    get = "GET /v1/jobs/%s%s HTTP/1.1\r\nHost: localhost\r\n\r\n"
    stream = ask(port, (get % (job, "/events?after=latest")).encode())
    silent, halfway, kept = [ask(port, said) for said in (b"", b"GET / HT", (get % (job, "")).encode())]
    with silent, halfway, kept, stream:
        assert silent.recv(1) == halfway.recv(1) == b""
        with kept.makefile("rb") as whole, stream.makefile("rb") as lines:
            assert whole.read().startswith(b"HTTP/1.1 200 ")
            assert any(line.startswith(b"event: item") for line in lines)
    service.client.post(f"/v1/jobs/{job}/cancel")
