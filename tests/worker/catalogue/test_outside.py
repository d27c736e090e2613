"""What a job may reach: schemes, addresses, and what a name or a redirect turns out to be."""

import ipaddress
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.catalogue import outside, outside_http
from worker.outcomes import JobFailed

INSIDE = [
    "127.0.0.1", "127.9.9.9", "0.0.0.0",  # noqa: S104 - nothing is bound
    "10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.169.254",
    "224.0.0.1", "255.255.255.255", "::", "::1", "fe80::1", "fe80::1%1", "fd00:ec2::254", "fec0::1", "ff02::1",
    "::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2001:0:7f00:1::1",
]  # fmt: skip


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_of_this_machine_or_its_networks_is_not_public_however_it_is_written(address: str) -> None:
    assert not outside.is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_an_address_that_everybody_can_reach_is_public(address: str) -> None:
    assert outside.is_public(address)


@given(st.ip_addresses(v=4))
def test_no_way_of_packing_a_private_address_makes_it_public(address: ipaddress.IPv4Address) -> None:
    number, plain = int(address), outside.is_public(str(address))
    for prefix in ("::ffff:0:0", "64:ff9b::"):
        packed = ipaddress.IPv6Address(int(ipaddress.IPv6Address(prefix)) + number)
        assert outside.is_public(str(packed)) == plain


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd", "ftp://example.org/", "gopher://example.org", "/etc/passwd", "", "http://", "http:///x",
        "simplecache::http://example.org/", "http://user:hunter2@example.org/", "http://127.0.0.1/", "http://[::1]:80/",
        "http://[::ffff:10.0.0.1]/", "http://169.254.169.254/latest", "http://example.org:99999/", "http://[::1/",
        "http://example.org/" + "a" * 2000, "http://example.org/\u0000",
    ],
)  # fmt: skip
def test_a_url_that_leads_elsewhere_is_refused_before_anything_is_looked_up(url: str) -> None:
    with pytest.raises(JobFailed) as refused:
        outside.checked(url)
    assert refused.value.code == "forbidden_url"
    assert "hunter2" not in refused.value.message


def test_the_operator_says_which_schemes_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(outside.SCHEMES, "https, s3")
    assert outside.checked("s3://bucket/prefix/").netloc == "bucket"
    with pytest.raises(JobFailed, match="https:// or s3://"):
        outside.checked("http://example.org/")


def test_a_name_is_as_private_as_its_addresses() -> None:
    with pytest.raises(outside.Forbidden, match="localhost has no address"):
        outside.addresses("localhost", 80)


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "0177.0.0.1"])
def test_an_address_spelt_as_a_number_is_an_address(host: str) -> None:
    with pytest.raises(outside.Forbidden):
        outside.addresses(host, 80)


def test_of_several_addresses_only_those_that_are_permitted_are_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (where, 80)) for where in ("10.0.0.1", "8.8.8.8")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kwargs: found)
    assert outside.addresses("two.example", 80) == ["8.8.8.8"]


def test_a_socket_is_opened_for_no_address_that_is_not_permitted(monkeypatch: pytest.MonkeyPatch) -> None:
    info = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 80))
    with pytest.raises(outside.Forbidden):
        outside.open_socket(info)
    with pytest.raises(outside.Forbidden):
        outside.open_socket((socket.AF_UNIX, socket.SOCK_STREAM, 0, "", ("/run/x.sock",)))
    monkeypatch.setenv(outside.ALLOW_PRIVATE, "1")
    with outside.open_socket(info) as opened:
        assert opened.getblocking() is False


class _Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.asked.append(self.path)  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    with HTTPServer(("127.0.0.1", 0), _Answer) as made:
        made.asked = []  # type: ignore[attr-defined]
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def test_the_client_asks_nothing_inside_unless_it_may(server: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"http://localhost:{server.server_port}/"
    with outside_http.client() as client, pytest.raises(httpx.ConnectError, match="no address that a job may reach"):
        client.get(url)
    assert server.asked == []  # type: ignore[attr-defined]
    monkeypatch.setenv(outside.ALLOW_PRIVATE, "1")
    with outside_http.client() as client:
        assert client.get(url).text == "ok"


def test_a_name_that_changes_its_answer_after_it_was_looked_up_gains_nothing(
    server: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter(["8.8.8.8"])
    real = socket.getaddrinfo

    def rebinding(host: str, port: int, *args: object, **kwargs: object) -> object:
        if host != "rebinding.example":
            return real(host, port, *args, **kwargs)  # type: ignore[arg-type]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers, "127.0.0.1"), port))]

    connected: list[object] = []

    def connecting(address: object, *_args: object, **_kwargs: object) -> socket.socket:
        connected.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    monkeypatch.setattr(socket, "create_connection", connecting)
    url = f"http://rebinding.example:{server.server_port}/"
    for _ in range(2):
        with outside_http.client() as client, pytest.raises(httpx.ConnectError):
            client.get(url)
    assert connected == [("8.8.8.8", server.server_port)]
