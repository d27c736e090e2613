"""Chromium's own WebSocket on the events of a job."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from tests.browser.conftest import Complaints, NewTab
from tests.service import Service

#: Follows to the close; *say* is sent when the first event is there, and the socket closed by the page after *most*.
FOLLOW = """([path, say, most]) => new Promise((done) => {
  const events = [];
  const url = new URL(path, location.href);
  url.protocol = "ws:";
  const socket = new WebSocket(url);
  socket.onmessage = ({ data }) => {
    events.push(JSON.parse(data));
    if (events.length === 1 && say) socket.send(JSON.stringify(say));
    if (events.length === most) socket.close(1000, "enough");
  };
  socket.onclose = ({ code, reason, wasClean }) =>
    done({ events, code, reason, clean: wasClean, extensions: socket.extensions });
})"""


def stored(seen: dict[str, list[dict[str, object]]]) -> list[dict[str, object]]:
    return [event for event in seen["events"] if "seq" in event]


def test_chromium_follows_a_job_leaves_comes_back_and_is_told_the_end(new_tab: NewTab, service: Service) -> None:
    page = new_tab()
    job_id = service.submit("ticks", n=10, seconds=0.1)["id"]
    path = f"/v1/jobs/{job_id}/events?after="
    first = page.evaluate(FOLLOW, [path + "0", None, 4])
    assert (first["code"], first["reason"], first["clean"]) == (1000, "enough", True)
    assert "permessage-deflate" in first["extensions"]
    rest = page.evaluate(FOLLOW, [path + str(stored(first)[-1]["id"]), None, None])
    assert (rest["code"], rest["reason"], rest["clean"]) == (1000, "terminal", True)
    assert stored(first) + stored(rest) == service.events(job_id)


def test_chromium_cancels_by_a_message(new_tab: NewTab, service: Service) -> None:
    page = new_tab()
    job_id = service.submit("ticks", n=500, seconds=0.1)["id"]
    service.wait(job_id, "running")
    seen = page.evaluate(FOLLOW, [f"/v1/jobs/{job_id}/events?after=0", {"action": "cancel", "reason": "by hand"}, None])
    assert [event["type"] for event in seen["events"][-2:]] == ["job.cancelled", "stream.end"]
    assert seen["code"] == 1000
    assert service.job(job_id)["cancel"]["reason"] == "by hand"


class Stranger(BaseHTTPRequestHandler):
    """A page of nobody's."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<title>elsewhere</title>")

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """The address of a page of another origin."""
    with HTTPServer(("127.0.0.1", 0), Stranger) as server:
        thread = Thread(target=server.serve_forever, args=[0.05])
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def test_a_page_of_another_origin_gets_no_socket(
    new_tab: NewTab, service: Service, complaints: Complaints, elsewhere: str
) -> None:
    page = new_tab()
    page.goto(elsewhere)
    job_id = service.submit("hello")["id"]
    seen = page.evaluate(FOLLOW, [f"{service.url}/v1/jobs/{job_id}/events", None, None])
    assert (seen["code"], seen["events"]) == (1006, [])
    assert any("403" in text for text in complaints)
    complaints.expect("WebSocket", "favicon")
