"""An endpoint that answers as it is told to: for what a good server does not do on demand."""

import contextlib
import json
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Reply:
    """A status with a body, or a stream of chunks and how it ends: done, cut, or in silence."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    chunks: Sequence[Json] = ()
    then: str = "done"


def failed(status: int, **error: Any) -> Reply:
    headers = {"Retry-After": error.pop("retry_after")} if "retry_after" in error else {}
    return Reply(status=status, body={"error": {"message": "it says so", **error}}, headers=headers)


def delta(**said: str) -> Json:
    return {
        "id": "c",
        "object": "chat.completion.chunk",
        "choices": [{"index": 0, "delta": said, "finish_reason": None}],
    }


def ended(reason: str) -> Json:
    return {"id": "c", "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}


def used(prompt: int, completion: int) -> Json:
    usage = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
    return {"id": "c", "choices": [], "usage": usage}


class ScriptedEndpoint:
    """Gives *replies* one after the other, the last of them again and again."""

    def __init__(self, *replies: Reply, models: Reply | Sequence[str] = ("tiny",)) -> None:
        self.models = models if isinstance(models, Reply) else Reply(body={"data": [{"id": name} for name in models]})
        self.replies = list(replies)
        #: What it was asked for, and with what key.
        self.asked: list[Json] = []
        self.keys: list[str | None] = []
        #: Set once a request is there, and once its client has gone in the middle of it.
        self.busy, self.left = threading.Event(), threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Answering", (_Answering,), {"endpoint": self}))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    @property
    def env(self) -> dict[str, str]:
        return {"TAILRACE_OPENAI_BASE_URL": f"http://127.0.0.1:{self._server.server_port}/v1"}

    def next(self) -> Reply:
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Answering(BaseHTTPRequestHandler):
    endpoint: ScriptedEndpoint
    protocol_version = "HTTP/1.1"

    def log_message(self, *_words: Any) -> None:
        """Nothing: the test says what it saw."""

    def do_GET(self) -> None:
        self._plain(self.endpoint.models)

    def do_POST(self) -> None:
        self.endpoint.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.endpoint.keys.append(self.headers["Authorization"])
        self.endpoint.busy.set()
        reply = self.endpoint.next()
        if reply.status == 200 and reply.body is None:
            self._stream(reply)
        else:
            self._plain(reply)

    def _plain(self, reply: Reply) -> None:
        body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        kind = "text/html" if isinstance(reply.body, bytes) else "application/json"
        self._head(reply, {"Content-Type": kind, "Content-Length": str(len(body))})
        self.wfile.write(body)

    def _stream(self, reply: Reply) -> None:
        self._head(reply, {"Content-Type": "text/event-stream", "Transfer-Encoding": "chunked"})
        for chunk in reply.chunks:
            self._frame(json.dumps(chunk))
        match reply.then:
            case "done":
                self._frame("[DONE]")
                self.wfile.write(b"0\r\n\r\n")
            case "silence":
                with contextlib.suppress(ConnectionError):
                    self.connection.recv(1)
                self.endpoint.left.set()
                self.close_connection = True
            case "cut":
                self.close_connection = True

    def _head(self, reply: Reply, headers: dict[str, str]) -> None:
        self.send_response(reply.status)
        for name, value in {**headers, **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def _frame(self, data: str) -> None:
        frame = f"data: {data}\n\n".encode()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(frame), frame))


@contextlib.contextmanager
def scripted(*replies: Reply, models: Reply | Sequence[str] = ("tiny",)) -> Iterator[ScriptedEndpoint]:
    endpoint = ScriptedEndpoint(*replies, models=models)
    try:
        yield endpoint
    finally:
        endpoint.stop()
