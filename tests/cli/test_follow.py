"""Following a job over breaks, against a server that breaks on purpose."""

import http.server
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from cli.errors import Refused, Unreachable
from cli.follow import Follower
from cli.service import Service

Script = Callable[[http.server.BaseHTTPRequestHandler], None]


class Broken:
    """A server that answers each connection by the next line of its script, and notes what it was asked."""

    def __init__(self) -> None:
        self.script: list[Script] = []
        self.asked: list[str | None] = []
        outer = self

        class Answer(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(self.headers.get("Last-Event-ID"))
                outer.script.pop(0)(self)
                self.close_connection = True

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        self.service = Service(f"http://127.0.0.1:{self._server.server_address[1]}")

    def close(self) -> None:
        self.service.close()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def broken() -> Iterator[Broken]:
    server = Broken()
    yield server
    server.close()


def event(seq: int, name: str = "log", **data: Any) -> str:
    envelope = {"id": f"abcd-{seq}", "seq": seq, "type": name, "data": data}
    return f"id: abcd-{seq}\nevent: {name}\ndata: {json.dumps(envelope)}\n\n"


END = event(9, "stream.end", reason="terminal")


def stream(*frames: str) -> Script:
    def answer(request: http.server.BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Type", "text/event-stream")
        request.end_headers()
        request.wfile.write("".join(frames).encode())

    return answer


def code(number: int, body: bytes = b"{}") -> Script:
    def answer(request: http.server.BaseHTTPRequestHandler) -> None:
        request.send_response(number)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    return answer


def follow(broken: Broken, *script: Script, after: str | None = None) -> tuple[list[str], list[float]]:
    broken.script = list(script)
    pauses: list[float] = []
    follower = Follower(broken.service, "1", after=after, sleep=pauses.append)
    return [seen.type for seen in follower], pauses


def test_resumes_after_the_last_event_seen(broken: Broken) -> None:
    seen, _ = follow(broken, stream(event(1), event(2)), stream(event(3)), stream(END))
    assert seen == ["log", "log", "log", "stream.end"]
    assert broken.asked == [None, "abcd-2", "abcd-3"]


def test_an_event_that_was_cut_in_the_middle_is_not_seen(broken: Broken) -> None:
    seen, _ = follow(broken, stream(event(1), event(2)[:-10]), stream(event(2), END))
    assert seen == ["log", "log", "stream.end"]
    assert broken.asked == [None, "abcd-1"]


def test_204_is_the_end(broken: Broken) -> None:
    assert follow(broken, code(204), after="abcd-9")[0] == []
    assert broken.asked == ["abcd-9"]


def test_an_overloaded_service_is_asked_again_when_it_says(broken: Broken) -> None:
    retry = "retry: 1500\n\n" + event(0, "stream.overloaded").replace("id: abcd-0\n", "")
    seen, pauses = follow(broken, stream(retry), code(503), stream(END))
    assert seen == ["stream.overloaded", "stream.end"]
    assert pauses[0] == 1.5
    assert broken.asked == [None, None, None]


def test_pauses_grow_with_every_break_but_stay_bounded(broken: Broken) -> None:
    _, pauses = follow(broken, *[code(503)] * 8, stream(END))
    assert all(0 <= pause <= 10 for pause in pauses)
    assert len(pauses) == 8


def test_a_refusal_is_told_and_not_asked_again(broken: Broken) -> None:
    problem = json.dumps({"title": "Not Found", "detail": "There is no such job."}).encode()
    with pytest.raises(Refused, match="There is no such job"):
        follow(broken, code(404, problem))


def test_every_fault_of_a_problem_is_told(broken: Broken) -> None:
    errors = [{"pointer": "/params/n", "detail": "must be a number"}, {"pointer": "", "detail": "x is unknown"}]
    broken.script = [
        code(
            422,
            json.dumps(
                {"title": "The params do not fit", "detail": "x is unknown, and 1 more", "errors": errors}
            ).encode(),
        )
    ]
    with pytest.raises(Refused) as refused:
        broken.service.job("1")
    assert str(refused.value) == "The params do not fit\n  /params/n: must be a number\n  /: x is unknown"
    assert refused.value.code == 2


def test_nobody_there_is_told_with_what_to_do() -> None:
    service = Service("http://127.0.0.1:9")
    with pytest.raises(Unreachable, match=r"\./tailrace up"):
        service.job("1")
    service.close()


def test_a_restart_begins_with_a_snapshot(broken: Broken) -> None:
    broken.script = [stream(event(1), event(3)), stream(END)]
    follower = Follower(broken.service, "1", sleep=lambda _seconds: None)
    for seen in follower:
        if seen.type == "log":
            follower.restart()
    assert broken.asked == [None, None]
